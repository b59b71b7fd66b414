//! Clients of plex-authd, of plex.tv and of the service manager.

pub(crate) mod callers;
pub(crate) mod conversation;
pub(crate) mod daemon;
pub(crate) mod friends;
pub(crate) mod known_binding;
pub(crate) mod origin;
pub(crate) mod plex_tv;
pub(crate) mod preferences;
pub(crate) mod service_manager;
pub(crate) mod trace;
