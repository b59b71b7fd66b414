//! Passwords that `[cache] remember` accepts again without contacting plex.tv: a keyed tag of each, in memory only.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use policy::{CachedPassword, PlexId, SignInTarget};
use protocol::Secret;

use super::keyed_tag::{Key, Tag};
use super::lookup::Lookup;
use crate::clock;
use crate::lock::lock;

/// The longest time between two looks for expired tags. A condition variable does not count the time that the machine sleeps.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The tags, and the configuration that they belong to. It survives a reload, and the tags do not.
#[derive(Clone, Default)]
pub(crate) struct PasswordTags(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Number of the configuration in force, with its key; `None` while there is none, or without `remember`.
    in_force: Option<(u64, Key)>,
    /// Number of the latest configuration, from 1.
    latest: u64,
    /// No configuration up to this number is in force again.
    ended: u64,
    /// By local account.
    entries: HashMap<String, Entry>,
}

struct Entry {
    cached: CachedPassword,
    tag: Tag,
}

/// Remembered passwords under one configuration. Once another one is in force, this one no longer finds or adds passwords; it
/// can still delete them.
pub(super) struct RememberedPasswords {
    tags: PasswordTags,
    configuration: u64,
    /// `remember`; `None` disables it.
    max_age: Option<Duration>,
}

impl State {
    fn key(&self, configuration: u64) -> Option<&Key> {
        self.in_force.as_ref().filter(|(number, _)| *number == configuration).map(|(_, key)| key)
    }
}

impl RememberedPasswords {
    pub(super) fn new(tags: PasswordTags, max_age: Option<Duration>) -> Self {
        let mut state = lock(&tags.0.state);
        state.latest += 1;
        let configuration = state.latest;
        drop(state);
        Self { tags, configuration, max_age }
    }

    /// Deletes all tags, and begins with a new key: this configuration is now in force.
    pub(super) fn begin(&self) {
        let key = self.max_age.map(|_| (self.configuration, Key::random()));
        let mut state = lock(&self.tags.0.state);
        state.ended = state.ended.max(self.configuration - 1);
        state.in_force = key;
        state.entries = HashMap::new();
        self.tags.0.changed.notify_all();
    }

    /// Deletes the key and all tags, unless another configuration is in force.
    pub(super) fn end(&self) {
        let mut state = lock(&self.tags.0.state);
        state.ended = state.ended.max(self.configuration);
        if state.in_force.take_if(|(number, _)| *number == self.configuration).is_some() {
            state.entries = HashMap::new();
        }
        self.tags.0.changed.notify_all();
    }

    /// Compares a password with the one that plex.tv accepted for `target` within `remember`, and within `limit` if there is one.
    pub(super) fn check(
        &self,
        account: &str,
        target: &SignInTarget,
        password: &Secret,
        limit: Option<Duration>,
    ) -> Lookup {
        let max_age = self.max_age.map(|max_age| limit.map_or(max_age, |limit| max_age.min(limit)));
        let state = lock(&self.tags.0.state);
        let (Some(key), Some(entry)) = (state.key(self.configuration), state.entries.get(account)) else {
            return Lookup::Absent;
        };
        if !entry.cached.counts_for(target, max_age, clock::now()) {
            return Lookup::Absent;
        }
        let id = entry.cached.id;
        Lookup::of(entry.tag.matches(&key.tag(account, id, password)), id)
    }

    /// Remembers a password that plex.tv has just accepted.
    pub(super) fn insert(&self, account: &str, id: PlexId, password: &Secret) {
        let mut state = lock(&self.tags.0.state);
        let Some(key) = state.key(self.configuration) else { return };
        let tag = key.tag(account, id, password);
        if state.entries.is_empty() {
            self.tags.0.changed.notify_all();
        }
        state.entries.insert(account.to_owned(), Entry { cached: CachedPassword { id, at: clock::now() }, tag });
    }

    /// Deletes an account's tag; false if there was none.
    pub(super) fn forget(&self, account: &str) -> bool {
        lock(&self.tags.0.state).entries.remove(account).is_some()
    }

    /// True if the account's tag is that of this password, whatever its age.
    pub(super) fn is_of(&self, account: &str, password: &Secret) -> bool {
        let state = lock(&self.tags.0.state);
        let entry = state.entries.get(account).zip(state.in_force.as_ref());
        entry.is_some_and(|(entry, (_, key))| entry.tag.matches(&key.tag(account, entry.cached.id, password)))
    }

    /// Deletes the tags for which `keep` is false.
    pub(super) fn retain(&self, keep: impl Fn(&CachedPassword) -> bool) {
        lock(&self.tags.0.state).entries.retain(|_, entry| keep(&entry.cached));
    }

    /// The accounts that have a tag.
    pub(super) fn accounts(&self) -> Vec<String> {
        lock(&self.tags.0.state).entries.keys().cloned().collect()
    }

    /// Deletes each tag when its time is over, until this configuration has ended.
    pub(super) fn run(&self) {
        let Some(max_age) = self.max_age else { return };
        let mut state = lock(&self.tags.0.state);
        while state.ended < self.configuration {
            let now = clock::now();
            state.entries.retain(|_, entry| now.since(entry.cached.at) <= max_age);
            let changed = &self.tags.0.changed;
            state = match state.entries.values().map(|entry| now.since(entry.cached.at)).max() {
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(oldest) => {
                    // An entry counts up to its very last millisecond.
                    let left = max_age.saturating_sub(oldest) + Duration::from_millis(1);
                    let waited = changed.wait_timeout(state, left.min(LONGEST_WAIT));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}
