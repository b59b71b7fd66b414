//! One sign-in: by password or link code, against plex.tv, the media server and the caches.

pub(crate) mod account;
pub(crate) mod account_locks;
pub(crate) mod attempt;
mod confirmation;
pub(crate) mod decision;
pub(crate) mod link;
pub(crate) mod media_server;
mod new_member;
mod offline;
pub(crate) mod outcome;
mod password;
pub(crate) mod plex_tv;
pub(crate) mod reachability;
pub(crate) mod single_flight;
pub(crate) mod token_revoker;
