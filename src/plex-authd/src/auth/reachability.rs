//! Reachability of plex.tv, from the sign-ins sent to it. It decides about a sign-in that waited for another one of its account
//! and could not be sent in time: only if plex.tv is unreachable, the offline cache applies (R11, R69).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// A sign-in without a response for this long counts as unanswered.
const SILENCE: Duration = Duration::from_secs(1);

/// Sign-ins in progress, and when the last ones ended with and without a response.
#[derive(Debug, Default)]
pub(crate) struct Reachability(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_number: u64,
    pending: BTreeMap<u64, Instant>,
    last_unanswered: Option<Instant>,
    last_answered: Option<Instant>,
}

/// A sign-in in progress, until this is dropped.
pub(crate) struct Pending<'a> {
    reachability: &'a Reachability,
    number: u64,
}

impl Reachability {
    /// Records that a sign-in is sent.
    pub(crate) fn begin(&self) -> Pending<'_> {
        let mut state = lock(&self.0);
        state.last_number += 1;
        let number = state.last_number;
        state.pending.insert(number, Instant::now());
        Pending { reachability: self, number }
    }

    /// Since `start`, plex.tv has left a sign-in unanswered and answered none.
    pub(crate) fn is_silent_since(&self, start: Instant) -> bool {
        let state = lock(&self.0);
        let since = |time: Option<Instant>| time.is_some_and(|time| time >= start);
        let hanging = || state.pending.values().any(|sent| sent.elapsed() >= SILENCE);
        !since(state.last_answered) && (since(state.last_unanswered) || hanging())
    }
}

impl Pending<'_> {
    /// Records that plex.tv responded, with any result.
    pub(crate) fn answered(self) {
        lock(&self.reachability.0).last_answered = Some(Instant::now());
    }

    /// Records that plex.tv was unreachable.
    pub(crate) fn unanswered(self) {
        lock(&self.reachability.0).last_unanswered = Some(Instant::now());
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        lock(&self.reachability.0).pending.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_r69_plex_tv_is_unreachable_after_an_unanswered_sign_in_and_reachable_after_any_response() {
        let reachability = Reachability::default();
        let start = Instant::now();
        assert!(!reachability.is_silent_since(start), "nothing was sent");
        let first = reachability.begin();
        assert!(!reachability.is_silent_since(start), "a response needs some time");
        first.unanswered();
        assert!(reachability.is_silent_since(start));
        assert!(!reachability.is_silent_since(Instant::now()), "earlier sign-ins do not count");
        reachability.begin().answered();
        assert!(!reachability.is_silent_since(start));
    }

    #[test]
    fn r11_a_hanging_sign_in_counts_as_unanswered_before_it_times_out() {
        let reachability = Reachability::default();
        let start = Instant::now();
        let hanging = reachability.begin();
        std::thread::sleep(SILENCE);
        assert!(reachability.is_silent_since(start));
        drop(hanging);
        assert!(!reachability.is_silent_since(start), "cancelled without a result");
    }
}
