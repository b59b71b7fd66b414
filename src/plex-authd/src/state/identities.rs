//! The devices that plex.tv knows this daemon as. plex.tv keeps one token for each account and client identifier, so the
//! owner's token, which reads the friend list, and the sign-ins of people, the owner among them, never share one.

use std::path::Path;

use config::Config;
use nix::unistd::gethostname;
use plex::{Client, Settings, SetupError};

use crate::auth::account_locks::SLOTS;
use crate::auth::token_revoker::Device;
use crate::log::Log;
use crate::state::store;

/// The identifiers.
pub(crate) struct Identities {
    /// That of a token for which the configuration has none: it was this daemon's for everything once.
    former: String,
    /// That of sign-ins.
    sign_in: String,
}

impl Identities {
    /// The identifiers in the state directory. Those of sign-ins are made once, and again only if the configuration's token
    /// has them.
    pub(crate) fn open(former: String, config: &Config, directory: &Path, log: &Log) -> Self {
        let mut identities = Self { former, sign_in: store::sign_in_id(directory, log) };
        if identities.are_confused(config) {
            identities.sign_in = store::new_sign_in_id(directory, log);
            log.warning(
                "client_identifier is what plex.tv knew this daemon's sign-ins by; they get another, and everybody who \
                 signs in a mail about a new device",
            );
        }
        identities
    }

    /// Whether the owner's token has an identifier of the sign-ins.
    pub(crate) fn are_confused(&self, config: &Config) -> bool {
        let kept = self.of_the_token(config);
        (0..SLOTS).any(|slot| self.of_sign_ins(slot) == kept)
    }

    /// plex.tv, asked as the device that holds the owner's token.
    ///
    /// # Errors
    /// [`SetupError`]
    pub(crate) fn client(&self, config: &Config) -> Result<Client, SetupError> {
        let host = host();
        Client::new(&Settings {
            base: config.plex_url.clone(),
            ca_file: config.ca_file.clone(),
            connect_timeout: config.timeouts.connect,
            client_id: self.of_the_token(config).to_owned(),
            device_name: if config.client_identifier.is_some() { format!("{host} (friend list)") } else { host },
        })
    }

    /// The devices that people sign in with, over the connections of this client.
    pub(crate) fn devices(&self, client: &Client) -> [Device; SLOTS] {
        let host = host();
        std::array::from_fn(|slot| {
            let name = match slot {
                0 => format!("{host} (sign-ins)"),
                _ => format!("{host} (sign-ins {})", slot + 1),
            };
            Device { client: client.as_device(&self.of_sign_ins(slot), &name), slot }
        })
    }

    fn of_the_token<'a>(&'a self, config: &'a Config) -> &'a str {
        config.client_identifier.as_deref().unwrap_or(&self.former)
    }

    fn of_sign_ins(&self, slot: usize) -> String {
        if slot == 0 { self.sign_in.clone() } else { format!("{}-{}", self.sign_in, slot + 1) }
    }
}

fn host() -> String {
    gethostname().unwrap_or_default().to_string_lossy().into_owned()
}
