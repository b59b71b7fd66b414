//! The account that a token belongs to.

use std::time::Instant;

use directory::Reader;
use plex::{Client, ListError, Token, TokenAccount};
use policy::{BootTime, PlexId, PlexUser};

use super::owner::Owner;
use super::plex_errors;
use crate::client::plex_tv::{Clients, QUESTION};
use crate::config_file::existing::Existing;

/// Why plex.tv rejects a token.
pub(crate) struct Rejected(pub plex::Error);

/// Finds the account that a token belongs to: by version 2 of plex.tv's interface, unless the token was issued to an unknown
/// device and `owner_id` is configured. Then the older list of people shows that the token is valid (R64).
#[derive(Clone, Copy)]
pub(crate) struct TokenOwner<'a> {
    pub clients: &'a Clients,
    pub existing: &'a Existing,
}

impl TokenOwner<'_> {
    /// The owner, by their token. `how` is the source of the token, for display.
    ///
    /// # Errors
    /// plex.tv does not answer.
    pub(crate) fn of(self, token: Token, how: &'static str) -> Result<Result<Owner, Rejected>, plex::Error> {
        let is_configured = self.existing.token().is_some_and(|known| known.expose() == token.expose());
        let identifier = self.existing.text_of("client_identifier").filter(|_| is_configured).map(str::to_owned);
        let client = self.clients.for_owner(identifier.as_deref());
        let known = if identifier.is_some() { Ok(None) } else { self.without_v2(&client, &token, is_configured)? };
        let (account, may_use_v2) = match known {
            Err(rejected) => return Ok(Err(rejected)),
            Ok(Some(id)) => (PlexUser { id, username: None, email: None }, false),
            Ok(None) => match client.token_account(&token, Instant::now() + QUESTION)? {
                TokenAccount::Shown(account) => (account, true),
                TokenAccount::Rejected(error) => return Ok(Err(Rejected(error))),
            },
        };
        Ok(Ok(Owner { account, token, how, client, identifier, may_use_v2 }))
    }

    /// `owner_id`, if the token is the owner's: the configured one, or one that shows the shares of the configured server,
    /// which only its owner sees. `None` if nothing but version 2 can tell.
    ///
    /// # Errors
    /// plex.tv does not answer.
    fn without_v2(
        self,
        client: &Client,
        token: &Token,
        is_configured: bool,
    ) -> Result<Result<Option<PlexId>, Rejected>, plex::Error> {
        let Some(id) = self.existing.number_of("owner_id").map(PlexId) else { return Ok(Ok(None)) };
        let machine_id = self.existing.text_of("machine_id");
        if is_configured {
            return match self.list(client, token, id, machine_id) {
                Ok(()) => Ok(Ok(Some(id))),
                Err(error) if plex_errors::is_refusal(&error) => Ok(Err(Rejected(error))),
                Err(error) => Err(error),
            };
        }
        let Some(machine_id) = machine_id else { return Ok(Ok(None)) };
        match client.shared_servers(token, machine_id, Instant::now() + QUESTION) {
            Ok(_) => Ok(Ok(Some(id))),
            // Another account's token, one that is not valid, or the list is gone.
            Err(ListError::Request(plex::Error::Refused) | ListError::Gone(_) | ListError::Changed(_)) => Ok(Ok(None)),
            Err(ListError::Request(error)) => Err(error),
        }
    }

    fn list(self, client: &Client, token: &Token, id: PlexId, machine_id: Option<&str>) -> Result<(), plex::Error> {
        let reader = Reader {
            client,
            token,
            owner_id: Some(id),
            has_identity: false,
            machine_id,
            strict: self.existing.bool_of("strict_friends").unwrap_or(true),
            timeout: QUESTION,
            deadline: None,
        };
        let list = reader.owner().and_then(|owner| reader.list(owner, BootTime::from_millis(0)));
        match list {
            // Without a request, nothing can contradict `owner_id`.
            Ok(_) | Err(directory::Error::WrongOwner { .. }) => Ok(()),
            Err(directory::Error::Plex(error)) => Err(error),
        }
    }
}
