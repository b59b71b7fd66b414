//! plex.tv, asked as the device that the owner's token was given to. Its identifier is in the configuration. Where it is
//! not, it is the daemon's, so that nobody's list of devices shows two.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plex::{Client, Settings};
use url::Url;
use uuid::Uuid;

use crate::error::Error;

/// Where the identifier is kept; the daemon reads it, and writes it if it was there first.
pub(crate) const CLIENT_ID: &str = "/var/lib/plex-auth/client-id";

/// An identifier has 32 characters; this leaves room for what an administrator may have chosen.
const MAX_CLIENT_ID: u64 = 1024;

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
    /// The client identifier that the owner's token was given to, if it is known.
    pub identifier: Option<String>,
}

/// A client for it.
///
/// # Errors
/// When the certificates cannot be used, or the identifier's file is not one that only the daemon could have written.
pub(crate) fn client(place: Place) -> Result<Client, Error> {
    let id = match place.identifier.clone() {
        Some(id) => id,
        None => client_id(Path::new(CLIENT_ID))?,
    };
    client_called(place, id)
}

/// The same for a command that is to leave no trace: an identifier that is not there yet is not written down.
///
/// # Errors
/// As [`client`].
pub(crate) fn passing_client(place: Place) -> Result<Client, Error> {
    let id = match place.identifier.clone() {
        Some(id) => id,
        None => known(Path::new(CLIENT_ID))?.unwrap_or_else(fresh),
    };
    client_called(place, id)
}

/// The same client as the device that keeps a token of the owner's.
pub(crate) fn as_keeper(client: &Client, identifier: &str) -> Client {
    client.as_device(identifier, &format!("{} (friend list)", host()))
}

fn host() -> String {
    nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned()
}

fn client_called(place: Place, client_id: String) -> Result<Client, Error> {
    let settings = Settings {
        base: place.url,
        ca_file: place.ca_file,
        connect_timeout: place.connect,
        device_name: host(),
        client_id,
    };
    let client = Client::new(&settings).map_err(|error| Error::new(error.to_string()))?;
    Ok(match &place.identifier {
        Some(identifier) => as_keeper(&client, identifier),
        None => client,
    })
}

/// An identifier that plex.tv has never seen.
pub(crate) fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The identifier that is written down. It is sent to plex.tv, and it lies in a directory of the daemon's: whatever a
/// process of that user put there instead is not read.
fn known(file: &Path) -> Result<Option<String>, Error> {
    match system::read(file, MAX_CLIENT_ID) {
        Ok(kept) => Ok(plex::client_id(&kept).map(str::to_owned)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(Error::untrusted(error)),
    }
}

/// This machine's identifier. One that cannot be kept is still good for now.
fn client_id(file: &Path) -> Result<String, Error> {
    if let Some(kept) = known(file)? {
        return Ok(kept);
    }
    let id = fresh();
    if let Ok(mut kept) = system::create_in(file) {
        let _ = kept.write_all(id.as_bytes());
    }
    Ok(id)
}
