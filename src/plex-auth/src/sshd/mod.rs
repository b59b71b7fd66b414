//! OpenSSH's server: its effective settings, and the project's own part of its configuration.

pub(crate) mod configuration;
pub(crate) mod drop_in;
pub(crate) mod install;
pub(crate) mod keyboard_interactive;
pub(crate) mod pattern;
pub(crate) mod program;
pub(crate) mod reload;
pub(crate) mod settings;
