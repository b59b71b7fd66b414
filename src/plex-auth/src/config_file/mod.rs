//! The configuration file: shown and edited.

pub(crate) mod edit;
pub(crate) mod settings;
pub(crate) mod summary;
