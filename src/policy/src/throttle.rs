//! Rate limits: guessing is slow, no user is locked out by another's guesses, and plex.tv has no reason to block this
//! machine's address.
//!
//! Each key, an account and an origin, has a back-off that grows with each failure. Sign-ins that are not accepted draw on an
//! hourly budget, and so do link codes on one of their own; both are divided into shares, see [`budget`]. Each account has an
//! hourly number of sign-ins in each share, accepted ones included. The machine has a back-off while plex.tv gives no verdict. Circuit
//! breakers open when plex.tv limits or blocks the machine: one for everything, and one for link codes alone.

mod admission;
mod breaker;
mod budget;
mod failures;
pub mod held;
mod hourly;
mod limits;
mod sent;
mod share;
mod undecided;

use std::collections::HashMap;
use std::time::Duration;

pub use admission::Admission;
use breaker::Breaker;
pub use breaker::{BreakerOpen, MAX_RATE_LIMIT_PAUSE, rate_limit_pause};
use budget::Budget;
pub use budget::{Counted, Ending, Entry, Ticket};
pub use failures::{AttemptKey, Failures, Recorded, surplus};
pub use limits::Limits;
use sent::SentCounts;
pub use sent::{Sent, SentLastHour, SignInStatus};
pub use share::Share;
use undecided::Undecided;
pub use undecided::{Lane, MAX_UNDECIDED, SignInResponse};

use crate::{BootTime, Reason};

/// State of the rate limits that outlives the process.
#[derive(Debug, Clone, Default)]
pub struct SavedLimits {
    /// Failures and last success by key.
    pub failures: HashMap<AttemptKey, Failures>,
    /// Requests of the last hour.
    pub entries: Vec<Entry>,
    /// The circuit breaker, if it has opened.
    pub breaker: Option<BreakerOpen>,
    /// That of link codes.
    pub link_breaker: Option<BreakerOpen>,
}

/// State of all rate limits.
#[derive(Debug, Clone)]
pub struct Throttle {
    limits: Limits,
    failures: HashMap<AttemptKey, Failures>,
    sign_ins: Budget,
    link_codes: Budget,
    sent: SentCounts,
    /// Not stored: a restart, which is root's, allows five more sign-ins.
    undecided: Undecided,
    breaker: Breaker,
    link_breaker: Breaker,
}

/// Why a sign-in is not sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The rest of the machine's back-off: the last five answers to sign-ins, or more, were no verdicts.
    BackingOff(Duration),
    /// `sign_ins_per_hour` sign-ins of the account, in the share of this one, were sent within the hour.
    SignInsSpent,
}

impl Throttle {
    /// The state that an earlier process stored.
    #[must_use]
    pub fn new(limits: Limits, saved: SavedLimits) -> Self {
        let SavedLimits { failures, mut entries, breaker, link_breaker } = saved;
        entries.sort_by_key(|entry| entry.at);
        let mut sent = SentCounts::default();
        for entry in &entries {
            if let Some(kind) = Sent::from_entry(entry.counted) {
                sent.count(kind, entry.at);
            }
        }
        let (codes, sign_ins) = entries.into_iter().partition(|entry| entry.counted == Counted::LinkCode);
        Self {
            limits,
            failures,
            sign_ins: Budget::new(sign_ins),
            link_codes: Budget::new(codes),
            sent,
            undecided: Undecided::default(),
            breaker: Breaker(breaker),
            link_breaker: Breaker(link_breaker),
        }
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
        let pause = self.limits.first_pause.saturating_mul(1 << over.min(20)).min(self.limits.longest_pause(key));
        // A last attempt in the future has an age of zero, so the back-off is whole.
        pause.saturating_sub(now.since(failures.last))
    }

    /// True if the account has signed in from this origin within 30 days.
    #[must_use]
    pub fn is_known(&self, key: &AttemptKey, now: BootTime) -> bool {
        self.failures.get(key).is_some_and(|failures| failures.is_known(now))
    }

    /// The share of the limits that attempts of this key draw on.
    #[must_use]
    pub fn share(&self, key: &AttemptKey, now: BootTime) -> Share {
        Share::of(key, self.is_known(key, now))
    }

    /// Admits the check of a password, at plex.tv or against a cached one: both may be guesses, and both draw on one budget.
    /// A ticket must be followed by [`Self::settle`]; `None` means that the attempts in progress count first. The circuit
    /// breaker is [`Self::open_breaker`].
    ///
    /// # Errors
    /// [`Reason::BudgetSpent`]
    pub fn admit(&mut self, key: &AttemptKey, now: BootTime) -> Result<Option<Ticket>, Reason> {
        let known = self.is_known(key, now);
        let own = self.sign_ins.in_progress(key);
        let failed = self.failures.get(key).map_or(0, |failures| failures.current(now)) as usize;
        // One check of a key at a time, except while failures are free: parallel guesses are no faster than sequential ones.
        let crowded = own > 0 && own + failed >= self.limits.free_tries as usize;
        let number = self.limits.rejected();
        let admitted = if crowded {
            self.sign_ins.check(number, key, known, now).map(|_| None)
        } else {
            self.sign_ins.reserve(number, key, known, now)
        };
        admitted.map_err(|_| Reason::BudgetSpent)
    }

    /// Ends an attempt that [`Self::admit`] granted. Returns what is to be stored.
    pub fn settle(&mut self, ticket: Ticket, ending: Ending, now: BootTime) -> Option<Entry> {
        self.sign_ins.settle(ticket, ending, now)
    }

