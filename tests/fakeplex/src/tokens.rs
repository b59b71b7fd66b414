//! Tokens, and the devices that they were issued to.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::http::Request;
use crate::world::Account;

/// Effect of a second sign-in with the same account and client identifier on the token of the first. plex.tv keeps one
/// token for each such pair; how it issues the next one is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reissue {
    /// A new token revokes the older one.
    #[default]
    Rotate,
    /// The same token is issued again while it is valid.
    Same,
    /// Older tokens stay valid.
    Keep,
}

/// A client's description of itself in its headers. plex.tv trusts all of it.
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
    /// The token that was issued last.
    pub token: String,
    pub created: SystemTime,
    pub seen: SystemTime,
}

/// Account, client and device of a token.
struct Held {
    account: u64,
    /// The client that it was issued to, if known: a world's file need not name it.
    client_id: Option<String>,
    /// The device that it was issued to; a token from the world's file has none.
    device: Option<u64>,
}

/// All valid tokens, and all devices.
#[derive(Default)]
pub(crate) struct Tokens {
    held: BTreeMap<String, Held>,
    devices: Vec<Device>,
    minted: u64,
    /// Effect of a second sign-in.
    pub reissue: Reissue,
}

impl Tokens {
    /// Adds the token that the world's file sets for an account.
    pub(crate) fn fix(&mut self, account: &Account) {
        if let Some(token) = account.token.clone() {
            let client_id = account.token_client.clone();
            self.held.insert(token, Held { account: account.id, client_id, device: None });
        }
    }

    /// Issues a token; the flag is true if its client is a new device. [`Reissue`] decides what happens to an older
    /// token of the same account and client.
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

    /// The account of a token.
    pub(crate) fn owner(&self, token: &str) -> Option<u64> {
        self.held.get(token).map(|held| held.account)
    }

    /// The client that a token was issued to, if known.
    pub(crate) fn client_of(&self, token: &str) -> Option<&str> {
        self.held.get(token)?.client_id.as_deref()
    }

    /// Revokes a token. The device stays on the list. False if the token was not valid.
    pub(crate) fn sign_out(&mut self, token: &str) -> bool {
        self.held.remove(token).is_some()
    }

    /// Revokes all tokens of an account.
    pub(crate) fn kill(&mut self, account: u64) {
        self.held.retain(|_, held| held.account != account);
    }

    /// Number of issued tokens that are still valid.
    pub(crate) fn live(&self) -> u64 {
        self.held.values().filter(|held| held.device.is_some()).count() as u64
    }

    /// The devices of an account.
    pub(crate) fn devices_of(&self, account: u64) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.account == account)
    }

    /// Removes a device of an account and revokes its tokens.
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
