//! Local accounts of friends: their names, group membership, creation and what an account leaves behind.

pub(crate) mod account_kind;
mod comment;
pub(crate) mod create;
pub(crate) mod created;
mod directory;
pub(crate) mod earlier;
pub(crate) mod expiry_locks;
pub(crate) mod file_error;
pub(crate) mod home;
pub(crate) mod ids;
pub(crate) mod local_accounts;
pub(crate) mod login_shell;
pub(crate) mod make;
pub(crate) mod media;
pub(crate) mod membership;
pub(crate) mod mounts;
pub(crate) mod names;
pub(crate) mod people;
pub(crate) mod powers;
pub(crate) mod purpose;
pub(crate) mod restriction;
pub(crate) mod shadow_utils;
pub(crate) mod space;
pub(crate) mod spool;
mod state_file;
mod sysusers;
pub(crate) mod uploads;
