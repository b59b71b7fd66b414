//! Counts of each event: a test that never reaches something shows nothing about it.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Counts by name.
#[derive(Default)]
pub struct Tally {
    seen: RefCell<BTreeMap<String, u32>>,
}

impl Tally {
    pub fn note(&self, what: impl Into<String>) {
        *self.seen.borrow_mut().entry(what.into()).or_default() += 1;
    }

    /// Prints the counts, and how many there are for a hundred cases.
    pub fn print(&self, total: u32) {
        for (what, count) in &*self.seen.borrow() {
            println!("{what:34} {count:7} {:8.2}", f64::from(*count) * 100.0 / f64::from(total));
        }
    }

    /// Insists on at least so many in ten thousand of each of these. Not in a run with fewer cases than the tests have by
    /// themselves, where chance decides about them.
    pub fn demand(&self, total: u32, least: u32, of: &[&str]) {
        let seen = self.seen.borrow();
        let count = |what: &str| u64::from(seen.get(what).copied().unwrap_or_default());
        let enough = u64::from(total) * u64::from(least);
        if enough < 100 * 10_000 {
            return;
        }
        let rare: Vec<_> = of.iter().filter(|what| count(what) * 10_000 < enough).collect();
        assert!(rare.is_empty(), "seen too rarely to show anything: {rare:?}");
    }
}
