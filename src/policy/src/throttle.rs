//! Rate limits: guessing is slow, no user is locked out by another's guesses, and plex.tv has no reason to block this
//! machine's address.
//!
//! Four bounds, from the narrowest to the widest. Each key, an account and an origin, has a back-off that grows with
//! each failure. Each origin, and the machine as a whole, has an hourly budget of rejected sign-ins, part of which is
//! reserved for keys that have signed in before. The machine has a back-off while plex.tv gives no verdict. A circuit
//! breaker opens when plex.tv limits or blocks the machine.

mod admission;
mod breaker;
mod failures;
mod limits;
mod undecided;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

pub use admission::Admission;
pub use breaker::BreakerOpen;
use failures::FORGET;
pub use failures::{AttemptKey, Failures};
pub use limits::Limits;
use undecided::Undecided;
pub use undecided::{Lane, MAX_UNDECIDED, SignInResponse};

use crate::{BootTime, Reason};

/// Period of the budget.
const HOUR: Duration = Duration::from_secs(3600);

/// The most keys that are kept, since each new address of an attacker adds one.
const MAX_KEYS: usize = 10_000;

/// A sign-in that plex.tv rejected, or a wrong guess at a cached password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Time of the rejection.
    pub at: BootTime,
    /// Origin of the attempt.
    pub origin: String,
}

/// State of all rate limits.
#[derive(Debug, Clone)]
pub struct Throttle {
    limits: Limits,
    failures: HashMap<AttemptKey, Failures>,
    rejected: VecDeque<Rejected>,
    /// Number of checks in progress; each may fail.
    in_progress: HashMap<AttemptKey, usize>,
    /// Not stored: a restart, which is root's, allows five more sign-ins.
    undecided: Undecided,
    breaker: Option<BreakerOpen>,
}

impl Throttle {
    /// The state that an earlier process stored.
    #[must_use]
    pub fn new(
        limits: Limits,
        failures: HashMap<AttemptKey, Failures>,
        mut rejected: Vec<Rejected>,
        breaker: Option<BreakerOpen>,
    ) -> Self {
        rejected.sort_by_key(|rejected| rejected.at);
        let (in_progress, undecided) = (HashMap::new(), Undecided::default());
        Self { limits, failures, rejected: rejected.into(), in_progress, undecided, breaker }
    }

    /// Replaces the settings; the state is kept.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Time until the next attempt of a key is checked.
    #[must_use]
    pub fn backoff(&self, key: &AttemptKey, now: BootTime) -> Duration {
        let Some(failures) = self.failures.get(key) else { return Duration::ZERO };
        let Some(over) = failures.current(now).checked_sub(self.limits.free_tries) else { return Duration::ZERO };
        let pause = self.limits.first_pause.saturating_mul(1 << over.min(20)).min(self.limits.longest_pause);
        // A last attempt in the future has an age of zero, so the back-off is whole.
        pause.saturating_sub(now.since(failures.last))
    }

    /// Admits the check of a password, at plex.tv or against a cached one: both may be guesses, and both draw on one budget.
    /// [`Admission::Granted`] must be followed by [`Self::complete`]. The circuit breaker is [`Self::open_breaker`].
    ///
    /// # Errors
    /// [`Reason::BudgetSpent`]
    pub fn admit(&mut self, key: &AttemptKey, now: BootTime) -> Result<Admission, Reason> {
        self.expire(now);
        let all = self.limits.rejected_per_hour as usize;
        let (share, share_here) =
            if self.is_known(key, now) { (all, all) } else { (all - self.limits.reserve(), self.limits.per_origin()) };
        let here = self.rejected.iter().filter(|rejected| rejected.origin == key.origin).count();
        if self.rejected.len() >= share || here >= share_here {
            return Err(Reason::BudgetSpent);
        }
        let (pending, pending_here) = self.pending(|pending| pending.origin == key.origin);
        let own = self.in_progress.get(key).copied().unwrap_or_default();
        let failed = self.failures.get(key).map_or(0, |failures| failures.current(now)) as usize;
        // One check of a key at a time, except while failures are free: parallel guesses are no faster than sequential ones.
        let crowded = own > 0 && own + failed >= self.limits.free_tries as usize;
        if crowded || self.rejected.len() + pending >= share || here + pending_here >= share_here {
            return Ok(Admission::Queued);
        }
        *self.in_progress.entry(key.clone()).or_default() += 1;
        Ok(Admission::Granted)
    }

    /// The circuit breaker, if it is open.
    #[must_use]
    pub fn open_breaker(&self, now: BootTime) -> Option<BreakerOpen> {
        self.breaker.filter(|breaker| now < breaker.at + breaker.span)
    }

    /// Ends a check that [`Self::admit`] granted, with or without a response.
    pub fn complete(&mut self, key: &AttemptKey) {
        if let Some(own) = self.in_progress.get_mut(key) {
            *own -= 1;
            if *own == 0 {
                self.in_progress.remove(key);
            }
        }
    }

