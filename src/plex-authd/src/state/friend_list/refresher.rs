//! The thread that refreshes the friend list.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use directory::Error;
use policy::{FriendList, MAX_RATE_LIMIT_PAUSE, Reason, Sent, rate_limit_pause};

use super::reading::Reading;
use super::suspicion::Suspicion;
use super::{FriendListCache, State};
use crate::clock;
use crate::state::store::Change;

/// The shortest pause after a failed refresh.
const PAUSE: Duration = Duration::from_secs(1);

/// Work of the thread.
enum Work {
    /// Read the list.
    Read,
    /// The list has been in doubt for as long as a list may be.
    EndDoubt,
    Stop,
}

impl FriendListCache {
    pub(super) fn run(&self) {
        loop {
            match self.wait_for_work() {
                Work::Read => self.refresh(),
                Work::EndDoubt => {
                    let latest = self.lock().suspicion.as_ref().map(|suspicion| Arc::clone(&suspicion.list));
                    if let Some(list) = latest {
                        self.publish(&list);
                        self.confirm(&mut self.lock(), list);
                    }
                }
                Work::Stop => return,
            }
        }
    }

    fn refresh(&self) {
        let (start, requests) = (Instant::now(), self.source.client.requests());
        // Before the list is requested, which then is the first one after they joined.
        let new_members = self.source.members.undecided();
        let outcome = self.read();
        for _ in requests..self.source.client.requests() {
            self.source.limits.rate_limiter.count(Sent::List);
        }
        self.source.limits.refusal_delay.record_refresh(start.elapsed());
        let outcome = outcome.map(|reading| match reading {
            Reading::Confirmed(list) => {
                let list = Arc::new(list);
                if list.binds_members() {
                    self.source.members.decide(&list, &new_members);
                }
                self.publish(&list);
                Ok(list)
            }
            Reading::Suspect(suspicion) => Err(suspicion),
        });
        let mut state = self.lock();
        state.wanted = false;
        state.misses.end();
        state.ended += 1;
        if outcome.is_ok() && state.failure.take().is_some() {
            self.log.info("the friend list can be read again");
        }
        match outcome {
            Ok(Ok(list)) => self.confirm(&mut state, list),
            Ok(Err(suspicion)) => self.doubt_list(&mut state, suspicion),
            Err(error) => self.record_failure(&mut state, &error),
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Tells the rest of the daemon about a list that is not in doubt.
    fn publish(&self, list: &Arc<FriendList>) {
        (self.source.on_update)(list);
        self.store.write(Change::FriendList(self.source.scope_id.clone(), Arc::clone(list), None));
    }

    /// Puts a list in force that is not in doubt.
    fn confirm(&self, state: &mut State, list: Arc<FriendList>) {
        self.log_source(state.list.as_deref(), &list);
        if let (Some(_), Some(earlier)) = (state.suspicion.take(), &state.confirmed) {
            let loss = self.source.rules.loss(earlier, &list);
            if loss.is_suspect() {
                let verb = if loss.missing.len() == 1 { "has" } else { "have" };
                self.log.warning(format!("the friend list is confirmed: {loss} no longer {verb} it"));
            } else {
                self.log.notice("the friend list is no longer in doubt: most people are listed again");
            }
        }
        state.list = Some(Arc::clone(&list));
        state.confirmed = Some(list);
    }

    /// Puts a suspect list in force. The missing people are refused, and nothing of theirs is deleted.
    fn doubt_list(&self, state: &mut State, suspicion: Suspicion) {
        self.log_source(state.list.as_deref(), &suspicion.list);
        let missing = |suspicion: &Suspicion| suspicion.loss.missing.clone();
        if state.suspicion.as_ref().map(missing) != Some(missing(&suspicion)) {
            self.log.warning(format!(
                "the friend list is in doubt: {}; until it is confirmed these people are refused, and their cached \
                 passwords and SMB entries are kept",
                suspicion.text()
            ));
            // A restart brings nobody back, whether plex.tv answers then or not.
            if let Some(confirmed) = &state.confirmed {
                let (scope_id, doubt) = (self.source.scope_id.clone(), suspicion.stored());
                self.store.write(Change::FriendList(scope_id, Arc::clone(confirmed), Some(doubt)));
            }
        }
        state.list = Some(Arc::clone(&suspicion.list));
        state.suspicion = Some(suspicion);
    }

    /// Waits until the list is about to expire or a login wants a new one.
    fn wait_for_work(&self) -> Work {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.stopping {
                return Work::Stop;
            }
            let doubt = state.suspicion.as_ref();
            // A reading that is due at once comes first: the doubt may be one of an earlier run.
            let is_due = state.wanted && state.failure.is_none();
            if !is_due && doubt.is_some_and(|doubt| doubt.is_expired(clock::now(), self.source.max_age)) {
                return Work::EndDoubt;
            }
            let soonest = state.failure.as_ref().map_or(now, |(_, retry_at)| *retry_at);
            // Early, so that no login finds the list expired.
            let refresh_age = self.source.max_age * 4 / 5;
            let regular =
                state.list.as_ref().map_or(soonest, |list| now + refresh_age.saturating_sub(list.age(clock::now())));
            // After a failure, only a login causes a refresh at the earliest time.
            let unhurried = if state.failure.is_some() { soonest + self.source.max_age / 10 } else { soonest };
            let again = doubt.map(|doubt| now + doubt.until_again(clock::now(), self.source.max_age));
            let regular = again.map_or(regular, |again| again.min(regular));
            let due = if state.wanted || state.misses.is_requested() { soonest } else { regular.max(unhurried) };
            let due = state.warm_up.due().map_or(due, |warm_up| due.min(warm_up.max(soonest)));
            if now >= due {
                state.begin_reading();
                return Work::Read;
            }
            // Doubt ends at its time, whether plex.tv answers or not.
            let end = doubt.map(|doubt| now + doubt.until_end(clock::now(), self.source.max_age));
            let wake = end.map_or(due, |end| end.min(due));
            state = self.changed.wait_timeout(state, wake - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Logs a change of the list's source.
    fn log_source(&self, before: Option<&FriendList>, list: &FriendList) {
        let before = before.and_then(|list| list.second_source.as_ref());
        match (before, &list.second_source) {
            (None, Some(why)) => self.log.warning(format!(
                "the friend list is read from the second source from now on, and each sign-in is also checked against \
                 the user's own list of servers: {}",
                protocol::printable(why, 512)
            )),
            (Some(_), None) => self.log.notice("the friend list is read from the first source again"),
            _ => {}
        }
    }

    fn record_failure(&self, state: &mut State, error: &Error) {
        let reason = match error {
            Error::WrongOwner { .. } => Reason::Unavailable(format!("plex.tv: {error}; correct one of them")),
            Error::Plex(plex::Error::Refused) => Reason::Unavailable(
                "plex.tv rejects the owner's token; get a new one and put it into the configuration".into(),
            ),
            Error::Plex(plex::Error::RateLimited(_)) => Reason::RateLimited,
            Error::Plex(plex::Error::AddressBlocked) => Reason::AddressBlocked,
            Error::Plex(plex::Error::Unreachable(_)) => Reason::Unreachable(error.to_string()),
            Error::Plex(_) => Reason::Unavailable(error.to_string()),
        };
        let pause = match error {
            Error::Plex(plex::Error::RateLimited(retry_after)) => rate_limit_pause(*retry_after),
            Error::Plex(plex::Error::AddressBlocked) => MAX_RATE_LIMIT_PAUSE,
            _ => PAUSE,
        };
        if state.failure.as_ref().is_none_or(|(before, _)| *before != reason) {
            self.log.warning(format!("the friend list cannot be read: {reason}"));
        }
        state.owner = None;
        state.failure = Some((reason, Instant::now() + pause));
    }
}
