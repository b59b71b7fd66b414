//! The command line, the only settings of the service.

use std::path::PathBuf;

use clap::Parser;

/// Says whether a local account has a password of its own, when plex-authd asks.
#[derive(Debug, Parser)]
#[command(name = "plex-auth-shadow", version)]
pub(crate) struct Args {
    /// Where to listen; a socket that systemd passes is used instead
    #[arg(long, value_name = "PATH", default_value = protocol::local_password::SOCKET)]
    pub socket: PathBuf,

    /// The user that plex-authd runs as; nobody else may ask
    #[arg(long, value_name = "NAME", default_value = "plex-auth")]
    pub user: String,
}
