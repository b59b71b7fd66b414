//! Addresses that have sent too many wrong passwords.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Who failed how often, and when that is too often.
#[derive(Default)]
pub(crate) struct Blocked {
    /// After how many failed sign-ins an address is blocked.
    pub after: Option<u64>,
    /// How long after the last of them it stays blocked.
    pub lasts: Option<Duration>,
    failures: HashMap<IpAddr, (u64, Instant)>,
}

impl Blocked {
    /// Whether an address is blocked now.
    pub(crate) fn is(&mut self, address: IpAddr) -> bool {
        let over = |(_, last): &(u64, Instant)| self.lasts.is_some_and(|lasts| last.elapsed() >= lasts);
        if self.failures.get(&address).is_some_and(over) {
            self.failures.remove(&address);
        }
        let failures = self.failures.get(&address).map_or(0, |(failures, _)| *failures);
        self.after.is_some_and(|most| failures >= most)
    }

    /// Notes a failed sign-in.
    pub(crate) fn failed(&mut self, address: IpAddr) {
        let (failures, last) = self.failures.entry(address).or_insert((0, Instant::now()));
        *failures += 1;
        *last = Instant::now();
    }
}
