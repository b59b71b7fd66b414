//! Tokens, and the devices that they were given to.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::http::Request;
use crate::world::Account;

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
    /// The device that it was given to; one that the world's file sets has none.
    device: Option<u64>,
}

/// All tokens that are good, and all devices.
#[derive(Default)]
pub(crate) struct Tokens {
    held: BTreeMap<String, Held>,
    devices: Vec<Device>,
    minted: u64,
}

impl Tokens {
    /// Makes the token that the world's file sets for an account good.
    pub(crate) fn fix(&mut self, account: &Account) {
        if let Some(token) = account.token.clone() {
            self.held.insert(token, Held { account: account.id, device: None });
        }
    }

    /// A fresh token for an account, and whether its client is a new device.
    pub(crate) fn mint(&mut self, account: u64, origin: &Origin) -> (String, bool) {
        self.minted += 1;
        let token = format!("TOKEN-SECRET-{account}-{}", self.minted);
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
        self.held.insert(token.clone(), Held { account, device: Some(id) });
        (token, new)
    }

    /// Whose a token is.
    pub(crate) fn owner(&self, token: &str) -> Option<u64> {
        self.held.get(token).map(|held| held.account)
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
