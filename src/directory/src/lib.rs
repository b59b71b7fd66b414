//! The friend list, fetched from plex.tv the way the policy judges it.
//!
//! Under `strict_friends` the users with whom the server is shared decide, otherwise the owner's friends and Home members.
//! plex.tv has changed the list of shares once, so that list has a second source: the list of friends, whose rows name the
//! servers. It can be forged, by a friend who shares a server with a copied machine id, so each sign-in by it needs the
//! confirmation by the user's own resources ([`FriendList::second_source`]).

use std::time::{Duration, Instant};

use plex::{Client, ListError, Token};
use policy::{BootTime, FriendList, FriendRecord, PlexId, PlexUser, Relationship};

/// Reads the friend list with the owner's token.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// A client for plex.tv.
    pub client: &'a Client,
    /// The owner's token.
    pub token: &'a Token,
    /// `owner_id`, if it is configured.
    pub owner_id: Option<PlexId>,
    /// `client_identifier` is configured: the device that the token was issued to is known, or has been chosen.
    pub has_identity: bool,
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
    /// The account that the token belongs to. Its names are unknown if plex.tv does not tell and `owner_id` is configured, and
    /// always with `owner_id` and a token of an unknown device, for which this request is not sent.
    ///
    /// # Errors
    /// [`Error::WrongOwner`], and [`Error::Plex`] if plex.tv demands a pause ([`plex::Error::RateLimited`] or
    /// [`plex::Error::AddressBlocked`]); without `owner_id` any [`Error::Plex`], with [`plex::Error::Refused`] if the token is
    /// no longer valid.
    pub fn owner(&self) -> Result<PlexUser, Error> {
        let configured = self.owner_id.map(|id| PlexUser { id, username: None, email: None });
        if let Some(owner) = configured.clone().filter(|_| !self.has_identity) {
            return Ok(owner);
        }
        match (self.client.account(self.token, self.next_deadline()), configured) {
            (Ok(owner), Some(configured)) if configured.id != owner.id => {
                Err(Error::WrongOwner { token: owner.id, owner_id: configured.id })
            }
            (Ok(owner), _) => Ok(owner),
            // The requests that follow would not keep to the pause.
            (Err(error @ (plex::Error::RateLimited(_) | plex::Error::AddressBlocked)), _) | (Err(error), None) => {
                Err(error.into())
            }
            (Err(_), Some(configured)) => Ok(configured),
        }
    }

    /// The list that decides: from the first source, or from the second while the first has changed. Its age counts from the
    /// call, since a change during the requests may be missing from it.
    ///
    /// # Errors
    /// [`Error::Plex`], of the source that is at fault for the moment.
    pub fn list(&self, owner: PlexUser, now: BootTime) -> Result<FriendList, Error> {
        let list = |entries, second_source| FriendList { owner, entries, second_source, fetched_at: now };
        let Some(machine_id) = self.decisive_server() else { return Ok(list(self.friends()?, None)) };
        let shares = self.client.shared_servers(self.token, machine_id, self.next_deadline());
        let why = match &shares {
            Ok(shares) if is_conclusive(shares) => None,
            Ok(_) => Some(NOBODY_ACCEPTED.to_owned()),
            Err(error) if error.is_lasting() => Some(error.to_string()),
            Err(_) => None,
        };
        let Some(why) = why else { return Ok(list(shares.map_err(plex::Error::from)?, None)) };
        let friends = match self.client.users(self.token, Some(machine_id), self.next_deadline()) {
            Ok(friends) => friends,
            Err(error) if error.is_lasting() => {
                let both = format!("the list of shares: {why}; the list of friends: {error}");
                return Err(plex::Error::Unavailable(both).into());
            }
            Err(error) => return Err(plex::Error::from(error).into()),
        };
        match shares {
            Ok(shares) if all_are_only_invited(&shares, &friends) => Ok(list(shares, None)),
            _ => Ok(list(friends, Some(why))),
        }
    }

    /// The list from the second source, whatever the first says; `why` is what is wrong with the first. `None` if the list that
    /// decides has no second source, which is so without `strict_friends`.
    ///
    /// The first list could be read, so the second is an error where it shows no server of the owner's with this machine id, but
    /// others with it: a friend with a copied machine id would overrule the first. [`Self::list`], which has no first list
    /// then, uses it.
    #[must_use]
    pub fn second_list(&self, owner: PlexUser, why: String, now: BootTime) -> Option<Result<FriendList, Error>> {
        let machine_id = self.decisive_server()?;
        let friends = self.client.users_of_own_server(self.token, machine_id, self.next_deadline());
        let list = |entries| FriendList { owner, entries, second_source: Some(why), fetched_at: now };
        Some(friends.map(list).map_err(|error| plex::Error::from(error).into()))
    }

    /// The users who are not on the list that decides: under `strict_friends` friends and Home members, otherwise those with
    /// whom the server is shared. A user may be on both.
    ///
    /// # Errors
    /// [`ListError`]; a lasting one means that plex.tv no longer has this list.
    pub fn others(&self) -> Result<Vec<FriendRecord>, ListError> {
        match (self.decisive_server(), self.machine_id) {
            (Some(_), _) => self.client.users(self.token, None, self.next_deadline()),
            (None, Some(machine_id)) => self.client.shared_servers(self.token, machine_id, self.next_deadline()),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// The server whose shares decide.
    fn decisive_server(&self) -> Option<&str> {
        self.machine_id.filter(|_| self.strict)
    }

    fn friends(&self) -> Result<Vec<FriendRecord>, Error> {
        let friends = self.client.users(self.token, None, self.next_deadline());
        Ok(friends.map_err(plex::Error::from)?)
    }

    fn next_deadline(&self) -> Instant {
        let request = Instant::now() + self.timeout;
        self.deadline.map_or(request, |deadline| request.min(deadline))
    }
}

/// Reason for the second source when the first shows invitations only.
const NOBODY_ACCEPTED: &str = "the list of shares shows invitations, and nobody who accepted one";

/// False if a list of shares shows invitations only. Either nobody has accepted yet, or plex.tv no longer says who has.
fn is_conclusive(shares: &[FriendRecord]) -> bool {
    shares.is_empty() || shares.iter().any(|share| share.relationship != Relationship::Pending)
}

/// True if the list of friends shows access to the server for nobody on a list of shares that are all invitations.
fn all_are_only_invited(shares: &[FriendRecord], friends: &[FriendRecord]) -> bool {
    let has_access = |friend: &&FriendRecord| friend.relationship == Relationship::Shared;
    !friends.iter().filter(has_access).any(|friend| shares.iter().any(|share| share.person.id == friend.person.id))
}
