//! Rate limit of requests to plex.tv: the policy's throttle, shared by all sessions and saved in `state.db`.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plex::Error;
use policy::{
    AttemptKey, BreakerOpen, Held, MAX_UNDECIDED, Origin, Pardoned, Reason, Recorded, Sent, SentLastHour, Share,
    Throttle,
};

use crate::clock;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store};

const LIMITED: &str = "plex.tv limits requests from this machine (429); no password is sent there";
const BLOCKED: &str = "plex.tv blocks this machine's address for too many wrong passwords (1031); it may take hours to \
                       end; no password is sent there";
const CODES_LIMITED: &str =
    "plex.tv limits link codes for this machine (429); none is requested, and passwords are still sent,";

/// The throttle; sessions wait here for a [`super::permit::Permit`].
pub(crate) struct RateLimiter {
    throttle: Mutex<Throttle>,
    /// Notified at the end of each check and of each sign-in.
    pub(super) answered: Condvar,
    store: Store,
    pub(super) log: Log,
}

/// Reason for a sign-in that is not sent during the back-off. It does not open the offline cache: what a stranger typed may
/// have provoked the answers before it (R69).
pub(crate) fn backing_off() -> Reason {
    Reason::Unavailable(format!(
        "plex.tv did not decide the last {MAX_UNDECIDED} sign-ins; until it does, one is sent every 30 seconds"
    ))
}

impl RateLimiter {
    pub(crate) fn new(throttle: Throttle, store: Store, log: Log) -> Self {
        Self { throttle: Mutex::new(throttle), answered: Condvar::new(), store, log }
    }

    /// Applies the limits of a new configuration.
    pub(crate) fn set_limits(&self, limits: policy::Limits) {
        self.lock().set_limits(limits);
    }

    /// Time until the next attempt with this key is allowed.
    pub(crate) fn backoff(&self, key: &AttemptKey) -> Duration {
        self.lock().backoff(key, clock::now())
    }

    /// True if the account has signed in from this origin within 30 days.
    pub(crate) fn is_known(&self, key: &AttemptKey) -> bool {
        self.lock().is_known(key, clock::now())
    }

    /// The share of the limits that attempts with this key draw on.
    pub(crate) fn share(&self, key: &AttemptKey) -> Share {
        self.lock().share(key, clock::now())
    }

