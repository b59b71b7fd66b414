//! What must stay root, in two small services that plex-authd asks: `plex-auth-samba` changes SMB passwords, and
//! `plex-auth-shadow` says who has no local password. What they share is here: a socket that plex-authd alone is answered
//! at, a process that inherits nothing, a log, and an end when nobody asks any more.

mod service;

pub use service::{Service, exit, serve};
