//! The friend list, fetched from plex.tv the way the policy judges it.
//!
//! Under `strict_friends` the users with whom the server is shared decide, otherwise the owner's friends and Home members.

use std::time::{Duration, Instant};

use plex::{Client, Token};
use policy::{BootTime, FriendList, FriendRecord, PlexId, PlexUser};

/// Reads the friend list with the owner's token.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// A client for plex.tv.
    pub client: &'a Client,
    /// The owner's token.
    pub token: &'a Token,
    /// `owner_id`, if it is configured.
    pub owner_id: Option<PlexId>,
    /// `machine_id`, if it is configured.
    pub machine_id: Option<&'a str>,
    /// `strict_friends`.
    pub strict: bool,
    /// Time limit of each request. One that hangs then leaves time for the others.
    pub timeout: Duration,
    /// Deadline of all requests together.
    pub deadline: Option<Instant>,
}

/// Reason why there is no list.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Error {
    /// The token is not the configured owner's.
    #[error("the token belongs to Plex id {token}, but owner_id is {owner_id}")]
    WrongOwner {
        /// The token's Plex account.
        token: PlexId,
        /// `owner_id` of the configuration.
        owner_id: PlexId,
    },
    /// plex.tv did not give an answer.
    #[error("plex.tv: {0}")]
    Plex(#[from] plex::Error),
}

impl Reader<'_> {
    /// The account that the token belongs to.
    ///
    /// # Errors
    /// [`Error::WrongOwner`]; [`Error::Plex`] with [`plex::Error::Refused`] if the token is no longer valid.
    pub fn owner(&self) -> Result<PlexUser, Error> {
        let owner = self.client.account(self.token, self.next_deadline())?;
        match self.owner_id {
            Some(owner_id) if owner_id != owner.id => Err(Error::WrongOwner { token: owner.id, owner_id }),
            _ => Ok(owner),
        }
    }

    /// The list that decides. Its age counts from the call, since a change during the requests may be missing from it.
    ///
    /// # Errors
    /// [`Error::Plex`]
    pub fn list(&self, owner: PlexUser, now: BootTime) -> Result<FriendList, Error> {
        let entries = match self.decisive_server() {
            Some(machine_id) => self.shares(machine_id)?,
            None => self.friends()?,
        };
        Ok(FriendList { owner, entries, second_source: None, fetched_at: now })
    }

    /// The users who are not on the list that decides: under `strict_friends` friends and Home members, otherwise those with
    /// whom the server is shared. A user may be on both.
    ///
    /// # Errors
    /// [`Error::Plex`]
    pub fn others(&self) -> Result<Vec<FriendRecord>, Error> {
        match (self.decisive_server(), self.machine_id) {
            (Some(_), _) => self.friends(),
            (None, Some(machine_id)) => self.shares(machine_id),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// The server whose shares decide.
    fn decisive_server(&self) -> Option<&str> {
        self.machine_id.filter(|_| self.strict)
    }

    fn shares(&self, machine_id: &str) -> Result<Vec<FriendRecord>, Error> {
        Ok(self.client.shared_servers(self.token, machine_id, self.next_deadline())?)
    }

    fn friends(&self) -> Result<Vec<FriendRecord>, Error> {
        Ok(self.client.users(self.token, self.next_deadline())?)
    }

    fn next_deadline(&self) -> Instant {
        let request = Instant::now() + self.timeout;
        self.deadline.map_or(request, |deadline| request.min(deadline))
    }
}