    /// Waits for the end of another check or sign-in; `None` after the deadline.
    pub(super) fn wait_for_response<'a>(
        &self,
        throttle: MutexGuard<'a, Throttle>,
        deadline: Instant,
    ) -> Option<MutexGuard<'a, Throttle>> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        Some(self.answered.wait_timeout(throttle, left).unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Admits and draws one link code of this key, immediately before it is requested. What is then sent is counted with
    /// [`Self::count`].
    ///
    /// # Errors
    /// [`Reason::LinkCodesSpent`], and those of [`Self::check_link_breaker`].
    pub(crate) fn admit_code(&self, key: &AttemptKey) -> Result<(), Reason> {
        let mut throttle = self.lock();
        let entry = throttle.admit_code(key, clock::now())?;
        self.write(&throttle, Change::Counted(entry));
        Ok(())
    }

    /// Counts a request that is sent to plex.tv, whatever the response.
    pub(crate) fn count(&self, sent: Sent) {
        self.lock().count(sent, clock::now());
    }

    /// Number of requests to plex.tv within the last hour, by kind.
    pub(crate) fn sent_last_hour(&self) -> SentLastHour {
        self.lock().sent_last_hour(clock::now())
    }

    /// Checked before each sign-in with a password.
    ///
    /// # Errors
    /// [`Reason::AddressBlocked`] or [`Reason::RateLimited`] while the circuit breaker is open.
    pub(crate) fn check_breaker(&self) -> Result<(), Reason> {
        self.lock().open_breaker(clock::now()).map_or(Ok(()), |breaker| Err(breaker.reason()))
    }

    /// Checked before each poll for the approval of a link code.
    ///
    /// # Errors
    /// [`Reason::AddressBlocked`] or [`Reason::RateLimited`] while the circuit breaker of link codes, or that of everything, is
    /// open.
    pub(crate) fn check_link_breaker(&self) -> Result<(), Reason> {
        self.lock().open_link_breaker(clock::now()).map_or(Ok(()), |breaker| Err(breaker.reason()))
    }

    /// Reason and remaining time of an open circuit breaker, or of the machine's back-off.
    pub(crate) fn breaker(&self) -> Option<(Reason, Duration)> {
        let (throttle, now) = (self.lock(), clock::now());
        let open = throttle.open_breaker(now);
        let open = open.map(|breaker| (breaker.reason(), breaker.left(now)));
        open.or_else(|| throttle.sign_in_pause(now).map(|left| (backing_off(), left)))
    }

    /// Reason and remaining time of an open circuit breaker that stops link codes.
    pub(crate) fn link_breaker(&self) -> Option<(Reason, Duration)> {
        let now = clock::now();
        self.lock().open_link_breaker(now).map(|breaker| (breaker.reason(), breaker.left(now)))
    }

    /// Reason for the failure of a request that carries no password, which is always an outage. A 429 opens the breaker.
    pub(crate) fn outage(&self, error: Error) -> Reason {
        if let Error::RateLimited(retry_after) = error {
            self.rate_limited(retry_after);
        }
        reason(error)
    }

    /// Reason for the failure of a request for a link code, or of a poll, which is always an outage. A 429 opens the breaker of
    /// link codes only.
    pub(crate) fn code_outage(&self, error: Error) -> Reason {
        if let Error::RateLimited(retry_after) = error {
            let mut throttle = self.lock();
            let is_news = throttle.open_link_breaker(clock::now()).is_none();
            let breaker = throttle.codes_rate_limited(retry_after, clock::now());
            self.write(&throttle, Change::LinkBreakerOpen(breaker));
            drop(throttle);
            if is_news {
                self.log.error(format!("{CODES_LIMITED} for {} seconds", breaker.span.as_secs()));
            }
        }
        reason(error)
    }

    /// Number of sign-ins of this machine that plex.tv has rejected within the last hour.
    pub(crate) fn rejected_last_hour(&self) -> usize {
        self.lock().recent_rejections(clock::now())
    }

    /// The refusal of a sign-in with this key that is in force now.
    pub(crate) fn held(&self, key: &AttemptKey) -> Option<Held> {
        self.lock().held(key, clock::now())
    }

    /// Origins at which something may be held against an account.
    pub(crate) fn origins(&self, account: &str) -> Vec<Origin> {
        self.lock().origins(account)
    }

    /// When a refused user may try again, if they may be told.
    pub(crate) fn retry_after(&self, key: &AttemptKey, reason: &Reason) -> Option<Duration> {
        self.lock().retry_after(key, reason, clock::now())
    }

    /// Clears what is held at an origin, against one account or all; false if there was nothing.
    pub(crate) fn pardon(&self, account: Option<&str>, origin: &Origin) -> bool {
        let mut throttle = self.lock();
        let Pardoned { failures, requests } = throttle.pardon(account, Some(origin));
        let any = requests > 0 || !failures.is_empty();
        for (key, failures) in failures {
            self.write(&throttle, Change::Failures(key, failures));
        }
        self.write(&throttle, Change::ForgetSent(account.map(str::to_owned), origin.clone()));
        any
    }

    /// Forgets the failures of an account, from all origins, and its part of the budgets; false if there were none. Their rows are
    /// deleted with the whole account's, by [`Change::ForgetAccount`].
    pub(crate) fn forget(&self, account: &str) -> bool {
        self.lock().forget(account)
    }

    /// Records a failed attempt.
    pub(crate) fn record_failure(&self, key: &AttemptKey) {
        let mut throttle = self.lock();
        let recorded = throttle.record_failure(key, clock::now());
        self.save(&throttle, key, recorded);
    }

    /// Records a successful attempt.
    pub(crate) fn record_success(&self, key: &AttemptKey) {
        let mut throttle = self.lock();
        let recorded = throttle.record_success(key, clock::now());
        let is_taken_back = throttle.take_back(key);
        self.save(&throttle, key, recorded);
        if is_taken_back {
            self.write(&throttle, Change::TakenBack(key.clone()));
        }
    }

    fn save(&self, held: &MutexGuard<Throttle>, key: &AttemptKey, Recorded { failures, evicted }: Recorded) {
        self.write(held, Change::Failures(key.clone(), failures));
        for evicted in evicted {
            self.write(held, Change::ForgetFailures(evicted));
        }
    }

    /// Stores a change while the throttle is still locked: rows are written in the order of the changes, so that none
    /// replaces a later one.
    pub(super) fn write(&self, _held: &MutexGuard<Throttle>, change: Change) {
        self.store.write(change);
    }

    pub(super) fn rate_limited(&self, retry_after: Option<Duration>) {
        self.open_breaker(|throttle| throttle.rate_limited(retry_after, clock::now()));
    }

    pub(super) fn open_breaker(&self, open: impl FnOnce(&mut Throttle) -> BreakerOpen) {
        let mut throttle = self.lock();
        let before = throttle.open_breaker(clock::now());
        let breaker = open(&mut throttle);
        self.write(&throttle, Change::BreakerOpen(breaker));
        drop(throttle);
        // Concurrent sign-ins all get the same answer; it is logged once.
        if before.is_some_and(|before| before.blocked == breaker.blocked) {
            return;
        }
        let (what, seconds) = (if breaker.blocked { BLOCKED } else { LIMITED }, breaker.span.as_secs());
        self.log.error(format!("{what} for {seconds} seconds"));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Throttle> {
        lock(&self.throttle)
    }
}

fn reason(error: Error) -> Reason {
    match error {
        Error::RateLimited(_) => Reason::RateLimited,
        Error::Unreachable(why) => Reason::Unreachable(format!("plex.tv: {why}")),
        other => Reason::Unavailable(format!("plex.tv: {other}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::sync::Barrier;
    use std::thread::scope;

    use policy::SavedLimits;

    use super::*;
    use crate::state::store;

    /// A row that was written before an earlier one was lost at the next restart.
    #[test]
    fn r19_concurrent_failures_are_stored_in_the_order_in_which_they_are_counted() {
        const THREADS: usize = 4;
        let (directory, log) = (tempfile::tempdir().unwrap(), Log::start());
        let (store, _, worker) = store::open(directory.path(), &log).unwrap();
        let throttle = Throttle::new(policy::Limits::default(), SavedLimits::default());
        let limiter = RateLimiter::new(throttle, store, log.clone());
        let key = |n: usize| AttemptKey { account: format!("user{n}"), origin: "192.0.2.1".into() };
        let start = Barrier::new(THREADS);
        for n in 0..1500 {
            scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        start.wait();
                        limiter.record_failure(&key(n));
                    });
                }
            });
            assert!(n % 100 > 0 || limiter.store.is_written());
        }
        assert!(limiter.store.is_written());
        drop(limiter);
        worker.finish();
        let (_store, saved, _worker) = store::open(directory.path(), &log).unwrap();
        let wrong = (0..1500).map(|n| saved.limits.failures.get(&key(n)).unwrap().wrong);
        assert_eq!(wrong.filter(|wrong| *wrong != 4).count(), 0);
    }
}
