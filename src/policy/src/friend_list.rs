//! The friend list: the Plex accounts that the owner's token shows.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{BootTime, IdentityBinding, PlexId, PlexRef, PlexUser, Reason};

/// Relationship of a Plex account to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relationship {
    /// The server is shared with them, and they accepted.
    Shared,
    /// A friend. The list of friends does not show shares.
    Friend,
    /// A member of the owner's Plex Home.
    Home,
    /// Invited, but not accepted yet.
    Pending,
}

impl Relationship {
    /// Each relationship with its word.
    const WORDS: [(Self, &'static str); 4] =
        [(Self::Shared, "shared"), (Self::Friend, "friend"), (Self::Home, "home"), (Self::Pending, "pending")];

    /// The word for it in the store and in the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(relationship, _)| *relationship == self).map_or("", |(_, word)| word)
    }

    /// The relationship with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(relationship, _)| *relationship)
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendRecord {
    /// The account.
    pub person: PlexUser,
    /// Its relationship to the owner.
    pub relationship: Relationship,
}

/// The owner and the accounts on their list, at one time.
#[derive(Debug, Clone)]
pub struct FriendList {
    /// The account that the token belongs to. It has no row.
    pub owner: PlexUser,
    /// The rows. An account may have several.
    pub entries: Vec<FriendRecord>,
    /// Why it comes from the second source (R76), if it does: what is wrong with the first. Each sign-in then needs the
    /// confirmation by the user's own resources.
    pub second_source: Option<String>,
    /// Time of the request that fetched it.
    pub fetched_at: BootTime,
}

impl FriendList {
    /// Age of the list.
    #[must_use]
    pub fn age(&self, now: BootTime) -> Duration {
        now.since(self.fetched_at)
    }

    /// True if the list decides whom a new member of the group belongs to (see [`Rules::first_binding`](crate::Rules::first_binding)).
    /// The second source does not: a friend with a copied machine id is on it.
    #[must_use]
    pub fn binds_members(&self) -> bool {
        self.second_source.is_none()
    }

    /// Searches the list for the account that a local account maps to: by the binding, and by name only where there is none
    /// (R77), and never for a member of the group (R74). A list whose owner has no names needs
    /// [`Rules::resolve`](crate::Rules::resolve).
    #[must_use]
    pub fn resolve(&self, reference: &PlexRef, binding: Option<&IdentityBinding>) -> Resolution {
        let bound = IdentityBinding::applied(binding, reference);
        let bound_is_listed = bound.is_some_and(|bound| self.users().any(|user| user.id == bound));
        let needs_binding = matches!(reference, PlexRef::Member(_));
        Resolution { matches: self.matches(reference), bound, bound_is_listed, needs_binding }
    }

    /// The ids of the accounts that a reference matches. Several do when one friend's username is another's address.
    pub(crate) fn matches(&self, reference: &PlexRef) -> Vec<PlexId> {
        let mut ids = Vec::new();
        for user in self.users().filter(|user| reference.matches(user)) {
            if !ids.contains(&user.id) {
                ids.push(user.id);
            }
        }
        ids
    }

    /// The name that the account with this id signs in with. An e-mail address in any of its rows goes before a username,
    /// since some accounts accept nothing else.
    pub(crate) fn login(&self, id: PlexId) -> Option<&str> {
        let rows = || self.users().filter(move |user| user.id == id);
        rows().find_map(PlexUser::address).or_else(|| rows().find_map(PlexUser::name))
    }

    /// The relationships of the account with this id to the owner, one for each of its rows.
    pub(crate) fn relationships(&self, id: PlexId) -> impl Iterator<Item = Relationship> {
        self.entries.iter().filter(move |entry| entry.person.id == id).map(|entry| entry.relationship)
    }

    /// Number of people on the list, without the owner.
    #[must_use]
    pub fn people(&self) -> u32 {
        let ids: BTreeSet<_> = self.entries.iter().map(|entry| entry.person.id).collect();
        u32::try_from(ids.len()).unwrap_or(u32::MAX)
    }

    /// The owner, and the account of each row.
    pub fn users(&self) -> impl Iterator<Item = &PlexUser> {
        std::iter::once(&self.owner).chain(self.entries.iter().map(|entry| &entry.person))
    }
}

/// Result of a search of the friend list for the Plex account that a local account maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The accounts that the configuration's reference matches.
    pub matches: Vec<PlexId>,
    /// The account that the local account is bound to, if the binding applies to the reference.
    pub bound: Option<PlexId>,
    /// The list shows the bound account.
    pub bound_is_listed: bool,
    /// The local account is a member of the group, which maps to no account but the one that it is bound to.
    pub needs_binding: bool,
}

impl Resolution {
    /// The account that the local account maps to. A known id decides, no matter who has the name by now: names change hands, and
    /// anybody can choose one that makes it ambiguous.
    ///
    /// # Errors
    /// [`Reason::Renamed`], [`Reason::Unbound`], [`Reason::Ambiguous`] or [`Reason::NotOnList`].
    pub fn id(&self) -> Result<PlexId, Reason> {
        match (self.bound, self.matches.as_slice()) {
            (Some(bound), _) if self.bound_is_listed => Ok(bound),
            (Some(pinned), [now, ..]) => Err(Reason::Renamed { pinned, now: *now }),
            (None, [_, ..]) if self.needs_binding => Err(Reason::Unbound),
            (None, [id]) => Ok(*id),
            (None, [_, _, ..]) => Err(Reason::Ambiguous),
            (_, []) => Err(Reason::NotOnList),
        }
    }
}
