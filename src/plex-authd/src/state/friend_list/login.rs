//! The beginning of a login, which may start a refresh.

use std::time::Instant;

use policy::BootTime;

use super::warm_up::INTERVAL;
use super::{FriendListCache, State};
use crate::clock;

impl FriendListCache {
    /// Called for an authentication of a managed account, before its prompt. Does not wait. Nothing is sent while plex.tv wants
    /// no requests, after a failed refresh (which is repeated at its own time), or while the list is in doubt.
    pub(crate) fn warm_up(&self) {
        if self.source.limits.rate_limiter.check_breaker().is_err() {
            return;
        }
        if self.lock().request_warm_up(clock::now(), Instant::now()) {
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Requests a refresh if the list is old enough, and none is under way or impossible.
    pub(super) fn request_warm_up(&mut self, now: BootTime, instant: Instant) -> bool {
        let is_old = |age| age >= INTERVAL;
        let has_old_list =
            self.list.as_ref().is_some_and(|list| is_old(list.age(clock::adjusted(now, list.fetched_at))));
        let is_possible = !self.stopping && self.failure.is_none() && self.suspicion.is_none();
        let is_coming = self.wanted || self.misses.is_open() || self.is_reading();
        has_old_list && is_possible && !is_coming && self.warm_up.request(now, instant)
    }
}

#[cfg(test)]
mod tests;
