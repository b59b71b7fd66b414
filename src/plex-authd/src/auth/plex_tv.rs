//! Shared parts of all sign-ins at plex.tv under one configuration.

use policy::AttemptKey;
use protocol::Secret;

use crate::auth::account_locks::{AccountLocks, SLOTS};
use crate::auth::media_server::MediaServer;
use crate::auth::outcome::AuthResult;
use crate::auth::reachability::Reachability;
use crate::auth::single_flight::SingleFlight;
use crate::auth::token_revoker::{Device, TokenRevoker};

/// Devices, locks and tokens of sign-ins.
pub(crate) struct PlexTv {
    pub devices: [Device; SLOTS],
    pub account_locks: AccountLocks,
    pub token_revoker: TokenRevoker,
    pub reachability: Reachability,
    /// `None` unless `server_url` is set.
    pub media_server: Option<MediaServer>,
    /// Password sign-ins in progress.
    pub in_flight: SingleFlight<(AttemptKey, Secret), AuthResult>,
}

impl PlexTv {
    /// The device of a slot; the first one for a slot that does not exist.
    pub(crate) fn device(&self, slot: usize) -> &Device {
        let [first, ..] = &self.devices;
        self.devices.get(slot).unwrap_or(first)
    }
}
