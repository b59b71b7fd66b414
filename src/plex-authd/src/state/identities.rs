//! Plex identities of local accounts: the binding made at the first login, and the latest sign-in.

use std::collections::HashMap;
use std::sync::Mutex;

use policy::{BootTime, IdentityBinding, PlexId};

use crate::clock;
use crate::lock::lock;
use crate::state::store::{Change, Store};

/// Bindings and latest sign-ins, by local account. They survive a reload.
pub(crate) struct Identities {
    bindings: Mutex<HashMap<String, IdentityBinding>>,
    /// Recorded only without a friend list, when it is all that the account phase can use.
    recent_sign_ins: Mutex<HashMap<String, (PlexId, BootTime)>>,
    store: Store,
}

impl Identities {
    pub(crate) fn new(
        bindings: HashMap<String, IdentityBinding>,
        recent_sign_ins: HashMap<String, (PlexId, BootTime)>,
        store: Store,
    ) -> Self {
        Self { bindings: Mutex::new(bindings), recent_sign_ins: Mutex::new(recent_sign_ins), store }
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

    /// Records who an account belongs to.
    pub(crate) fn bind(&self, account: &str, binding: IdentityBinding) {
        let before = lock(&self.bindings).insert(account.to_owned(), binding.clone());
        if before.as_ref() != Some(&binding) {
            self.store.write(Change::Binding(account.to_owned(), binding));
        }
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
        let signed_in = lock(&self.recent_sign_ins).remove(account).is_some();
        bound || signed_in
    }
}
