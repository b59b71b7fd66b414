//! Settings of the rate limits.

use std::time::Duration;

use super::AttemptKey;
use super::hourly::{Hourly, MIN_SHARE};

/// The longest back-off at an origin that many people share. A stranger there must not keep an account's own user out.
const LONGEST_SHARED_PAUSE: Duration = Duration::from_secs(10);

/// Settings of the rate limits: the section `[throttle]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Failures of a key without a back-off: people mistype.
    pub free_tries: u32,
    /// First back-off; each further failure doubles it.
    pub first_pause: Duration,
    /// The longest back-off, so that no user is locked out for good.
    pub longest_pause: Duration,
    /// Sign-ins within an hour that were not accepted; two thirds are for unknown keys, and each known account has one third.
    pub rejected_per_hour: u32,
    /// Sign-ins of one account within an hour, whatever the response: as many where it is known, where it is not, and through
    /// services that name no remote host. Those that plex.tv did not decide count for ten minutes.
    pub sign_ins_per_hour: u32,
    /// Link codes within an hour, shared out as `rejected_per_hour` is.
    pub link_codes_per_hour: u32,
    /// Time for which the circuit breaker stays open after plex.tv blocked this address.
    pub blocked_pause: Duration,
    /// Machines behind the same public address, this one included. The three hourly numbers are for all of them together.
    pub hosts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            free_tries: 3,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(15 * 60),
            rejected_per_hour: 30,
            sign_ins_per_hour: 120,
            link_codes_per_hour: 60,
            blocked_pause: Duration::from_secs(30 * 60),
            hosts: 1,
        }
    }
}

impl Limits {
    /// This machine's part of `rejected_per_hour`.
    #[must_use]
    pub fn rejected_here(&self) -> u32 {
        self.rejected_per_hour / self.hosts.max(1)
    }

    /// Sign-ins within an hour that this machine sends for accounts at origins where they are not known, until they are accepted.
    #[must_use]
    pub fn strangers_here(&self) -> usize {
        self.rejected().unknown()
    }

    /// Link codes within an hour that this machine requests for such accounts.
    #[must_use]
    pub fn strangers_codes_here(&self) -> usize {
        self.link_codes().unknown()
    }

    /// The least [`Self::rejected_per_hour`] with which a stranger with a verification code can sign in on each machine.
    #[must_use]
    pub fn least_rejected_per_hour(&self) -> usize {
        self.least_per_hour(MIN_SHARE)
    }

    /// The least [`Self::link_codes_per_hour`] with which a stranger gets a link code on each machine.
    #[must_use]
    pub fn least_link_codes_per_hour(&self) -> usize {
        self.least_per_hour(1)
    }

    /// The least hourly number that leaves strangers this share on each machine: two thirds of it are for them.
    fn least_per_hour(&self, share: usize) -> usize {
        (self.hosts as usize * share * 3).div_ceil(2)
    }

    pub(super) fn rejected(&self) -> Hourly {
        Hourly { per_hour: self.rejected_per_hour, hosts: self.hosts }
    }

    pub(super) fn link_codes(&self) -> Hourly {
        Hourly { per_hour: self.link_codes_per_hour, hosts: self.hosts }
    }

    /// Sign-ins of one account in a share of this machine.
    pub(super) fn sign_ins(&self) -> usize {
        Hourly { per_hour: self.sign_ins_per_hour, hosts: self.hosts }.of_account()
    }

    /// The longest back-off of a key.
    pub(super) fn longest_pause(&self, key: &AttemptKey) -> Duration {
        if key.origin.is_shared() { self.longest_pause.min(LONGEST_SHARED_PAUSE) } else { self.longest_pause }
    }
}
