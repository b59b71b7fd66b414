//! Clients of plex.tv. plex.tv rewrites its record of a device from the headers of any request with its token, so the owner's
//! token is sent without a description of this machine, and as no other device than the one that it was issued to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::Config;
use plex::{Client, Resource, Settings, SetupError};
use system::random;
use url::Url;

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

/// Lifetime of a new identifier for tokens whose device is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewIdentifier {
    /// It is stored, and never replaced.
    Stored,
    /// It serves this run only.
    Passing,
}

/// Clients of one plex.tv, which share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    plain: Client,
    /// Identifier for tokens whose device is unknown, for requests that plex.tv answers only with one.
    fallback: String,
}

impl Clients {
    /// Clients for this place.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) fn new(place: Place, new: NewIdentifier) -> Result<Self, ClientError> {
        let fallback = identifier(new)?;
        let settings = Settings {
            base: place.url,
            ca_file: place.ca_file,
            connect_timeout: place.connect,
            device_name: host(),
            client_id: fallback.clone(),
        };
        let plain = Client::new(&settings).map_err(ClientError::Setup)?;
        Ok(Self { plain, fallback })
    }

    /// Clients for the place in the configuration. The identifier is stored if the configured token needs one.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) fn of(config: &Config) -> Result<Self, ClientError> {
        let place =
            Place { url: config.plex_url.clone(), ca_file: config.ca_file.clone(), connect: config.timeouts.connect };
        let is_needed = config.client_identifier.is_none() && config.owner_id.is_none();
        Self::new(place, if is_needed { NewIdentifier::Stored } else { NewIdentifier::Passing })
    }

    /// Client for requests without a token, and for a media server.
    pub(crate) fn plain(&self) -> &Client {
        &self.plain
    }

    /// Client for requests with a token of the owner, which was issued to the device with this identifier, if that is known.
    pub(crate) fn for_owner(&self, identifier: Option<&str>) -> Client {
        self.plain.for_owner(identifier, &self.fallback)
    }

    /// Client for a sign-in of the owner as a new device, which thereby gets its description.
    pub(crate) fn new_device(&self, identifier: &str) -> Client {
        self.plain.as_device(identifier, &format!("{} (friend list)", host()))
    }
}

/// The https addresses of a server that can be its `server_url`, as plex.tv shows them, those on the local network first. Their
/// texts are from the server.
pub(crate) fn server_addresses(server: &Resource) -> Vec<Url> {
    server.secure_addresses().filter_map(|text| config::server_url(text, false).ok()).collect()
}

fn host() -> String {
    nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned()
}

fn identifier(new: NewIdentifier) -> Result<String, ClientError> {
    if let Some(stored) = stored()? {
        return Ok(stored);
    }
    let id = random::identifier();
    if new == NewIdentifier::Stored {
        // One that cannot be stored still serves this run.
        if let Ok(mut file) = system::create_in(Path::new(CLIENT_ID)) {
            let _ = file.write_all(id.as_bytes());
        }
    }
    Ok(id)
}

/// The stored identifier. It is sent to plex.tv and is in a directory of the daemon's, so that no other file that the
/// daemon's user put there is read.
///
/// # Errors
/// [`ClientError::Identifier`]
pub(crate) fn stored() -> Result<Option<String>, ClientError> {
    match system::read(Path::new(CLIENT_ID), MAX_CLIENT_ID) {
        Ok(stored) => Ok(plex::client_id(&stored).map(str::to_owned)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(ClientError::Identifier(error)),
    }
}
