//! The people around a server: what the owner's token shows at one moment.

use std::time::Duration;

use crate::{BootTime, PlexId, PlexRef, PlexUser, Reason};

/// How somebody is tied to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relationship {
    /// The server that counts is shared with them, and they accepted.
    Shared,
    /// A friend; whether the server is shared with them is not known or not so.
    Friend,
    /// A member of the owner's Plex Home.
    Home,
    /// Invited, but not accepted yet.
    Pending,
}

impl Relationship {
    /// Every one, and the word for it.
    const WORDS: [(Self, &'static str); 4] =
        [(Self::Shared, "shared"), (Self::Friend, "friend"), (Self::Home, "home"), (Self::Pending, "pending")];

    /// The word for it, as it is written down and said between programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(tie, _)| *tie == self).map_or("", |(_, word)| word)
    }

    /// The one that a word stands for.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(tie, _)| *tie)
    }
}

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendRecord {
    /// Who.
    pub person: PlexUser,
    /// How they are tied to the owner.
    pub tie: Relationship,
}

/// The owner and everybody on their list, as of one moment.
#[derive(Debug, Clone)]
pub struct FriendList {
    /// The account that the token belongs to. It stands on no list of its own.
    pub owner: PlexUser,
    /// Everybody else.
    pub entries: Vec<FriendRecord>,
    /// When this was learnt.
    pub fetched_at: BootTime,
}

impl FriendList {
    /// How old this knowledge is.
    #[must_use]
    pub fn age(&self, now: BootTime) -> Duration {
        now.since(self.fetched_at)
    }

    /// The one person that a reference stands for.
    ///
    /// # Errors
    /// [`Reason::Ambiguous`] when it stands for several, as when one friend's username is another's address.
    pub(crate) fn find(&self, reference: &PlexRef) -> Result<Option<&PlexUser>, Reason> {
        let mut found: Option<&PlexUser> = None;
        for person in self.everybody().filter(|person| reference.matches(person)) {
            match found {
                Some(other) if other.id != person.id => return Err(Reason::Ambiguous),
                _ => found = Some(person),
            }
        }
        Ok(found)
    }

    /// The id that a reference stands for, if it stands for one person.
    #[must_use]
    pub fn id_of(&self, reference: &PlexRef) -> Option<PlexId> {
        self.find(reference).ok().flatten().map(|person| person.id)
    }

    /// The person with this id.
    pub(crate) fn by_id(&self, id: PlexId) -> Option<&PlexUser> {
        self.everybody().find(|person| person.id == id)
    }

    /// What the person with this id signs in with. If several rows show them, an address in any of them goes before a
    /// username, since some accounts accept nothing else.
    pub(crate) fn login(&self, id: PlexId) -> Option<&str> {
        let rows = || self.everybody().filter(move |person| person.id == id);
        rows().find_map(PlexUser::address).or_else(|| rows().find_map(PlexUser::name))
    }

    /// The ties of the person with this id: a list may show somebody twice.
    pub(crate) fn ties(&self, id: PlexId) -> impl Iterator<Item = Relationship> {
        self.entries.iter().filter(move |entry| entry.person.id == id).map(|entry| entry.tie)
    }

    fn everybody(&self) -> impl Iterator<Item = &PlexUser> {
        std::iter::once(&self.owner).chain(self.entries.iter().map(|entry| &entry.person))
    }
}
