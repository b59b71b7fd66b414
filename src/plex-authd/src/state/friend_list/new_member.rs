//! New members of the group, which a list decides about.

use std::sync::PoisonError;
use std::time::Instant;

use super::{FriendListCache, State, miss};

impl FriendListCache {
    /// No list has decided yet whom this member of the group belongs to.
    pub(crate) fn is_undecided(&self, member: &str) -> bool {
        self.source.members.is_undecided(member)
    }

    /// Waits until a list that was requested after this call, or one that a refresh in progress reads, has decided about a new
    /// member of the group; or until none is to be had. Only root adds members, and one list decides about all of them, so that
    /// strangers' attempts cause no more requests than there are new members. While no list decides, the limit of
    /// [`Misses`](super::miss::Misses) applies. No list decides about a member that the group does not list.
    pub(crate) fn decide_member(&self, member: &str, deadline: Instant) {
        if !self.source.members.awaits_list(member) {
            return;
        }
        let deadline = deadline.min(Instant::now() + miss::MAX_WAIT);
        let mut state = self.lock();
        let called = state.started;
        while self.is_undecided(member) && !state.stopping && state.ended <= called && Instant::now() < deadline {
            if !state.is_reading() && !state.misses.is_requested() {
                if !state.request_for_member(Instant::now()) {
                    return;
                }
                self.changed.notify_all();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Why the list in force does not decide about new members, or why there is no newer one.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let state = self.lock();
        let second_source = state.list.as_ref().is_some_and(|list| !list.binds_members());
        match (&state.suspicion, &state.failure) {
            (Some(_), _) => Some("the last one is in doubt".into()),
            (None, Some((reason, _))) => Some(reason.to_string()),
            (None, None) if second_source => Some("the last one is from the second source".into()),
            (None, None) => None,
        }
    }
}

impl State {
    /// Requests a refresh for a new member of the group; false if there is none.
    pub(super) fn request_for_member(&mut self, now: Instant) -> bool {
        if self.failure.as_ref().is_some_and(|(_, retry_at)| now < *retry_at) {
            return false;
        }
        if self.suspicion.is_some() || self.list.as_ref().is_some_and(|list| !list.binds_members()) {
            return self.misses.request(now);
        }
        self.misses.request_unlimited();
        true
    }
}
