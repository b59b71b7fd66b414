//! State that all sessions share, and its copy on disk.

mod absences;
pub(crate) mod audit_log;
pub(crate) mod device_ids;
pub(crate) mod friend_list;
pub(crate) mod identities;
pub(crate) mod member_watch;
pub(crate) mod members;
pub(crate) mod password_cache;
pub(crate) mod store;
