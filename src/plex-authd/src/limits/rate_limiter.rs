//! The way to plex.tv: the policy's throttle, shared by all sessions, kept in `state.db`, and its news in the log.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plex::Error;
use policy::{Admission, AttemptKey, BreakerOpen, Limits, Reason, Throttle};

use crate::clock;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store};

/// How long plex.tv is left alone when it says that it has had too many requests and not for how long.
const LIMITED_PAUSE: Duration = Duration::from_secs(60);

/// The longest that it is left alone for that.
const LONGEST_LIMITED: Duration = Duration::from_secs(900);

const LIMITED: &str = "plex.tv has had too many requests from here (429)";
const BLOCKED: &str =
    "plex.tv blocks this machine's address for too many wrong passwords (1031); it may take hours to end";

/// The gate.
pub(crate) struct RateLimiter {
    throttle: Mutex<Throttle>,
    answered: Condvar,
    store: Store,
    log: Log,
}

/// The right to have one password looked at, given back when it is dropped.
pub(crate) struct Permit {
    limiter: Arc<RateLimiter>,
    key: AttemptKey,
}

impl RateLimiter {
    pub(crate) fn new(throttle: Throttle, store: Store, log: Log) -> Self {
        Self { throttle: Mutex::new(throttle), answered: Condvar::new(), store, log }
    }

    /// Goes by other numbers from now on.
    pub(crate) fn follow(&self, limits: Limits) {
        self.lock().follow(limits);
    }

    /// How long a pair has to wait before its try is looked at.
    pub(crate) fn pause(&self, key: &AttemptKey) -> Duration {
        self.lock().pause(key, clock::now())
    }

    /// Waits for this one's turn to have a password looked at, by plex.tv or against a cached one. A login that waited for others of
    /// the same pair, and sees them turned out wrong, has the pause before them that everybody else would have: guesses are not
    /// faster side by side.
    ///
    /// # Errors
    /// Why it is not looked at.
    pub(crate) fn ask(self: &Arc<Self>, key: &AttemptKey, deadline: Instant) -> Result<Permit, Reason> {
        let mut throttle = self.lock();
        loop {
            if !throttle.pause(key, clock::now()).is_zero() {
                return Err(Reason::TooManyTries);
            }
            if throttle.ask(key, clock::now())? == Admission::Granted {
                return Ok(Permit { limiter: Arc::clone(self), key: key.clone() });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Reason::Unavailable("too many sign-ins wait for plex.tv's answer".into()));
            }
            throttle = self.answered.wait_timeout(throttle, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether plex.tv may be asked for anything now. Looked at right before each request.
    ///
    /// # Errors
    /// Why it is being left alone.
    pub(crate) fn open(&self) -> Result<(), Reason> {
        self.closed().map_or(Ok(()), |(why, _)| Err(why))
    }

    /// plex.tv has had too many requests, and says for how long it wants none, if it does.
    pub(crate) fn limited(&self, wait: Option<Duration>) {
        let span = wait.unwrap_or(LIMITED_PAUSE).clamp(Duration::from_secs(1), LONGEST_LIMITED);
        self.close(|throttle| throttle.limited(span, clock::now()));
    }

    /// Why plex.tv is being left alone, and for how much longer.
    pub(crate) fn closed(&self) -> Option<(Reason, Duration)> {
        let (closed, now) = (self.lock().closed(clock::now())?, clock::now());
        Some((closed.reason(), (closed.at + closed.span).since(now)))
    }

    /// How many sign-ins of this machine plex.tv has rejected within the last hour.
    pub(crate) fn rejected(&self) -> usize {
        self.lock().rejected_lately(clock::now())
    }

    /// Forgets the tries of an account, wherever they came from; whether there were any.
    pub(crate) fn forget(&self, account: &str) -> bool {
        self.lock().forget(account)
    }

    /// Notes a wrong try, whoever found it wrong.
    pub(crate) fn wrong(&self, key: &AttemptKey) {
        let tries = self.lock().wrong(key, clock::now());
        self.store.write(Change::Failures(key.clone(), tries));
    }

    /// Notes a right one.
    pub(crate) fn right(&self, key: &AttemptKey) {
        let tries = self.lock().right(key, clock::now());
        self.store.write(Change::Failures(key.clone(), tries));
    }

    fn close(&self, close: impl FnOnce(&mut Throttle) -> BreakerOpen) {
        let mut throttle = self.lock();
        let before = throttle.closed(clock::now());
        let closed = close(&mut throttle);
        drop(throttle);
        self.store.write(Change::BreakerOpen(closed));
        // Sign-ins that were under way together are all told the same.
        if before.is_some_and(|before| before.blocked == closed.blocked) {
            return;
        }
        let (what, span) = (if closed.blocked { BLOCKED } else { LIMITED }, closed.span.as_secs());
        self.log.error(format!("{what}; no password is sent there for {span} seconds"));
    }

    fn lock(&self) -> MutexGuard<'_, Throttle> {
        lock(&self.throttle)
    }
}

impl Permit {
    /// Notes a password that is not the cached one, and that plex.tv has not judged: it counts against the account, and against
    /// the machine as one that plex.tv rejected.
    pub(crate) fn guessed_wrong(&self) {
        self.rejected();
        self.limiter.wrong(&self.key);
    }

    fn rejected(&self) {
        let rejected = self.limiter.lock().rejected(&self.key, clock::now());
        self.limiter.store.write(Change::Rejected(rejected));
    }

    /// What plex.tv's answer means for those who come next.
    pub(crate) fn refused_with(&self, error: &Error) {
        match error {
            Error::Refused | Error::WrongCode | Error::EmailOnly | Error::Forbidden(_) => self.rejected(),
            Error::RateLimited(wait) => self.limiter.limited(*wait),
            Error::AddressBlocked => self.limiter.close(|throttle| throttle.blocked(clock::now())),
            // The password was right, or nobody knows.
            Error::CodeWanted | Error::UnknownCode | Error::Unreachable(_) | Error::Unavailable(_) => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.lock().answered(&self.key);
        self.limiter.answered.notify_all();
    }
}
