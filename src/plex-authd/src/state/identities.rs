//! Plex identities of local accounts: the binding, and the latest sign-in.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use policy::{BootTime, IdentityBinding, PlexId};

use crate::clock;
use crate::lock::lock;
use crate::state::store::{Change, Store};

/// Bindings and latest sign-ins, by local account. They survive a reload.
pub(crate) struct Identities {
    bindings: Mutex<HashMap<String, IdentityBinding>>,
    /// Members of the group that are bound to nobody, and that no name ever binds: no account had theirs in the first list after
    /// they joined, they had an entry in `[users]` then, or the group does not list them.
    unbound: Mutex<BTreeSet<String>>,
    /// The groups of all configurations so far. While an account is in one of them, it has not left.
    groups: Mutex<BTreeSet<String>>,
    /// Recorded only without a friend list, when it is all that the account phase can use.
    recent_sign_ins: Mutex<HashMap<String, (PlexId, BootTime)>>,
    store: Store,
}

impl Identities {
    pub(crate) fn new(
        bindings: HashMap<String, IdentityBinding>,
        unbound: BTreeSet<String>,
        groups: BTreeSet<String>,
        recent_sign_ins: HashMap<String, (PlexId, BootTime)>,
        store: Store,
    ) -> Self {
        Self {
            bindings: Mutex::new(bindings),
            unbound: Mutex::new(unbound),
            groups: Mutex::new(groups),
            recent_sign_ins: Mutex::new(recent_sign_ins),
            store,
        }
    }

    /// The binding of one account.
    pub(crate) fn binding(&self, account: &str) -> Option<IdentityBinding> {
        lock(&self.bindings).get(account).cloned()
    }

    /// Number of accounts with a binding.
    pub(crate) fn count(&self) -> usize {
        lock(&self.bindings).len()
    }

    /// All bindings.
    pub(crate) fn bindings(&self) -> Vec<(String, IdentityBinding)> {
        lock(&self.bindings).iter().map(|(account, binding)| (account.clone(), binding.clone())).collect()
    }

    /// Plex account and time of the latest sign-in.
    pub(crate) fn recent_sign_in(&self, account: &str) -> Option<(PlexId, BootTime)> {
        lock(&self.recent_sign_ins).get(account).copied()
    }

    /// Records who an account belongs to. A binding by an entry in `[users]` says nothing about the account's own name.
    pub(crate) fn bind(&self, account: &str, binding: IdentityBinding) {
        let is_by_its_name = binding.reference == account;
        let before = lock(&self.bindings).insert(account.to_owned(), binding.clone());
        if before.as_ref() != Some(&binding) {
            self.store.write(Change::Binding(account.to_owned(), binding));
        }
        if is_by_its_name {
            self.release(account);
        }
    }

    /// A member of the group that no list has decided about: its name is the reference of no binding, and it is not unbound.
    pub(crate) fn is_undecided(&self, member: &str) -> bool {
        let is_bound = lock(&self.bindings).get(member).is_some_and(|binding| binding.reference == member);
        !is_bound && !lock(&self.unbound).contains(member)
    }

    /// The members of the group that are bound to nobody.
    pub(crate) fn unbound(&self) -> BTreeSet<String> {
        lock(&self.unbound).clone()
    }

    /// The accounts that were bound as members of the group, by their own names.
    pub(crate) fn bound_members(&self) -> BTreeSet<String> {
        let bindings = lock(&self.bindings);
        bindings
            .iter()
            .filter(|(account, binding)| binding.reference == **account)
            .map(|(account, _)| account.clone())
            .collect()
    }

    /// Records members that are bound to nobody.
    pub(crate) fn leave_unbound(&self, members: Vec<String>) {
        if !members.is_empty() {
            lock(&self.unbound).extend(members.iter().cloned());
            self.store.write(Change::Unbound(members));
        }
    }

    /// Records the group of a configuration.
    pub(crate) fn record_group(&self, name: &str) {
        if lock(&self.groups).insert(name.to_owned()) {
            self.store.write(Change::Group(name.to_owned()));
        }
    }

    /// The groups of all configurations so far.
    pub(crate) fn groups(&self) -> BTreeSet<String> {
        lock(&self.groups).clone()
    }

    /// Forgets that an account is bound to nobody.
    pub(crate) fn release(&self, account: &str) {
        if lock(&self.unbound).remove(account) {
            self.store.write(Change::Released(account.to_owned()));
        }
    }

    /// Forgets whom a former member of the group belonged to.
    pub(crate) fn release_member(&self, account: &str) {
        if lock(&self.bindings).remove(account).is_some() {
            self.store.write(Change::ReleasedBinding(account.to_owned()));
        }
        self.release(account);
    }

    /// Records a sign-in of now.
    pub(crate) fn record_sign_in(&self, account: &str, id: PlexId) {
        let now = clock::now();
        lock(&self.recent_sign_ins).insert(account.to_owned(), (id, now));
        self.store.write(Change::RecentSignIn(account.to_owned(), id, now));
    }

    /// Forgets an account; false if there was nothing to forget. Its rows are deleted with the whole account's, by
    /// [`Change::ForgetAccount`].
    pub(crate) fn forget(&self, account: &str) -> bool {
        let bound = lock(&self.bindings).remove(account).is_some();
        let unbound = lock(&self.unbound).remove(account);
        let signed_in = lock(&self.recent_sign_ins).remove(account).is_some();
        bound || unbound || signed_in
    }
}
