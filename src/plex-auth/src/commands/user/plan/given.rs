//! Inputs of the plan.

use std::collections::BTreeMap;

use policy::PlexRef;

use crate::accounts::expiry_locks::{Lock, Locks};
use crate::accounts::local_accounts::Local;
use crate::accounts::names::Availability;
use crate::accounts::people::People;
use crate::accounts::shadow_utils::LOCKED;
use crate::client::friends::Friends;
use crate::client::known_binding::KnownBinding;

/// The note about an account whose friend only plex-authd knows.
pub(super) const UNKNOWN: &str = "plex-authd, which knows whose it is even after a change of names, does not answer";

/// Inputs of the plan.
pub(crate) struct Given<'a> {
    /// The friend list.
    pub friends: &'a Friends,
    /// The entries of `[users]`.
    pub users: &'a BTreeMap<String, PlexRef>,
    /// Friends who have had an account, or for whom the owner has seen the name of a new one.
    pub people: &'a People,
    /// Prefix of new accounts' names, if the owner has set one.
    pub prefix: Option<&'a str>,
    /// All managed accounts.
    pub locals: &'a [Local],
    /// The [`candidates`](super::candidates) that no new account can have.
    pub taken: &'a BTreeMap<String, Availability>,
    /// Other candidates with leftovers of an earlier account, and a description of these.
    pub left: &'a BTreeMap<String, String>,
    /// Bindings of accounts to Plex accounts; `None` if plex-authd is not available.
    pub bindings: Option<&'a BTreeMap<String, KnownBinding>>,
    /// Locks set by earlier runs.
    pub locks: &'a Locks,
    /// Today, in days since 1970.
    pub today: i64,
    /// Accounts are removed instead of locked.
    pub remove: bool,
}

impl Given<'_> {
    /// The reference is a name, and plex-authd does not tell which Plex account it has belonged to so far.
    pub(super) fn is_unknown(&self, reference: &PlexRef) -> bool {
        self.bindings.is_none() && !matches!(reference, PlexRef::Id(_))
    }

    /// Our lock, if it is still on the account.
    pub(super) fn lock_on(&self, local: &Local) -> Option<&Lock> {
        let locked = local.shadow.as_ref().is_some_and(|shadow| shadow.expires == Some(LOCKED));
        self.locks.get(&local.name).filter(|lock| locked && lock.uid == local.uid)
    }

    pub(super) fn has_expired(&self, local: &Local) -> bool {
        local.shadow.as_ref().and_then(|shadow| shadow.expires).is_some_and(|day| day <= self.today)
    }
}
