//! Whether plex.tv answers the sign-ins that are sent to it. A sign-in that had to wait for another one of its account, and
//! could not be sent in time, learns from this whether plex.tv is away: only then may the offline cache decide (R11, R69).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// A sign-in without an answer for this long counts as one that plex.tv does not answer.
const SILENCE: Duration = Duration::from_secs(1);

/// The sign-ins that are under way, and how the last ones ended.
#[derive(Debug, Default)]
pub(crate) struct Reachability(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    sent: BTreeMap<u64, Instant>,
    unanswered: Option<Instant>,
    answered: Option<Instant>,
}

/// A sign-in that is under way, until this is dropped.
pub(crate) struct Sent<'a> {
    reach: &'a Reachability,
    number: u64,
}

impl Reachability {
    /// Notes that a sign-in is sent.
    pub(crate) fn send(&self) -> Sent<'_> {
        let mut state = lock(&self.0);
        state.next += 1;
        let number = state.next;
        state.sent.insert(number, Instant::now());
        Sent { reach: self, number }
    }

    /// Whether plex.tv has left a sign-in without an answer since `start`, and answered none.
    pub(crate) fn is_silent_since(&self, start: Instant) -> bool {
        let state = lock(&self.0);
        let since = |moment: Option<Instant>| moment.is_some_and(|moment| moment >= start);
        let waiting = || state.sent.values().any(|sent| sent.elapsed() >= SILENCE);
        !since(state.answered) && (since(state.unanswered) || waiting())
    }
}

impl Sent<'_> {
    /// Notes that plex.tv answered, whatever it said.
    pub(crate) fn answered(self) {
        lock(&self.reach.0).answered = Some(Instant::now());
    }

    /// Notes that plex.tv could not be reached.
    pub(crate) fn unanswered(self) {
        lock(&self.reach.0).unanswered = Some(Instant::now());
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        lock(&self.reach.0).sent.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_r69_a_sign_in_without_an_answer_shows_that_plex_tv_is_away_and_any_answer_that_it_is_not() {
        let reach = Reachability::default();
        let start = Instant::now();
        assert!(!reach.is_silent_since(start), "nothing was sent");
        let first = reach.send();
        assert!(!reach.is_silent_since(start), "an answer takes its time");
        first.unanswered();
        assert!(reach.is_silent_since(start));
        assert!(!reach.is_silent_since(Instant::now()), "what was before says nothing");
        reach.send().answered();
        assert!(!reach.is_silent_since(start));
    }

    #[test]
    fn r11_a_sign_in_that_hangs_is_noticed_before_it_is_given_up() {
        let reach = Reachability::default();
        let start = Instant::now();
        let hanging = reach.send();
        std::thread::sleep(SILENCE);
        assert!(reach.is_silent_since(start));
        drop(hanging);
        assert!(!reach.is_silent_since(start), "given up without any news");
    }
}
