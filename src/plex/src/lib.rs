//! A client for plex.tv and for a Plex Media Server: the few calls that a login needs, each error as its own kind.
//!
//! Nothing here decides about a login, and nothing is taken from the environment: no proxy, no certificate path. No
//! redirect is followed, no body is read beyond a bound, and no answer is believed that cannot be read.

mod account;
mod body;
mod client;
mod connectivity;
mod de;
mod dns;
mod error;
mod friends;
mod headers;
mod link;
mod list_error;
#[doc(hidden)]
pub mod parse;
mod people;
mod qr;
mod resources;
mod server;
pub mod shape;
mod tls;
mod token;
mod xml;

pub use account::{SignedIn, TokenAccount};
pub use client::{Client, FAIR, Settings};
pub use connectivity::Unreachable;
pub use error::Error;
pub use headers::client_id;
pub use link::{Approval, LINK_PAGE, LinkCode};
pub use list_error::{Changed, ListError};
pub use qr::picture;
pub use resources::Resource;
pub use server::Identity;
pub use tls::SetupError;
pub use token::Token;
