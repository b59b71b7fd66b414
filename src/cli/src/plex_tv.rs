//! plex.tv, asked as this machine: with the identifier that the daemon has, so that nobody's list of devices shows two.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plex::{Client, Settings};
use url::Url;
use uuid::Uuid;

use crate::failure::Failure;

/// Where the identifier is kept; the daemon reads it, and writes it if it was there first.
pub(crate) const CLIENT_ID: &str = "/var/lib/plex-auth/client-id";

/// How long one question may take, answer included.
pub(crate) const QUESTION: Duration = Duration::from_secs(20);

/// Where plex.tv is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its base address.
    pub url: Url,
    /// A further CA to trust.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect: Duration,
}

/// A client for it.
///
/// # Errors
/// When the certificates cannot be used.
pub(crate) fn client(place: Place) -> Result<Client, Failure> {
    client_called(place, client_id(Path::new(CLIENT_ID)))
}

/// The same for a command that is to leave no trace: an identifier that is not there yet is not written down.
///
/// # Errors
/// As [`client`].
pub(crate) fn passing_client(place: Place) -> Result<Client, Failure> {
    client_called(place, known(Path::new(CLIENT_ID)).unwrap_or_else(fresh))
}

fn client_called(place: Place, client_id: String) -> Result<Client, Failure> {
    let settings = Settings {
        base: place.url,
        ca_file: place.ca_file,
        connect_timeout: place.connect,
        client_id,
        device_name: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
    };
    Client::new(&settings).map_err(|error| Failure::new(error.to_string()))
}

fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The identifier that is written down.
fn known(file: &Path) -> Option<String> {
    let kept = fs::read_to_string(file).ok()?;
    plex::client_id(&kept).map(str::to_owned)
}

/// This machine's identifier. One that cannot be kept is still good for now.
fn client_id(file: &Path) -> String {
    if let Some(kept) = known(file) {
        return kept;
    }
    let id = fresh();
    // The directory belongs to the daemon, and so must what lies in it.
    if let Some(Ok(directory)) = file.parent().map(fs::metadata)
        && let Ok(mut fresh) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
    {
        let _ = fresh.write_all(id.as_bytes());
        // By the open file: a name in a directory of somebody else's may lead elsewhere by now.
        let _ = fchown(&fresh, Some(directory.uid()), Some(directory.gid()));
    }
    id
}
