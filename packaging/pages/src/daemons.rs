//! The daemons' command lines, from their own sources: a program cannot be used as a library.

#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/authd/src/options.rs"]
mod authd;
#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/root/src/bin/plex-auth-samba/options.rs"]
mod samba;
#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/root/src/bin/plex-auth-shadow/options.rs"]
mod shadow;

use clap::{Command, CommandFactory};

/// plex-authd.
pub(crate) fn authd() -> Command {
    authd::Options::command()
}

/// plex-auth-samba.
pub(crate) fn samba() -> Command {
    samba::Options::command()
}

/// plex-auth-shadow.
pub(crate) fn shadow() -> Command {
    shadow::Options::command()
}
