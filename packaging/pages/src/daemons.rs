//! The daemons' command lines, from their own sources: a program cannot be used as a library.

#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/authd/src/options.rs"]
mod authd;
#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/samba/src/options.rs"]
mod samba;

use clap::{Command, CommandFactory};

/// plex-authd.
pub(crate) fn authd() -> Command {
    authd::Options::command()
}

/// plex-auth-samba.
pub(crate) fn samba() -> Command {
    samba::Options::command()
}
