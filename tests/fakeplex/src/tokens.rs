//! Tokens, and the devices that they belong to.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::device::{Device, Origin};
use crate::http::Request;
use crate::jwt::Jwk;
use crate::world::{Account, Server};

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

/// Number before that of the first device.
const FIRST_DEVICE: u64 = 50_000;

/// Account, client and device of a token.
struct Held {
    account: u64,
    /// The client that it was issued to, if known: a world's file need not name it.
    client_id: Option<String>,
    /// The device that it belongs to; an account's token from the world's file has none.
    device: Option<u64>,
    /// True if a sign-in issued it, not the world's file.
    issued: bool,
    /// True once it has expired.
    expired: bool,
    /// True if plex.tv has signed it for a device with a key.
    signed: bool,
}

/// All valid tokens, and all devices.
#[derive(Default)]
pub(crate) struct Tokens {
    held: BTreeMap<String, Held>,
    devices: Vec<Device>,
    minted: u64,
    /// Effect of a second sign-in.
    pub reissue: Reissue,
    /// True if any foreign description with a media server's token ends its being a server.
    pub fragile: bool,
}

impl Tokens {
    /// Adds the token that the world's file sets for an account.
    pub(crate) fn fix(&mut self, account: &Account) {
        if let Some(token) = account.token.clone() {
            let client_id = account.token_client.clone();
            let held =
                Held { account: account.id, client_id, device: None, issued: false, expired: false, signed: false };
            self.held.insert(token, held);
        }
    }

    /// Adds the token that the world's file sets for a media server. It belongs to the owner's account, and its client
    /// is the server. The server's row in the list of devices is added once; what became of it since is kept.
    pub(crate) fn fix_server(&mut self, owner: u64, server: &Server) {
        let Some(token) = server.token.clone() else { return };
        let row = |device: &&Device| device.account == owner && device.origin.client_id == server.machine_id;
        let known = self.devices.iter().find(row).map(|device| device.id);
        let id = known.unwrap_or(FIRST_DEVICE + self.minted + 1);
        if known.is_none() {
            self.minted += 1;
            self.devices.push(Device::of_server(id, owner, server, &token));
        }
        let client_id = Some(server.machine_id.clone());
        let held = Held { account: owner, client_id, device: Some(id), issued: false, expired: false, signed: false };
        self.held.insert(token, held);
    }

    /// Issues a token; the flag is true if its client is a new device. [`Reissue`] decides what happens to an older
    /// token of the same account and client.
    pub(crate) fn mint(&mut self, account: u64, origin: &Origin) -> (String, bool) {
        self.minted += 1;
        let pair = |held: &Held| held.account == account && held.client_id.as_ref() == Some(&origin.client_id);
        let older = self.held.iter().find(|(_, held)| pair(held) && !held.expired).map(|(token, _)| token.clone());
        let token = match (self.reissue, older) {
            (Reissue::Same, Some(older)) => older,
            _ => format!("TOKEN-SECRET-{account}-{}", self.minted),
        };
        if self.reissue == Reissue::Rotate {
            self.held.retain(|_, held| !pair(held));
        }
        let (_, new) = self.hold(account, origin, token.clone(), false);
        (token, new)
    }

    /// Issues a token that plex.tv has signed, and returns its device; the flag is true if that is new. A token of the
    /// other kind that the device had ends; signed ones are good until they expire.
    pub(crate) fn issue_signed(&mut self, account: u64, origin: &Origin, token: String) -> (u64, bool) {
        self.minted += 1;
        let pair = |held: &Held| held.account == account && held.client_id.as_ref() == Some(&origin.client_id);
        self.held.retain(|_, held| !pair(held) || held.signed);
        self.hold(account, origin, token, true)
    }

    /// Adds a token to its device, which is new if the flag is true.
    fn hold(&mut self, account: u64, origin: &Origin, token: String, signed: bool) -> (u64, bool) {
        let known = |device: &&mut Device| device.account == account && device.origin.client_id == origin.client_id;
        let (id, new) = if let Some(device) = self.devices.iter_mut().find(known) {
            (device.token, device.origin, device.seen) = (token.clone(), origin.clone(), SystemTime::now());
            (device.id, false)
        } else {
            let id = FIRST_DEVICE + self.minted;
            self.devices.push(Device::new(id, account, origin.clone(), &token));
            (id, true)
        };
        let client_id = Some(origin.client_id.clone());
        self.held.insert(token, Held { account, client_id, device: Some(id), issued: true, expired: false, signed });
        (id, new)
    }

    /// The device of a token that has not expired.
    pub(crate) fn device_of(&self, token: &str) -> Option<u64> {
        self.held.get(token).filter(|held| !held.expired)?.device
    }

    /// The device that has registered a key.
    pub(crate) fn device_with_key(&self, kid: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.jwk.as_ref().is_some_and(|jwk| jwk.kid == kid))
    }

    /// Registers a key for a device; false if another one has registered it.
    pub(crate) fn register(&mut self, device: u64, jwk: Jwk) -> bool {
        let taken = self.device_with_key(&jwk.kid).is_some_and(|owner| owner.id != device);
        if let Some(device) = self.devices.iter_mut().find(|known| known.id == device && !taken) {
            device.jwk = Some(jwk);
        }
        !taken
    }

    /// The account of a token that has not expired.
    pub(crate) fn owner(&self, token: &str) -> Option<u64> {
        self.held.get(token).filter(|held| !held.expired).map(|held| held.account)
    }

    /// True if a token was valid and has expired.
    pub(crate) fn is_expired(&self, token: &str) -> bool {
        self.held.get(token).is_some_and(|held| held.expired)
    }

    /// Rewrites the row of the device that a request's token belongs to.
    pub(crate) fn describe(&mut self, request: &Request) {
        let held = request.plex_header("X-Plex-Token").and_then(|token| self.held.get(token));
        let Some(id) = held.filter(|held| !held.expired).and_then(|held| held.device) else { return };
        if let Some(device) = self.devices.iter_mut().find(|device| device.id == id) {
            device.rewrite(request, self.fragile);
        }
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

    /// Expires all tokens of an account.
    pub(crate) fn expire(&mut self, account: u64) {
        self.held.values_mut().filter(|held| held.account == account).for_each(|held| held.expired = true);
    }

    /// Number of issued tokens that are still valid.
    pub(crate) fn live(&self) -> u64 {
        self.held.values().filter(|held| held.issued && !held.expired).count() as u64
    }

    /// The devices of an account.
    pub(crate) fn devices_of(&self, account: u64) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.account == account)
    }

    /// The description of a server: as in its row of the owner's devices, or as it describes itself if it has none.
    pub(crate) fn described(&self, owner: u64, server: &Server) -> Origin {
        let is = |device: &&Device| device.is_server() && device.origin.client_id == server.machine_id;
        let row = self.devices_of(owner).find(is);
        row.map_or_else(|| Origin::of_server(server), |device| device.origin.clone())
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
