//! Rate limits: guessing is slow, no user is locked out by another's guesses, and plex.tv has no reason to block this
//! machine's address.
//!
//! Three bounds, from the narrowest to the widest. Each pair of account and origin waits longer after each wrong try.
//! Each origin, and the machine as a whole, may have only so many sign-ins rejected by plex.tv within an hour; a part of
//! the machine's share is kept for pairs that have signed in before. And when plex.tv itself says that it has had
//! enough, it is left alone for a while.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::{BootTime, Reason};

/// Over what time rejected sign-ins are counted.
const HOUR: Duration = Duration::from_secs(3600);

/// How long a pair that signed in once is trusted with the share that is kept for such pairs.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// After this long without a try, wrong tries are forgotten.
const FORGET: Duration = Duration::from_secs(24 * 3600);

/// The most pairs that are kept; a flood from ever new addresses must not fill the memory.
const MOST_PAIRS: usize = 10_000;

/// The numbers, which are the owner's to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wrong tries of a pair that cost nothing: people mistype.
    pub free_tries: u32,
    /// The pause after the first one that does; each further one doubles it.
    pub first_pause: Duration,
    /// The longest pause, so that nobody is shut out for good.
    pub longest_pause: Duration,
    /// How many sign-ins of this machine may be rejected within an hour: by plex.tv, or by a cached password.
    pub rejected_per_hour: u32,
    /// How long plex.tv is left alone after it blocked this address.
    pub blocked_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            free_tries: 3,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(15 * 60),
            rejected_per_hour: 30,
            blocked_pause: Duration::from_secs(30 * 60),
        }
    }
}

impl Limits {
    /// The part of the hour's rejections that one origin may use up.
    fn per_origin(&self) -> usize {
        (self.rejected_per_hour as usize).div_ceil(3)
    }

    /// The part that only pairs which have signed in before may use.
    fn reserve(&self) -> usize {
        self.rejected_per_hour as usize / 3
    }
}

/// A local account and the origin of an attempt to sign in to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The local account.
    pub account: String,
    /// Where the try comes from.
    pub origin: String,
}

/// State of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// Wrong tries since the last right one.
    pub wrong: u32,
    /// When the last try was.
    pub last: BootTime,
    /// When it last signed in.
    pub succeeded: Option<BootTime>,
}

impl Failures {
    /// The wrong tries that still count.
    fn not_forgotten(&self, now: BootTime) -> u32 {
        if now.since(self.last) < FORGET { self.wrong } else { 0 }
    }

    fn is_known(&self, now: BootTime) -> bool {
        self.succeeded.is_some_and(|succeeded| now.since(succeeded) < KNOWN)
    }
}

/// A sign-in that plex.tv rejected, or a wrong guess at a cached password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// When.
    pub at: BootTime,
    /// For whom.
    pub origin: String,
}

/// Permission to contact plex.tv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// This one's.
    Granted,
    /// That of others whose answers are still to come; their rejections may use up what is left.
    Queued,
}

/// plex.tv is left alone for a while, because it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOpen {
    /// Since when.
    pub at: BootTime,
    /// For how long.
    pub span: Duration,
    /// Whether it blocks this machine's address; else it has had too many requests.
    pub blocked: bool,
}

impl BreakerOpen {
    /// Why.
    #[must_use]
    pub fn reason(self) -> Reason {
        if self.blocked { Reason::AddressBlocked } else { Reason::RateLimited }
    }
}

/// Everybody's tries.
#[derive(Debug, Clone)]
pub struct Throttle {
    limits: Limits,
    pairs: HashMap<AttemptKey, Failures>,
    rejected: VecDeque<Rejected>,
    /// Passwords that are being checked; each may be wrong.
    asking: HashMap<AttemptKey, usize>,
    closed: Option<BreakerOpen>,
}

impl Throttle {
    /// A throttle that goes on where an earlier one was.
    #[must_use]
    pub fn new(
        limits: Limits,
        pairs: HashMap<AttemptKey, Failures>,
        mut rejected: Vec<Rejected>,
        closed: Option<BreakerOpen>,
    ) -> Self {
        rejected.sort_by_key(|rejected| rejected.at);
        Self { limits, pairs, rejected: rejected.into(), asking: HashMap::new(), closed }
    }

