//! The two services that need root: `plex-auth-samba` changes SMB passwords, and `plex-auth-shadow` reports accounts without a
//! local password. Both answer only plex-authd, inherit nothing from the process that starts them, and restrict themselves.

mod error;
mod service;

pub use error::Error;
pub use service::{Service, Setting, run};
