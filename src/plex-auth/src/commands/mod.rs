//! The subcommands. None of them imports another.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod forget;
pub(crate) mod friends;
pub(crate) mod login;
pub(crate) mod logins;
pub(crate) mod report;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod user;
