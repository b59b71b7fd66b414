//! The people around a server, as the owner's token shows them.

use std::time::Instant;

use plex::{Account, Client, Error, Token};
use policy::{Entry, Person, PlexId, Tie};

/// A Plex account as the policy sees it.
#[must_use]
pub fn person(account: Account) -> Person {
    Person { id: PlexId(account.id), username: account.username, email: account.email }
}

/// Everybody with whom one server is shared, or to whom that was offered.
///
/// # Errors
/// Why plex.tv does not say.
pub fn shares(client: &Client, token: &Token, machine_id: &str, deadline: Instant) -> Result<Vec<Entry>, Error> {
    let shares = client.shared_servers(token, machine_id, deadline)?;
    let tie = |pending| if pending { Tie::Pending } else { Tie::Shared };
    Ok(shares.into_iter().map(|s| Entry { tie: tie(s.pending), person: person(s.account) }).collect())
}

/// The owner's friends and Home members, or who is to become one.
///
/// # Errors
/// Why plex.tv does not say.
pub fn friends(client: &Client, token: &Token, deadline: Instant) -> Result<Vec<Entry>, Error> {
    let friends = client.users(token, deadline)?;
    let tie = |friend: &plex::Friend| match (friend.home, friend.pending) {
        (true, _) => Tie::Home,
        (false, true) => Tie::Pending,
        (false, false) => Tie::Friend,
    };
    Ok(friends.into_iter().map(|f| Entry { tie: tie(&f), person: person(f.account) }).collect())
}
