//! Refusals by rate limits that are in force now, and for how long. Nothing is counted here.

use std::time::Duration;

use super::{AttemptKey, Failures, Share, Throttle};
use crate::{BootTime, Origin, Reason};

/// A refusal of the attempts of a key that is in force now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The refusal.
    pub reason: Reason,
    /// Time until the next attempt is admitted, unless others use up a share until then.
    pub left: Duration,
}

/// Result of a pardon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pardoned {
    /// The keys whose failures were cleared, with their new state.
    pub failures: Vec<(AttemptKey, Failures)>,
    /// Number of requests that no longer draw on a budget.
    pub requests: usize,
}

impl Throttle {
    /// The refusal of a sign-in of this key with a password that is in force now: the first in the order of a decision.
    #[must_use]
    pub fn held(&self, key: &AttemptKey, now: BootTime) -> Option<Held> {
        let held = |reason| self.left(key, &reason, now).map(|left| Held { reason, left });
        let breaker = || self.open_breaker(now).map(|open| Held { reason: open.reason(), left: open.left(now) });
        held(Reason::TooManyTries)
            .or_else(|| held(Reason::BudgetSpent))
            .or_else(breaker)
            .or_else(|| held(Reason::SignInsSpent))
    }

    /// When a refused user may try again, for a message to them. `None` unless the account has signed in from this origin: to
    /// anyone else it would show that attempts at this account are counted, and so that it has access (R80). Behind a service
    /// that names no remote host, anyone may be the other end.
    #[must_use]
    pub fn retry_after(&self, key: &AttemptKey, reason: &Reason, now: BootTime) -> Option<Duration> {
        if self.share(key, now) == Share::Known { self.left(key, reason, now) } else { None }
    }

    /// Origins at which an account has failures or requests of the last hour.
    #[must_use]
    pub fn origins(&self, account: &str) -> Vec<Origin> {
        let failed = self.failures.keys();
        let mut origins: Vec<_> = failed
            .chain(self.sign_ins.keys())
            .filter(|key| key.account == account)
            .map(|key| key.origin.clone())
            .collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Clears what is held against an account, against an origin, or against an account at an origin: the back-off and the part
    /// of the hourly budgets. Keys that have signed in stay known.
    pub fn pardon(&mut self, account: Option<&str>, origin: Option<&Origin>) -> Pardoned {
        let is_meant = |key: &AttemptKey| {
            account.is_none_or(|account| key.account == account) && origin.is_none_or(|origin| key.origin == *origin)
        };
        let mut pardoned = Pardoned::default();
        for (key, failures) in self.failures.iter_mut().filter(|(key, failures)| is_meant(key) && failures.wrong > 0) {
            failures.wrong = 0;
            pardoned.failures.push((key.clone(), *failures));
        }
        pardoned.requests = self.sign_ins.forget(is_meant) + self.link_codes.forget(is_meant);
        pardoned
    }

    /// Time until this refusal of a key ends; `None` if it is not in force.
    fn left(&self, key: &AttemptKey, reason: &Reason, now: BootTime) -> Option<Duration> {
        let known = self.is_known(key, now);
        match reason {
            Reason::TooManyTries => Some(self.backoff(key, now)).filter(|left| !left.is_zero()),
            Reason::BudgetSpent => self.sign_ins.spent(self.limits.rejected(), key, known, now),
            Reason::SignInsSpent => {
                let all = self.limits.sign_ins();
                self.sign_ins.sign_ins_spent(all, key, known, now)
            }
            Reason::LinkCodesSpent => self.link_codes.spent(self.limits.link_codes(), key, known, now),
            // Refused by one of the two breakers, it is over when both are.
            Reason::AddressBlocked | Reason::RateLimited => self.open_link_breaker(now).map(|open| open.left(now)),
            _ => None,
        }
    }
}
