//! Tokens, and the devices that they were given to.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::http::Request;
use crate::world::Account;

/// What a second sign-in with the same account and client identifier does to the token of the first. plex.tv keeps one
/// token for each such pair; how it hands out the next one is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reissue {
    /// A new token ends the older one.
    #[default]
    Rotate,
    /// The same token is handed out again, as long as it is good.
    Same,
    /// Old tokens stay good.
    Keep,
}

/// What a client says of itself in its headers. plex.tv believes all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub client_id: String,
    pub name: String,
    pub product: String,
    pub version: String,
    pub platform: String,
    pub provides: String,
}

impl Origin {
    pub(crate) fn of(request: &Request) -> Self {
        let header = |name| request.plex_header(name).unwrap_or_default().to_owned();
        Self {
            client_id: header("X-Plex-Client-Identifier"),
            name: header("X-Plex-Device-Name"),
            product: header("X-Plex-Product"),
            version: header("X-Plex-Version"),
            platform: header("X-Plex-Platform"),
            provides: header("X-Plex-Provides"),
        }
    }
}

/// A row of an account's list of devices.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub id: u64,
    pub account: u64,
    pub origin: Origin,
    /// The token that it was given last.
    pub token: String,
    pub created: SystemTime,
    pub seen: SystemTime,
}

/// Whose a token is.
struct Held {
    account: u64,
    /// The client that it was given to, if that is known: a world's file need not say it.
    client_id: Option<String>,
    /// The device that it was given to; one that the world's file sets has none.
    device: Option<u64>,
}

/// All tokens that are good, and all devices.
#[derive(Default)]
pub(crate) struct Tokens {
    held: BTreeMap<String, Held>,
    devices: Vec<Device>,
    minted: u64,
    /// What a second sign-in does.
    pub reissue: Reissue,
}

impl Tokens {
    /// Makes the token that the world's file sets for an account good.
    pub(crate) fn fix(&mut self, account: &Account) {
        if let Some(token) = account.token.clone() {
            let client_id = account.token_client.clone();
            self.held.insert(token, Held { account: account.id, client_id, device: None });
        }
    }

    /// A token for an account, and whether its client is a new device. What becomes of an older token of the same account
    /// and client is a matter of [`Reissue`].
    pub(crate) fn mint(&mut self, account: u64, origin: &Origin) -> (String, bool) {
        self.minted += 1;
        let pair = |held: &Held| held.account == account && held.client_id.as_ref() == Some(&origin.client_id);
        let older = self.held.iter().find(|(_, held)| pair(held)).map(|(token, _)| token.clone());
        let token = match (self.reissue, older) {
            (Reissue::Same, Some(older)) => older,
            _ => format!("TOKEN-SECRET-{account}-{}", self.minted),
        };
        if self.reissue == Reissue::Rotate {
            self.held.retain(|_, held| !pair(held));
        }
        let now = SystemTime::now();
        let known = |device: &&mut Device| device.account == account && device.origin.client_id == origin.client_id;
        let (id, new) = if let Some(device) = self.devices.iter_mut().find(known) {
            (device.token, device.origin, device.seen) = (token.clone(), origin.clone(), now);
            (device.id, false)
        } else {
            let id = 50_000 + self.minted;
            let origin = origin.clone();
            self.devices.push(Device { id, account, origin, token: token.clone(), created: now, seen: now });
            (id, true)
        };
        let client_id = Some(origin.client_id.clone());
        self.held.insert(token.clone(), Held { account, client_id, device: Some(id) });
        (token, new)
    }

    /// Whose a token is.
    pub(crate) fn owner(&self, token: &str) -> Option<u64> {
        self.held.get(token).map(|held| held.account)
    }

    /// The client that a token was given to, if that is known.
    pub(crate) fn client_of(&self, token: &str) -> Option<&str> {
        self.held.get(token)?.client_id.as_deref()
    }

    /// Makes a token worthless. The device stays on the list.
    pub(crate) fn sign_out(&mut self, token: &str) -> bool {
        self.held.remove(token).is_some()
    }

    /// Makes all tokens of an account worthless.
    pub(crate) fn kill(&mut self, account: u64) {
        self.held.retain(|_, held| held.account != account);
    }

    /// How many tokens that were given out are still good.
    pub(crate) fn live(&self) -> u64 {
        self.held.values().filter(|held| held.device.is_some()).count() as u64
    }

    /// The devices of an account.
    pub(crate) fn devices_of(&self, account: u64) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.account == account)
    }

    /// Removes a device of an account, and every token that it was given.
    pub(crate) fn remove_device(&mut self, account: u64, id: u64) -> bool {
        let before = self.devices.len();
        self.devices.retain(|device| (device.account, device.id) != (account, id));
        let removed = self.devices.len() < before;
        if removed {
            self.held.retain(|_, held| held.device != Some(id));
        }
        removed
    }
}
