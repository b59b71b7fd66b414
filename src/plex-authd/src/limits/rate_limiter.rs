//! Rate limit of requests to plex.tv: the policy's throttle, shared by all sessions and saved in `state.db`.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plex::Error;
use policy::{Admission, AttemptKey, BreakerOpen, MAX_UNDECIDED, Reason, Throttle};

use crate::clock;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store};

/// Pause after a 429 from plex.tv without a `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that a `Retry-After` can cause.
const MAX_PAUSE: Duration = Duration::from_secs(900);

const LIMITED: &str = "plex.tv has had too many requests from here (429)";
const BLOCKED: &str =
    "plex.tv blocks this machine's address for too many wrong passwords (1031); it may take hours to end";

/// The throttle; sessions wait here for a [`Permit`].
pub(crate) struct RateLimiter {
    throttle: Mutex<Throttle>,
    /// Notified at the end of each check and of each sign-in.
    pub(super) answered: Condvar,
    store: Store,
    pub(super) log: Log,
}

/// Permission to check one password, released on drop.
pub(crate) struct Permit {
    pub(super) limiter: Arc<RateLimiter>,
    pub(super) key: AttemptKey,
    /// The attempt is counted as a wrong guess. One attempt is one guess, whatever it is compared with.
    is_counted: Cell<bool>,
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

    /// Waits for a permit to check one password, at plex.tv or against a cached one. The back-off is checked again after each
    /// wait, so parallel guesses for one key are no faster than sequential ones.
    ///
    /// # Errors
    /// [`Reason::TooManyTries`] during a back-off, [`Reason::Unavailable`] at the deadline, and those of the throttle.
    pub(crate) fn acquire(self: &Arc<Self>, key: &AttemptKey, deadline: Instant) -> Result<Permit, Reason> {
        let mut throttle = self.lock();
        loop {
            if !throttle.backoff(key, clock::now()).is_zero() {
                return Err(Reason::TooManyTries);
            }
            if throttle.admit(key, clock::now())? == Admission::Granted {
                return Ok(Permit { limiter: Arc::clone(self), key: key.clone(), is_counted: Cell::new(false) });
            }
            let late = || Reason::Unavailable("too many sign-ins wait for plex.tv's answer".into());
            throttle = self.wait_for_response(throttle, deadline).ok_or_else(late)?;
        }
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

    /// Checked before each request to plex.tv.
    ///
    /// # Errors
    /// [`Reason::AddressBlocked`] or [`Reason::RateLimited`] while the circuit breaker is open.
    pub(crate) fn check_breaker(&self) -> Result<(), Reason> {
        self.lock().open_breaker(clock::now()).map_or(Ok(()), |breaker| Err(breaker.reason()))
    }

    /// Reason and remaining time of an open circuit breaker, or of the machine's back-off.
    pub(crate) fn breaker(&self) -> Option<(Reason, Duration)> {
        let (throttle, now) = (self.lock(), clock::now());
        let open = throttle.open_breaker(now);
        let open = open.map(|breaker| (breaker.reason(), (breaker.at + breaker.span).since(now)));
        open.or_else(|| throttle.sign_in_pause(now).map(|left| (backing_off(), left)))
    }

    /// Reason for the failure of a request that carries no password, which is always an outage. A 429 opens the breaker.
    pub(crate) fn outage(&self, error: Error) -> Reason {
        match error {
            Error::RateLimited(retry_after) => {
                self.rate_limited(retry_after);
                Reason::RateLimited
            }
            Error::Unreachable(why) => Reason::Unreachable(format!("plex.tv: {why}")),
            other => Reason::Unavailable(format!("plex.tv: {other}")),
        }
    }

    /// Number of sign-ins of this machine that plex.tv has rejected within the last hour.
    pub(crate) fn rejected_last_hour(&self) -> usize {
        self.lock().recent_rejections(clock::now())
    }

    /// Forgets the failures of an account, from all origins; false if there were none. Their rows are deleted with the whole
    /// account's, by [`Change::ForgetAccount`].
    pub(crate) fn forget(&self, account: &str) -> bool {
        self.lock().forget(account)
    }

    /// Records a failed attempt.
    pub(crate) fn record_failure(&self, key: &AttemptKey) {
        let failures = self.lock().record_failure(key, clock::now());
        self.store.write(Change::Failures(key.clone(), failures));
    }

    /// Records a successful attempt.
    pub(crate) fn record_success(&self, key: &AttemptKey) {
        let failures = self.lock().record_success(key, clock::now());
        self.store.write(Change::Failures(key.clone(), failures));
    }

    fn rate_limited(&self, retry_after: Option<Duration>) {
        let pause = retry_after.unwrap_or(DEFAULT_PAUSE).clamp(Duration::from_secs(1), MAX_PAUSE);
        self.open_breaker(|throttle| throttle.rate_limited(pause, clock::now()));
    }

    fn open_breaker(&self, open: impl FnOnce(&mut Throttle) -> BreakerOpen) {
        let mut throttle = self.lock();
        let before = throttle.open_breaker(clock::now());
        let breaker = open(&mut throttle);
        drop(throttle);
        self.store.write(Change::BreakerOpen(breaker));
        // Concurrent sign-ins all get the same answer; it is logged once.
        if before.is_some_and(|before| before.blocked == breaker.blocked) {
            return;
        }
        let (what, seconds) = (if breaker.blocked { BLOCKED } else { LIMITED }, breaker.span.as_secs());
        self.log.error(format!("{what}; no password is sent there for {seconds} seconds"));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Throttle> {
        lock(&self.throttle)
    }
}

impl Permit {
    /// Records a password that differs from the cached one while plex.tv is unreachable, or that plex.tv rejects without a
    /// code: it counts as a failure, and in the machine's budget as a rejected sign-in. Only the first call counts.
    pub(crate) fn record_wrong_guess(&self) {
        if !self.is_counted.replace(true) {
            self.record_rejection();
            self.limiter.record_failure(&self.key);
        }
    }

    /// Records an error of plex.tv in the machine's budget or in the circuit breaker.
    pub(super) fn record_error(&self, error: &Error) {
        match error {
            Error::Refused | Error::WrongCode | Error::EmailOnly | Error::Forbidden(_) => self.record_rejection(),
            Error::RefusedWithoutCode => self.record_wrong_guess(),
            Error::RateLimited(retry_after) => self.limiter.rate_limited(*retry_after),
            Error::AddressBlocked => self.limiter.open_breaker(|throttle| throttle.address_blocked(clock::now())),
            // The password was right, or plex.tv did not check it.
            Error::CodeWanted
            | Error::UnknownCode
            | Error::Unreachable(_)
            | Error::ServerError(_)
            | Error::Unavailable(_) => {}
        }
    }

    fn record_rejection(&self) {
        let rejected = self.limiter.lock().record_rejection(&self.key, clock::now());
        self.limiter.store.write(Change::Rejected(rejected));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.lock().complete(&self.key);
        self.limiter.answered.notify_all();
    }
}
