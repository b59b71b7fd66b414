//! Client of plex.tv, as the device that the owner's token was issued to. Its identifier is in the configuration; otherwise
//! the daemon's is used, so that the owner's list of devices does not show two.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::Config;
use plex::{Client, Settings, SetupError};
use url::Url;
use uuid::Uuid;

use crate::error::Error;

/// The identifier's file. The daemon reads it, or writes it if it runs first.
pub(crate) const CLIENT_ID: &str = "/var/lib/plex-auth/client-id";

/// Limit on the identifier's file, in bytes. Ours have 32 characters; an administrator may have chosen a longer one.
const MAX_CLIENT_ID: u64 = 1024;

/// Timeout of one request, response included.
pub(crate) const QUESTION: Duration = Duration::from_secs(20);

/// Location of plex.tv, and how to connect to it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Base URL.
    pub url: Url,
    /// An extra CA to trust.
    pub ca_file: Option<PathBuf>,
    /// Connection timeout.
    pub connect: Duration,
    /// Client identifier that the owner's token was issued to, if known.
    pub identifier: Option<String>,
}

impl Place {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            url: config.plex_url.clone(),
            ca_file: config.ca_file.clone(),
            connect: config.timeouts.connect,
            identifier: config.client_identifier.clone(),
        }
    }
}

/// The client cannot be set up.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The identifier's file cannot be read, or another user could have written it.
    Identifier(system::Error),
    /// The certificates or the HTTP client are unusable.
    Setup(SetupError),
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Identifier(error) => error.into(),
            ClientError::Setup(error) => Self::new(error.to_string()),
        }
    }
}

/// Client for this place. A new identifier is stored.
///
/// # Errors
/// [`ClientError`]
pub(crate) fn client(place: Place) -> Result<Client, ClientError> {
    let id = match place.identifier.clone() {
        Some(id) => id,
        None => stored_or_new()?,
    };
    client_called(place, id)
}

/// Client that leaves no trace: a new identifier is not stored.
///
/// # Errors
/// As [`client`].
pub(crate) fn passing_client(place: Place) -> Result<Client, ClientError> {
    let id = match place.identifier.clone() {
        Some(id) => id,
        None => stored()?.unwrap_or_else(fresh),
    };
    client_called(place, id)
}

/// `client` as the device that holds a token of the owner.
pub(crate) fn as_keeper(client: &Client, identifier: &str) -> Client {
    client.as_device(identifier, &format!("{} (friend list)", host()))
}

fn host() -> String {
    nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned()
}

fn client_called(place: Place, client_id: String) -> Result<Client, ClientError> {
    let settings = Settings {
        base: place.url,
        ca_file: place.ca_file,
        connect_timeout: place.connect,
        device_name: host(),
        client_id,
    };
    let client = Client::new(&settings).map_err(ClientError::Setup)?;
    Ok(match &place.identifier {
        Some(identifier) => as_keeper(&client, identifier),
        None => client,
    })
}

/// A new random identifier.
pub(crate) fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The stored identifier. It is sent to plex.tv and is in a directory of the daemon's, so that no other file that the
/// daemon's user put there is read.
fn stored() -> Result<Option<String>, ClientError> {
    match system::read(Path::new(CLIENT_ID), MAX_CLIENT_ID) {
        Ok(stored) => Ok(plex::client_id(&stored).map(str::to_owned)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(ClientError::Identifier(error)),
    }
}

fn stored_or_new() -> Result<String, ClientError> {
    if let Some(stored) = stored()? {
        return Ok(stored);
    }
    let id = fresh();
    // One that cannot be stored still serves this run.
    if let Ok(mut file) = system::create_in(Path::new(CLIENT_ID)) {
        let _ = file.write_all(id.as_bytes());
    }
    Ok(id)
}
