//! Sign-ins in progress at plex.tv, and the back-off of the machine while plex.tv gives no verdict on them.

use std::time::Instant;

use plex::Error;
use policy::{Admission, Hold, Lane, MAX_UNDECIDED, SignInResponse};

use crate::clock;
use crate::limits::permit::Permit;
use crate::limits::rate_limiter::RateLimiter;

/// Why a sign-in is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// Those before it had no response by the deadline.
    TimedOut,
    /// The machine's back-off.
    BackingOff,
    /// The account was signed in `sign_ins_per_hour` times within the hour.
    Spent,
}

impl From<Hold> for NotSent {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::BackingOff(_) => Self::BackingOff,
            Hold::SignInsSpent => Self::Spent,
        }
    }
}

/// A sign-in in progress. Dropped without [`Self::record`], it had no response.
pub(crate) struct SignIn<'a> {
    permit: &'a Permit,
    lane: Lane,
    response: SignInResponse,
    /// The error that is no verdict, for the log.
    why: String,
}

impl Permit {
    /// Waits until a sign-in may be sent. With `is_cached`, the password is one that plex.tv accepted lately, so that there is
    /// no pause before it.
    ///
    /// # Errors
    /// [`NotSent`]
    pub(crate) fn start_sign_in(&self, is_cached: bool, deadline: Instant) -> Result<SignIn<'_>, NotSent> {
        let mut throttle = self.limiter.lock();
        loop {
            let lane = throttle.lane(&self.key, clock::now());
            match throttle.start_sign_in(self.ticket, lane, is_cached, clock::now())? {
                Admission::Granted => {
                    drop(throttle);
                    self.record_sent();
                    return Ok(SignIn { permit: self, lane, response: SignInResponse::Uncounted, why: String::new() });
                }
                Admission::Queued => {
                    throttle = self.limiter.wait_for_response(throttle, deadline).ok_or(NotSent::TimedOut)?;
                }
            }
        }
    }
}

impl SignIn<'_> {
    /// Records the result, in each limit that it concerns.
    pub(crate) fn record<T>(mut self, result: &Result<T, Error>) {
        self.permit.record_result(result);
        match result {
            Ok(_) => self.response = SignInResponse::Verdict,
            Err(error) => (self.response, self.why) = (response(error), error.to_string()),
        }
    }
}

impl Drop for SignIn<'_> {
    fn drop(&mut self) {
        self.permit.limiter.end_sign_in(self.lane, self.response, &self.why);
    }
}

impl RateLimiter {
    fn end_sign_in(&self, lane: Lane, response: SignInResponse, why: &str) {
        let mut throttle = self.lock();
        let before = throttle.is_backing_off();
        throttle.end_sign_in(lane, response, clock::now());
        let after = throttle.is_backing_off();
        drop(throttle);
        self.answered.notify_all();
        match (before, after) {
            (false, true) => self.log.warning(format!(
                "plex.tv did not decide the last {MAX_UNDECIDED} sign-ins ({why}); until it does, one is sent every 30 \
                 seconds"
            )),
            (true, false) => self.log.info("plex.tv decides sign-ins again"),
            _ => {}
        }
    }
}

/// The response that an error is. A 401 without a code has a limit of its own: it is counted as a rejection.
fn response(error: &Error) -> SignInResponse {
    match error {
        Error::Refused | Error::CodeWanted | Error::WrongCode | Error::EmailOnly | Error::Forbidden(_) => {
            SignInResponse::Verdict
        }
        Error::UnknownCode | Error::Unavailable(_) | Error::ServerError(_) => SignInResponse::Undecided,
        Error::RefusedWithoutCode | Error::AddressBlocked | Error::RateLimited(_) | Error::Unreachable(_) => {
            SignInResponse::Uncounted
        }
    }
}
