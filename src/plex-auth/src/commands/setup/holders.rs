//! The local accounts that people have already, so that nobody gets a second one unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use policy::{PlexId, PlexRef};
use system::accounts;

use crate::accounts::account_kind::{AccountKind, look_up};
use crate::accounts::people;
use crate::accounts::people::Stage;
use crate::client::friends::Friends;
use crate::error::Error;

/// Local accounts by Plex id: those of `[users]`, those of the group, and those that plex-auth has created.
#[derive(Debug, Default)]
pub(super) struct Holders(BTreeMap<PlexId, BTreeSet<String>>);

impl Holders {
    /// Collects the accounts. `users` is `[users]`, with accounts that do not exist yet.
    ///
    /// # Errors
    /// The account database or the record of created accounts cannot be read.
    pub(super) fn read(friends: &Friends, users: &[(String, String)], group: Option<&str>) -> Result<Self, Error> {
        let mut holders = Self::default();
        for (local, plex) in users {
            holders.add(friends.id_of(&PlexRef::parse(plex)), local);
        }
        let is_mapped = |local: &str| users.iter().any(|(mapped, _)| mapped == local);
        let group = group.map(accounts::group).transpose()?.flatten();
        for local in group.map(|group| accounts::members(&group)).transpose()?.unwrap_or_default() {
            if !is_mapped(&local) {
                holders.add(friends.id_of(&PlexRef::parse(&local)), &local);
            }
        }
        for (id, person) in people::read()? {
            let exists = || look_up(&person.local).map(|kind| kind != AccountKind::Free);
            if person.stage == Stage::Account && !is_mapped(&person.local) && exists()? {
                holders.add(Some(id), &person.local);
            }
        }
        Ok(holders)
    }

    pub(super) fn add(&mut self, id: Option<PlexId>, local: &str) {
        if let Some(id) = id {
            self.0.entry(id).or_default().insert(local.to_owned());
        }
    }

    /// An account of this person.
    pub(super) fn account(&self, id: PlexId) -> Option<&str> {
        self.0.get(&id)?.iter().next().map(String::as_str)
    }

    /// An account of this person, if this one is not theirs and would be a further one.
    pub(super) fn other_than(&self, id: PlexId, local: &str) -> Option<&str> {
        let theirs = self.0.get(&id)?;
        if theirs.contains(local) { None } else { theirs.iter().next().map(String::as_str) }
    }
}
