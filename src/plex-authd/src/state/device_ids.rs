//! Client identifiers of this daemon at plex.tv. plex.tv keeps one token for each account and client identifier, so the owner's
//! token, which reads the friend list, and the users' sign-ins (the owner's included) never share one.

use std::path::Path;

use config::Config;
use nix::unistd::gethostname;
use plex::{Client, Settings, SetupError};

use crate::auth::account_locks::SLOTS;
use crate::auth::token_revoker::Device;
use crate::log::Log;
use crate::state::store;

/// The client identifiers, and the clients that use them.
pub(crate) struct DeviceIds {
    /// For an owner's token without `client_identifier` in the configuration; early versions used it for everything.
    fallback: String,
    /// For sign-ins; see [`Self::sign_in_id`] for those of further slots.
    sign_in: String,
}

impl DeviceIds {
    /// Reads the identifiers from the state directory. The one for sign-ins is replaced if the configuration uses it for the
    /// owner's token.
    pub(crate) fn open(fallback: String, config: &Config, directory: &Path, log: &Log) -> Self {
        let mut ids = Self { fallback, sign_in: store::sign_in_id(directory, log) };
        if ids.collide(config) {
            ids.sign_in = store::new_sign_in_id(directory, log);
            log.warning(
                "client_identifier was the identifier of this daemon's sign-ins at plex.tv; they get a new one, and \
                 each user who signs in gets a mail about a new device",
            );
        }
        ids
    }

    /// The owner's token and the sign-ins have the same identifier.
    pub(crate) fn collide(&self, config: &Config) -> bool {
        let token_id = self.token_id(config);
        (0..SLOTS).any(|slot| self.sign_in_id(slot) == token_id)
    }

    /// Client whose connections all others share. It is the first device for sign-ins.
    ///
    /// # Errors
    /// [`SetupError`]
    pub(crate) fn client(&self, config: &Config) -> Result<Client, SetupError> {
        Client::new(&Settings {
            base: config.plex_url.clone(),
            ca_file: config.ca_file.clone(),
            connect_timeout: config.timeouts.connect,
            client_id: self.sign_in_id(0),
            device_name: device_name(0),
        })
    }

    /// Client for requests with the owner's token, without a description of this machine: plex.tv would put it into its record
    /// of the device that the token was issued to, which may be another program's (R64). Without `client_identifier`, only
    /// requests that plex.tv answers only with an identifier have one.
    pub(crate) fn for_owner(&self, client: &Client, config: &Config) -> Client {
        client.for_owner(config.client_identifier.as_deref(), &self.fallback)
    }

    /// Devices for sign-ins. They share the connections of `client`.
    pub(crate) fn devices(&self, client: &Client) -> [Device; SLOTS] {
        std::array::from_fn(|slot| Device {
            client: client.as_device(&self.sign_in_id(slot), &device_name(slot)),
            slot,
        })
    }

    fn token_id<'a>(&'a self, config: &'a Config) -> &'a str {
        config.client_identifier.as_deref().unwrap_or(&self.fallback)
    }

    fn sign_in_id(&self, slot: usize) -> String {
        if slot == 0 { self.sign_in.clone() } else { format!("{}-{}", self.sign_in, slot + 1) }
    }
}

fn device_name(slot: usize) -> String {
    let host = gethostname().unwrap_or_default().to_string_lossy().into_owned();
    if slot == 0 { format!("{host} (sign-ins)") } else { format!("{host} (sign-ins {})", slot + 1) }
}
