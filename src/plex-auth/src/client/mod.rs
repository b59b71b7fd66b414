//! Clients of plex-authd and of plex.tv.

pub(crate) mod conversation;
pub(crate) mod daemon;
pub(crate) mod plex_tv;
