//! The parsers of plex.tv's responses: no I/O, no state. Public for the fuzzers only, not part of this crate's API.

use std::time::Duration;

use crate::Error;
pub use crate::account::{account, signed_in};
pub use crate::friends::{shared_servers, users, users_of_own_server};
pub use crate::link::{approval, link_code};
pub use crate::resources::resources;
pub use crate::server::server_identity;

/// Parses a response with an error status.
#[must_use]
pub fn failure(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Error {
    Error::of_answer(status, retry_after, body)
}
