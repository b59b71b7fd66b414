//! Addresses blocked after too many wrong passwords.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failed sign-ins by address, and the limits.
#[derive(Default)]
pub(crate) struct Blocked {
    /// Number of failed sign-ins after which an address is blocked.
    pub after: Option<u64>,
    /// Time after the last failure until the block ends.
    pub lasts: Option<Duration>,
    failures: HashMap<IpAddr, (u64, Instant)>,
}

impl Blocked {
    /// True if an address is blocked now.
    pub(crate) fn is(&mut self, address: IpAddr) -> bool {
        let over = |(_, last): &(u64, Instant)| self.lasts.is_some_and(|lasts| last.elapsed() >= lasts);
        if self.failures.get(&address).is_some_and(over) {
            self.failures.remove(&address);
        }
        let failures = self.failures.get(&address).map_or(0, |(failures, _)| *failures);
        self.after.is_some_and(|most| failures >= most)
    }

    /// Records a failed sign-in.
    pub(crate) fn failed(&mut self, address: IpAddr) {
        let (failures, last) = self.failures.entry(address).or_insert((0, Instant::now()));
        *failures += 1;
        *last = Instant::now();
    }
}