    /// The sign-ins that one of this key waits for during the back-off of the machine.
    #[must_use]
    pub fn lane(&self, key: &AttemptKey, now: BootTime) -> Lane {
        if self.is_known(key, now) { Lane::Known } else { Lane::Other }
    }

    /// Admits a sign-in at plex.tv, after [`Self::admit`] and the caches. [`Admission::Granted`] must be followed by
    /// [`Self::end_sign_in`]. A password that is cached for outages is not held up by the pause.
    ///
    /// # Errors
    /// The rest of the machine's back-off: the last five answers to sign-ins, or more, were no verdicts.
    pub fn start_sign_in(&mut self, lane: Lane, is_cached: bool, now: BootTime) -> Result<Admission, Duration> {
        self.undecided.start(lane, is_cached, now)
    }

    /// Ends a sign-in that [`Self::start_sign_in`] granted.
    pub fn end_sign_in(&mut self, lane: Lane, response: SignInResponse, now: BootTime) {
        self.undecided.end(lane, response, now);
    }

    /// True if the last five answers to sign-ins, or more, were no verdicts.
    #[must_use]
    pub fn is_backing_off(&self) -> bool {
        self.undecided.is_backing_off()
    }

    /// The rest of the machine's back-off, if there is one.
    #[must_use]
    pub fn sign_in_pause(&self, now: BootTime) -> Option<Duration> {
        self.undecided.pause(now)
    }

    /// Draws on the budget: plex.tv, or a cached password, rejected an attempt.
    pub fn record_rejection(&mut self, key: &AttemptKey, now: BootTime) -> Rejected {
        let rejected = Rejected { at: now, origin: key.origin.clone() };
        self.rejected.push_back(rejected.clone());
        rejected
    }

    /// Number of rejections within the last hour.
    pub fn recent_rejections(&mut self, now: BootTime) -> usize {
        self.expire(now);
        self.rejected.len()
    }

    /// Deletes the failures of an account from all origins; true if there were any. Its rejections still count: the budget
    /// is the machine's.
    pub fn forget(&mut self, account: &str) -> bool {
        let before = self.failures.len();
        self.failures.retain(|key, _| key.account != account);
        self.failures.len() < before
    }

    /// Counts a failure of a key; returns its state.
    pub fn record_failure(&mut self, key: &AttemptKey, now: BootTime) -> Failures {
        self.evict(now);
        let failures = self.failures.entry(key.clone()).or_insert(Failures { wrong: 0, last: now, succeeded: None });
        failures.wrong = failures.current(now).saturating_add(1);
        failures.last = now;
        *failures
    }

    /// Clears the failures of a key after a success; returns its state.
    pub fn record_success(&mut self, key: &AttemptKey, now: BootTime) -> Failures {
        self.evict(now);
        let failures = Failures { wrong: 0, last: now, succeeded: Some(now) };
        self.failures.insert(key.clone(), failures);
        failures
    }

    /// Opens the circuit breaker for the time that plex.tv demanded, after too many requests.
    pub fn rate_limited(&mut self, span: Duration, now: BootTime) -> BreakerOpen {
        self.open(BreakerOpen { at: now, span, blocked: false })
    }

    /// Opens the circuit breaker for `blocked_pause`, because plex.tv blocks this machine's address.
    pub fn address_blocked(&mut self, now: BootTime) -> BreakerOpen {
        self.open(BreakerOpen { at: now, span: self.limits.blocked_pause, blocked: true })
    }

    /// The later end counts: the response to an earlier request must not shorten what a later one demanded.
    fn open(&mut self, opened: BreakerOpen) -> BreakerOpen {
        let longer = match self.breaker {
            Some(before) if before.at + before.span > opened.at + opened.span => before,
            _ => opened,
        };
        *self.breaker.insert(longer)
    }

    /// Number of checks in progress: all, and those of the keys that `some` selects.
    fn pending(&self, some: impl Fn(&AttemptKey) -> bool) -> (usize, usize) {
        let of_some: usize = self.in_progress.iter().filter(|(key, _)| some(key)).map(|(_, count)| count).sum();
        (self.in_progress.values().sum(), of_some)
    }

    fn is_known(&self, key: &AttemptKey, now: BootTime) -> bool {
        self.failures.get(key).is_some_and(|failures| failures.is_known(now))
    }

    fn expire(&mut self, now: BootTime) {
        while self.rejected.front().is_some_and(|rejected| now.since(rejected.at) >= HOUR) {
            self.rejected.pop_front();
        }
    }

    /// Bounds the number of keys: removes expired ones first, then those that never signed in.
    fn evict(&mut self, now: BootTime) {
        if self.failures.len() < MAX_KEYS {
            return;
        }
        self.failures.retain(|_, failures| now.since(failures.last) < FORGET || failures.is_known(now));
        if self.failures.len() >= MAX_KEYS {
            self.failures.retain(|_, failures| failures.is_known(now));
        }
        if self.failures.len() >= MAX_KEYS {
            self.failures.clear();
        }
    }
}

#[cfg(test)]
mod tests;
