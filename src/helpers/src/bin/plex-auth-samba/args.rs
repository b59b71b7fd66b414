//! The command line, the only settings besides the daemon's own configuration file.

use std::path::PathBuf;

use clap::Parser;

/// Keeps SMB passwords in step with Plex, by orders of plex-authd and through Samba's own smbpasswd.
#[derive(Debug, Parser)]
#[command(name = "plex-auth-samba", version)]
pub(crate) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    pub config: PathBuf,

    /// Where to listen; a socket that systemd passes is used instead
    #[arg(long, value_name = "PATH", default_value = protocol::smb::SOCKET)]
    pub socket: PathBuf,

    /// The user that plex-authd runs as; nobody else may ask
    #[arg(long, value_name = "NAME", default_value = "plex-auth")]
    pub user: String,

    /// Samba's own program
    #[arg(long, value_name = "PATH", default_value = "/usr/bin/smbpasswd")]
    pub smbpasswd: PathBuf,

    /// Samba's password file, to see whether another program has changed it
    #[arg(long, value_name = "PATH", default_value = "/var/lib/samba/private/passdb.tdb")]
    pub passdb: PathBuf,

    /// A further directory where Samba keeps files, such as its private directory if smb.conf moves it. It must exist when the
    /// service starts. smbpasswd can write there, below /var/lib/samba, /var/cache/samba and /run/samba, and in the directory of --passdb only. Can be repeated
    #[arg(long, value_name = "DIR")]
    pub writable: Vec<PathBuf>,
}
