//! The server's owner, and the device that their token is issued to.

use plex::{Client, Token};
use policy::PlexUser;

use super::rollback;
use crate::client::plex_tv;

/// The owner, as shown by the token.
pub(crate) struct Owner {
    /// The owner's account.
    pub account: PlexUser,
    /// The owner's token.
    pub token: Token,
    /// Source of the token, for display.
    pub how: &'static str,
    /// Client of plex.tv, as the device that the token was issued to.
    pub client: Client,
    /// That device's identifier, if known.
    pub identifier: Option<String>,
}

/// Device for one sign-in of the owner. plex.tv keeps one token for each account and identifier, so that reusing one would
/// revoke the daemon's token.
pub(crate) struct FreshDevice {
    /// Client of plex.tv as this device.
    pub client: Client,
    identifier: String,
}

impl FreshDevice {
    pub(crate) fn new(client: &Client) -> Self {
        let identifier = plex_tv::fresh();
        Self { client: plex_tv::as_keeper(client, &identifier), identifier }
    }
}

impl Owner {
    /// The owner's name for display.
    pub(crate) fn name(&self) -> String {
        let PlexUser { username, email, id } = &self.account;
        let name = username.as_deref().or(email.as_deref()).map_or_else(|| format!("Plex id {id}"), str::to_owned);
        protocol::printable(&name, 64)
    }
}

/// The owner after a sign-in. The new token is revoked again unless it is written to the configuration.
pub(crate) fn signed_in(device: FreshDevice, account: PlexUser, token: Token, how: &'static str) -> Owner {
    let FreshDevice { client, identifier } = device;
    rollback::fresh_token(&client, &token);
    Owner { account, token, how, client, identifier: Some(identifier) }
}