    /// Replaces the limits. Counts are kept.
    pub fn follow(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How long a pair has to wait before its next try is looked at.
    #[must_use]
    pub fn pause(&self, key: &AttemptKey, now: BootTime) -> Duration {
        let Some(tries) = self.pairs.get(key) else { return Duration::ZERO };
        let Some(over) = tries.not_forgotten(now).checked_sub(self.limits.free_tries) else { return Duration::ZERO };
        let pause = self.limits.first_pause.saturating_mul(1 << over.min(20)).min(self.limits.longest_pause);
        // The last try cannot be later than now; if a clock says so, the pause is whole.
        pause.saturating_sub(now.since(tries.last))
    }

    /// Admits the check of a pair's password, at plex.tv or against a cached one: both may be wrong guesses, and both draw on
    /// one budget. [`Admission::Granted`] must be followed by [`Self::answered`]. The circuit breaker is [`Self::closed`].
    ///
    /// # Errors
    /// [`Reason::BudgetSpent`]: too many were wrong lately.
    pub fn ask(&mut self, key: &AttemptKey, now: BootTime) -> Result<Admission, Reason> {
        self.forget_old(now);
        let all = self.limits.rejected_per_hour as usize;
        let (share, share_here) =
            if self.is_known(key, now) { (all, all) } else { (all - self.limits.reserve(), self.limits.per_origin()) };
        let here = self.rejected.iter().filter(|rejected| rejected.origin == key.origin).count();
        if self.rejected.len() >= share || here >= share_here {
            return Err(Reason::BudgetSpent);
        }
        let (asking, asking_here) = self.asking(|asking| asking.origin == key.origin);
        let own = self.asking.get(key).copied().unwrap_or_default();
        let wrong = self.pairs.get(key).map_or(0, |tries| tries.not_forgotten(now)) as usize;
        // A pair's first may always go; more at once only while mistakes are still free, or guesses would go in parallel.
        let crowded = own > 0 && own + wrong >= self.limits.free_tries as usize;
        if crowded || self.rejected.len() + asking >= share || here + asking_here >= share_here {
            return Ok(Admission::Queued);
        }
        *self.asking.entry(key.clone()).or_default() += 1;
        Ok(Admission::Granted)
    }

    /// Whether plex.tv is being left alone, and why.
    #[must_use]
    pub fn closed(&self, now: BootTime) -> Option<BreakerOpen> {
        self.closed.filter(|closed| now < closed.at + closed.span)
    }

    /// plex.tv has answered, or has not; either way the sign-in is over.
    pub fn answered(&mut self, key: &AttemptKey) {
        if let Some(own) = self.asking.get_mut(key) {
            *own -= 1;
            if *own == 0 {
                self.asking.remove(key);
            }
        }
    }

    /// Notes a sign-in that plex.tv rejected, or a wrong guess at a cached password.
    pub fn rejected(&mut self, key: &AttemptKey, now: BootTime) -> Rejected {
        let rejected = Rejected { at: now, origin: key.origin.clone() };
        self.rejected.push_back(rejected.clone());
        rejected
    }

    /// How many sign-ins were rejected within the last hour.
    pub fn rejected_lately(&mut self, now: BootTime) -> usize {
        self.forget_old(now);
        self.rejected.len()
    }

    /// Forgets the tries of an account, wherever they came from; whether there were any. What plex.tv rejected counts on:
    /// it is the machine's, not the account's.
    pub fn forget(&mut self, account: &str) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|key, _| key.account != account);
        self.pairs.len() < before
    }

    /// Records a failure.
    pub fn wrong(&mut self, key: &AttemptKey, now: BootTime) -> Failures {
        self.make_room(now);
        let tries = self.pairs.entry(key.clone()).or_insert(Failures { wrong: 0, last: now, succeeded: None });
        tries.wrong = tries.not_forgotten(now).saturating_add(1);
        tries.last = now;
        *tries
    }

    /// Notes a right one.
    pub fn right(&mut self, key: &AttemptKey, now: BootTime) -> Failures {
        self.make_room(now);
        let tries = Failures { wrong: 0, last: now, succeeded: Some(now) };
        self.pairs.insert(key.clone(), tries);
        tries
    }

    /// Leaves plex.tv alone, because it has had too many requests, for as long as it wants.
    pub fn limited(&mut self, span: Duration, now: BootTime) -> BreakerOpen {
        self.close(BreakerOpen { at: now, span, blocked: false })
    }

    /// Leaves plex.tv alone, because it blocks this machine's address, for the owner's time.
    pub fn blocked(&mut self, now: BootTime) -> BreakerOpen {
        self.close(BreakerOpen { at: now, span: self.limits.blocked_pause, blocked: true })
    }

    /// The longer of two closures counts: an answer to an earlier request must not open what a later one closed.
    fn close(&mut self, closed: BreakerOpen) -> BreakerOpen {
        let longer = match self.closed {
            Some(before) if before.at + before.span > closed.at + closed.span => before,
            _ => closed,
        };
        *self.closed.insert(longer)
    }

    /// Sign-ins that plex.tv has not answered yet: all, and those that are `some`.
    fn asking(&self, some: impl Fn(&AttemptKey) -> bool) -> (usize, usize) {
        let of_some: usize = self.asking.iter().filter(|(key, _)| some(key)).map(|(_, count)| count).sum();
        (self.asking.values().sum(), of_some)
    }

    fn is_known(&self, key: &AttemptKey, now: BootTime) -> bool {
        self.pairs.get(key).is_some_and(|tries| tries.is_known(now))
    }

    fn forget_old(&mut self, now: BootTime) {
        while self.rejected.front().is_some_and(|rejected| now.since(rejected.at) >= HOUR) {
            self.rejected.pop_front();
        }
    }

    /// Keeps the number of pairs in bounds: those that time has settled go first, then those that never signed in.
    fn make_room(&mut self, now: BootTime) {
        if self.pairs.len() < MOST_PAIRS {
            return;
        }
        self.pairs.retain(|_, tries| now.since(tries.last) < FORGET || tries.is_known(now));
        if self.pairs.len() >= MOST_PAIRS {
            self.pairs.retain(|_, tries| tries.is_known(now));
        }
        if self.pairs.len() >= MOST_PAIRS {
            self.pairs.clear();
        }
    }
}

#[cfg(test)]
mod tests;
