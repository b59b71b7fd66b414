//! The server's owner, and the device that their token is issued to.

use plex::{Client, Token};
use policy::PlexUser;

use super::rollback;
use crate::client::plex_tv;

/// The owner, as the token shows them.
pub(crate) struct Owner {
    /// Who.
    pub account: PlexUser,
    /// The token.
    pub token: Token,
    /// How it came here.
    pub how: &'static str,
    /// plex.tv, asked as the device that the token was given to.
    pub client: Client,
    /// That device's identifier, if it is known.
    pub identifier: Option<String>,
}

/// A device that is made for one sign-in of the owner: plex.tv keeps one token for each account and identifier, so one that
/// was used before would end the token that the daemon uses.
pub(crate) struct FreshDevice {
    /// plex.tv, asked as that device.
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
    /// What they are called, for people to read.
    pub(crate) fn name(&self) -> String {
        let PlexUser { username, email, id } = &self.account;
        let name = username.as_deref().or(email.as_deref()).map_or_else(|| format!("Plex id {id}"), str::to_owned);
        protocol::printable(&name, 64)
    }
}

/// The owner of a token that was made just now, and is signed out again unless it is kept.
pub(crate) fn signed_in(device: FreshDevice, account: PlexUser, token: Token, how: &'static str) -> Owner {
    let FreshDevice { client, identifier } = device;
    rollback::fresh_token(&client, &token);
    Owner { account, token, how, client, identifier: Some(identifier) }
}
