//! Command lines of the daemons, included from their sources: a program cannot be used as a library.

#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/plex-authd/src/args.rs"]
mod authd;
#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/helpers/src/bin/plex-auth-samba/args.rs"]
mod samba;
#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/helpers/src/bin/plex-auth-shadow/args.rs"]
mod shadow;

use clap::{Command, CommandFactory};

/// plex-authd.
pub(crate) fn authd() -> Command {
    authd::Args::command()
}

/// plex-auth-samba.
pub(crate) fn samba() -> Command {
    samba::Args::command()
}

/// plex-auth-shadow.
pub(crate) fn shadow() -> Command {
    shadow::Args::command()
}
