//! Permission to check one password, and what the attempt counts as when it ends.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use plex::Error;
use policy::{AttemptKey, Ending, Reason, Sent, SignInStatus, Ticket};

use crate::clock;
use crate::limits::rate_limiter::RateLimiter;
use crate::state::store::Change;

/// Permission to check one password. When it is dropped, the attempt counts: as what was recorded last, except that a wrong
/// guess stays one.
pub(crate) struct Permit {
    pub(super) limiter: Arc<RateLimiter>,
    pub(super) key: AttemptKey,
    pub(super) ticket: Ticket,
    ending: Cell<Ending>,
    /// The attempt is counted as a wrong guess. One attempt is one guess, whatever it is compared with.
    is_counted: Cell<bool>,
}

impl RateLimiter {
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
            if let Some(ticket) = throttle.admit(key, clock::now())? {
                return Ok(Permit::new(Arc::clone(self), key.clone(), ticket));
            }
            let late = || Reason::Unavailable("too many sign-ins wait for plex.tv's answer".into());
            throttle = self.wait_for_response(throttle, deadline).ok_or_else(late)?;
        }
    }
}

impl Permit {
    fn new(limiter: Arc<RateLimiter>, key: AttemptKey, ticket: Ticket) -> Self {
        Self { limiter, key, ticket, ending: Cell::new(Ending::Nothing), is_counted: Cell::new(false) }
    }

    /// Records a password that differs from the cached one while plex.tv is unreachable, or that plex.tv rejects without a
    /// code: it counts as a failure, and in the budget as a rejected sign-in. Only the first call counts.
    pub(crate) fn record_wrong_guess(&self) {
        self.ending.set(Ending::Rejected);
        if !self.is_counted.replace(true) {
            self.limiter.record_failure(&self.key);
        }
    }

    /// The sign-in ended in a login.
    pub(crate) fn record_login(&self) {
        self.ending.set(Ending::Accepted);
    }

    /// The sign-in had no answer, and the offline cache accepted the password, so it is no guess.
    pub(crate) fn record_offline_login(&self) {
        self.ending.set(Ending::Nothing);
    }

    /// The sign-in was accepted, but an outage prevented the confirmation of the identity.
    pub(crate) fn record_unconfirmed(&self) {
        self.end_with(Ending::Undecided);
    }

    /// A sign-in is sent; until there is a response, it counts as one without an answer.
    pub(super) fn record_sent(&self) {
        self.end_with(Ending::Undecided);
    }

    /// Records the result of a sign-in. An accepted one counts as rejected until it ends in a login.
    pub(super) fn record_result<T>(&self, result: &Result<T, Error>) {
        let Err(error) = result else {
            self.limiter.count(Sent::SignIn(SignInStatus::Accepted));
            return self.end_with(Ending::Rejected);
        };
        let (answer, ending) = match error {
            Error::Refused | Error::WrongCode | Error::EmailOnly | Error::Forbidden(_) | Error::RefusedWithoutCode => {
                (SignInStatus::Rejected, Ending::Rejected)
            }
            Error::CodeWanted => (SignInStatus::CodeRequired, Ending::CodeRequired),
            Error::UnknownCode
            | Error::Unreachable(_)
            | Error::ServerError(_)
            | Error::Unavailable(_)
            | Error::RateLimited(_)
            | Error::AddressBlocked => (SignInStatus::Undecided, Ending::Undecided),
        };
        self.limiter.count(Sent::SignIn(answer));
        self.end_with(ending);
        match error {
            Error::RefusedWithoutCode => self.record_wrong_guess(),
            Error::RateLimited(retry_after) => self.limiter.rate_limited(*retry_after),
            Error::AddressBlocked => self.limiter.open_breaker(|throttle| throttle.address_blocked(clock::now())),
            _ => {}
        }
    }

    fn end_with(&self, ending: Ending) {
        if !self.is_counted.get() {
            self.ending.set(ending);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut throttle = self.limiter.lock();
        if let Some(entry) = throttle.settle(self.ticket, self.ending.get(), clock::now()) {
            self.limiter.write(&throttle, Change::Counted(entry));
        }
        drop(throttle);
        self.limiter.answered.notify_all();
    }
}
