//! The server's owner, and the device that their token is issued to.

use plex::{Client, Token};
use policy::PlexUser;
use system::random;

use crate::client::plex_tv::Clients;

/// The owner, as shown by the token.
pub(crate) struct Owner {
    /// The owner's account. It has no names if `owner_id` alone tells whose the token is.
    pub account: PlexUser,
    /// The owner's token.
    pub token: Token,
    /// Source of the token, for display.
    pub how: &'static str,
    /// Client for requests with the token.
    pub client: Client,
    /// Identifier of the device that the token was issued to, if known.
    pub identifier: Option<String>,
    /// Requests to version 2 of plex.tv's interface are permitted. They require an identifier, and a token that was issued to
    /// an unknown device is sent with one only to find out whose it is (R64).
    pub may_use_v2: bool,
}

/// Device for one sign-in of the owner. plex.tv keeps one token for each account and identifier, so that reusing one would
/// revoke the daemon's token.
pub(crate) struct FreshDevice {
    /// Client of plex.tv for the sign-in.
    pub client: Client,
    /// Client for requests with the new token.
    pub owner: Client,
    identifier: String,
}

impl FreshDevice {
    pub(crate) fn new(clients: &Clients) -> Self {
        let identifier = random::identifier();
        Self { client: clients.new_device(&identifier), owner: clients.for_owner(Some(&identifier)), identifier }
    }
}

impl Owner {
    /// The owner's name for display.
    pub(crate) fn name(&self) -> String {
        let PlexUser { username, email, id } = &self.account;
        let name = username.as_deref().or(email.as_deref()).map_or_else(|| format!("Plex id {id}"), str::to_owned);
        protocol::printable(&name, 64)
    }

    /// False if the account's names are not known.
    pub(crate) fn has_names(&self) -> bool {
        self.account.username.is_some() || self.account.email.is_some()
    }
}

/// The owner after a sign-in, whose new token the caller has registered for its revocation.
pub(crate) fn signed_in(device: FreshDevice, account: PlexUser, token: Token, how: &'static str) -> Owner {
    let FreshDevice { owner: client, identifier, .. } = device;
    Owner { account, token, how, client, identifier: Some(identifier), may_use_v2: true }
}
