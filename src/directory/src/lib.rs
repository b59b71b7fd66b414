//! The friend list of a Plex server's owner, fetched from plex.tv.

use std::time::Instant;

use plex::{Account, Client, Error, Token};
use policy::{FriendRecord, PlexId, PlexUser, Relationship};

/// A Plex account as the policy sees it.
#[must_use]
pub fn person(account: Account) -> PlexUser {
    PlexUser { id: PlexId(account.id), username: account.username, email: account.email }
}

/// Everybody with whom one server is shared, or to whom that was offered.
///
/// # Errors
/// Why plex.tv does not say.
pub fn shares(client: &Client, token: &Token, machine_id: &str, deadline: Instant) -> Result<Vec<FriendRecord>, Error> {
    let shares = client.shared_servers(token, machine_id, deadline)?;
    let tie = |pending| if pending { Relationship::Pending } else { Relationship::Shared };
    Ok(shares.into_iter().map(|s| FriendRecord { tie: tie(s.pending), person: person(s.account) }).collect())
}

/// The owner's friends and Home members, or who is to become one.
///
/// # Errors
/// Why plex.tv does not say.
pub fn friends(client: &Client, token: &Token, deadline: Instant) -> Result<Vec<FriendRecord>, Error> {
    let friends = client.users(token, deadline)?;
    let tie = |friend: &plex::Friend| match (friend.home, friend.pending) {
        (true, _) => Relationship::Home,
        (false, true) => Relationship::Pending,
        (false, false) => Relationship::Friend,
    };
    Ok(friends.into_iter().map(|f| FriendRecord { tie: tie(&f), person: person(f.account) }).collect())
}
