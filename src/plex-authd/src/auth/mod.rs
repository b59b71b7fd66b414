//! One sign-in: by password or link code, against plex.tv, the media server and the caches.

pub(crate) mod account;
pub(crate) mod account_locks;
pub(crate) mod link;
pub(crate) mod media_server;
pub(crate) mod offline;
pub(crate) mod password;
pub(crate) mod reachability;
pub(crate) mod single_flight;
pub(crate) mod token_revoker;
