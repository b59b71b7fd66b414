//! The thread that refreshes the friend list.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use directory::Error;
use policy::{FriendList, Reason};

use super::{FriendListCache, State};
use crate::clock;
use crate::state::store::Change;

/// The shortest pause after a failed refresh.
const PAUSE: Duration = Duration::from_secs(1);

/// Pause after a 429 from plex.tv without a `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that a `Retry-After` can cause.
const MAX_PAUSE: Duration = Duration::from_secs(900);

impl FriendListCache {
    pub(super) fn run(&self) {
        while self.wait_for_work() {
            let start = Instant::now();
            let outcome = self.read().map(Arc::new);
            self.source.limits.refusal_delay.record_refresh(start.elapsed());
            if let Ok(list) = &outcome {
                (self.source.on_update)(list);
                self.store.write(Change::FriendList(self.source.scope_id.clone(), Arc::clone(list)));
            }
            let mut state = self.lock();
            state.wanted = false;
            state.misses.end();
            match outcome {
                Ok(list) => {
                    if state.failure.take().is_some() {
                        self.log.info("the friend list can be had again");
                    }
                    self.log_source(state.list.as_deref(), &list);
                    state.list = Some(list);
                }
                Err(error) => self.record_failure(&mut state, &error),
            }
            self.changed.notify_all();
        }
    }

    /// Waits until the list is about to expire or a login wants a new one; false when the thread is to end.
    fn wait_for_work(&self) -> bool {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.stopping {
                return false;
            }
            let soonest = state.failure.as_ref().map_or(now, |(_, retry_at)| *retry_at);
            // Early, so that no login finds the list expired.
            let refresh_age = self.source.max_age * 4 / 5;
            let regular =
                state.list.as_ref().map_or(soonest, |list| now + refresh_age.saturating_sub(list.age(clock::now())));
            // After a failure, only a login causes a refresh at the earliest time.
            let unhurried = if state.failure.is_some() { soonest + self.source.max_age / 10 } else { soonest };
            let due = if state.wanted || state.misses.is_requested() { soonest } else { regular.max(unhurried) };
            if now >= due {
                state.misses.begin();
                return true;
            }
            state = self.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Logs a change of the list's source.
    fn log_source(&self, before: Option<&FriendList>, list: &FriendList) {
        let before = before.and_then(|list| list.second_source.as_ref());
        match (before, &list.second_source) {
            (None, Some(why)) => self.log.warning(format!(
                "the friend list is read from the second source from now on, and each sign-in is confirmed by the user's \
                 own servers: {}",
                protocol::printable(why, 512)
            )),
            (Some(_), None) => self.log.notice("the friend list is read from the first source again"),
            _ => {}
        }
    }

    fn record_failure(&self, state: &mut State, error: &Error) {
        let reason = match error {
            Error::WrongOwner { .. } => Reason::Unavailable(format!("plex.tv: {error}; mend one of them")),
            Error::Plex(plex::Error::Refused) => Reason::Unavailable(
                "plex.tv does not take the owner's token; get a new one and put it into the configuration".into(),
            ),
            Error::Plex(plex::Error::RateLimited(_)) => Reason::RateLimited,
            Error::Plex(plex::Error::AddressBlocked) => Reason::AddressBlocked,
            Error::Plex(plex::Error::Unreachable(_)) => Reason::Unreachable(error.to_string()),
            Error::Plex(_) => Reason::Unavailable(error.to_string()),
        };
        let pause = match error {
            Error::Plex(plex::Error::RateLimited(retry_after)) => {
                retry_after.unwrap_or(DEFAULT_PAUSE).clamp(PAUSE, MAX_PAUSE)
            }
            Error::Plex(plex::Error::AddressBlocked) => MAX_PAUSE,
            _ => PAUSE,
        };
        if state.failure.as_ref().is_none_or(|(before, _)| *before != reason) {
            self.log.warning(format!("the friend list cannot be had: {reason}"));
        }
        state.owner = None;
        state.failure = Some((reason, Instant::now() + pause));
    }
}
