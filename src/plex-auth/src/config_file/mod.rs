//! The configuration file: read, shown, edited and written.

pub(crate) mod existing;
pub(crate) mod settings;
pub(crate) mod summary;
pub(crate) mod users;
pub(crate) mod values;
pub(crate) mod write;