    /// Admits and counts a link code, before it is requested. Returns what is to be stored.
    ///
    /// # Errors
    /// [`Reason::AddressBlocked`] or [`Reason::RateLimited`] while a circuit breaker is open, and [`Reason::LinkCodesSpent`].
    pub fn admit_code(&mut self, key: &AttemptKey, now: BootTime) -> Result<Entry, Reason> {
        if let Some(open) = self.open_link_breaker(now) {
            return Err(open.reason());
        }
        let known = self.is_known(key, now);
        let drawn = self.link_codes.draw_code(self.limits.link_codes(), key, known, now);
        drawn.map_err(|_| Reason::LinkCodesSpent)
    }

    /// Counts a request to plex.tv.
    pub fn count(&mut self, sent: Sent, now: BootTime) {
        self.sent.count(sent, now);
    }

    /// Number of requests to plex.tv within the last hour, by kind.
    pub fn sent_last_hour(&mut self, now: BootTime) -> SentLastHour {
        self.sent.last_hour(now)
    }

    /// The circuit breaker, if it is open.
    #[must_use]
    pub fn open_breaker(&self, now: BootTime) -> Option<BreakerOpen> {
        self.breaker.at(now)
    }

    /// The circuit breaker that stops link codes, if one is open: their own, or that of everything.
    #[must_use]
    pub fn open_link_breaker(&self, now: BootTime) -> Option<BreakerOpen> {
        self.breaker.at(now).or_else(|| self.link_breaker.at(now))
    }

    /// The sign-ins that one of this key waits for during the back-off of the machine.
    #[must_use]
    pub fn lane(&self, key: &AttemptKey, now: BootTime) -> Lane {
        if self.share(key, now) == Share::Known { Lane::Known } else { Lane::Other }
    }

    /// Admits a sign-in at plex.tv, after [`Self::admit`] and the caches. [`Admission::Granted`] must be followed by
    /// [`Self::end_sign_in`]. A password that is cached for outages is not held up by the pause.
    ///
    /// # Errors
    /// [`Hold`]
    pub fn start_sign_in(
        &mut self,
        ticket: Ticket,
        lane: Lane,
        is_cached: bool,
        now: BootTime,
    ) -> Result<Admission, Hold> {
        let (ended, pending) = self.sign_ins.sign_ins(ticket, now);
        let all = self.limits.sign_ins();
        if ended >= all {
            return Err(Hold::SignInsSpent);
        }
        if ended + pending >= all {
            return Ok(Admission::Queued);
        }
        let admission = self.undecided.start(lane, is_cached, now).map_err(Hold::BackingOff)?;
        if admission == Admission::Granted {
            self.sign_ins.sent(ticket);
        }
        Ok(admission)
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

    /// Number of rejected sign-ins and wrong guesses at cached passwords within the last hour.
    pub fn recent_rejections(&mut self, now: BootTime) -> usize {
        self.sign_ins.rejected(now)
    }

    /// Deletes the failures of an account from all origins, and its part of the hourly budgets; true if there was any.
    pub fn forget(&mut self, account: &str) -> bool {
        let requests = self.pardon(Some(account), None).requests;
        let before = self.failures.len();
        self.failures.retain(|key, _| key.account != account);
        self.failures.len() < before || requests > 0
    }

    /// Counts a failure of a key.
    pub fn record_failure(&mut self, key: &AttemptKey, now: BootTime) -> Recorded {
        let before = self.failures.get(key).copied();
        let before = before.unwrap_or(Failures { wrong: 0, last: now, succeeded: None });
        self.insert(key, Failures { wrong: before.current(now).saturating_add(1), last: now, ..before }, now)
    }

    /// Clears the failures of a key after a success.
    pub fn record_success(&mut self, key: &AttemptKey, now: BootTime) -> Recorded {
        self.insert(key, Failures { wrong: 0, last: now, succeeded: Some(now) }, now)
    }

    /// After a success of a key: its sign-ins that lacked a verification code, or that plex.tv did not decide, no longer draw on
    /// the budget. True if there were any.
    pub fn take_back(&mut self, key: &AttemptKey) -> bool {
        self.sign_ins.take_back(key)
    }

    /// Opens the circuit breaker for the time that plex.tv demanded, after too many requests.
    pub fn rate_limited(&mut self, retry_after: Option<Duration>, now: BootTime) -> BreakerOpen {
        self.breaker.open(BreakerOpen { at: now, span: rate_limit_pause(retry_after), blocked: false })
    }

    /// Opens the circuit breaker of link codes for the time that plex.tv demanded, after too many requests for them.
    pub fn codes_rate_limited(&mut self, retry_after: Option<Duration>, now: BootTime) -> BreakerOpen {
        self.link_breaker.open(BreakerOpen { at: now, span: rate_limit_pause(retry_after), blocked: false })
    }

    /// Opens the circuit breaker for `blocked_pause`, because plex.tv blocks this machine's address.
    pub fn address_blocked(&mut self, now: BootTime) -> BreakerOpen {
        self.breaker.open(BreakerOpen { at: now, span: self.limits.blocked_pause, blocked: true })
    }

    fn insert(&mut self, key: &AttemptKey, failures: Failures, now: BootTime) -> Recorded {
        let before = self.failures.insert(key.clone(), failures);
        let is_new = before.is_none_or(|before| before.is_known(now) != failures.is_known(now));
        // This reads all keys, which lasts some 0.2 ms with 5000 of them. A new key costs a request of an hourly budget, so that
        // nobody can have it done often.
        let evicted = if is_new { surplus(&self.failures, now) } else { Vec::new() };
        for key in &evicted {
            self.failures.remove(key);
        }
        Recorded { failures, evicted }
    }
}

#[cfg(test)]
mod tests;
