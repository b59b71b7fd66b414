//! Command line of the daemon. Everything else is in its configuration file.

use std::path::PathBuf;

use clap::Parser;

/// Arguments of `plex-authd`.
#[derive(Debug, Parser)]
#[command(name = "plex-authd", version)]
#[command(about = "Decides about logins for pam_plex.so: accepts the Plex accounts that the configuration names")]
pub(crate) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    pub config: PathBuf,

    /// Where to listen; a socket that systemd passes is used instead
    #[arg(long, value_name = "PATH", default_value = protocol::DEFAULT_SOCKET)]
    pub socket: PathBuf,

    /// The directory for what must outlive a restart
    #[arg(long, value_name = "DIR", default_value = "/var/lib/plex-auth")]
    pub state: PathBuf,

    /// Become this user before anything else is done; needed when started as root
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}
