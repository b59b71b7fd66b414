//! How many link codes wait for approval. Anybody can ask for one by pressing Enter, and plex.tv limits how often this
//! machine may ask, so there are only so many at a time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// The most at a time. Each asks plex.tv every two seconds or so, after which plex.tv starts to refuse at about ten
/// requests a second.
const MOST: usize = 8;

/// The most for one origin, so that nobody can take all of them.
const MOST_HERE: usize = 3;

/// A code counts for at least this long, or codes that are given up at once would be asked for without bound.
const LEAST: Duration = Duration::from_secs(8);

/// The codes that wait.
#[derive(Debug, Default, Clone)]
pub(crate) struct LinkSlots(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    origin: String,
    since: Instant,
    /// Whether somebody still waits for it.
    waits: bool,
}

impl Entry {
    fn counts(&self) -> bool {
        self.waits || self.since.elapsed() < LEAST
    }
}

/// The right to one code, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct LinkSlot {
    codes: LinkSlots,
    since: Instant,
}

impl LinkSlots {
    /// A place for one more, if there is one.
    pub(crate) fn take(&self, origin: &str) -> Option<LinkSlot> {
        let mut entries = lock(&self.0);
        entries.retain(Entry::counts);
        let here = entries.iter().filter(|entry| entry.origin == origin).count();
        if entries.len() >= MOST || here >= MOST_HERE {
            return None;
        }
        let since = Instant::now();
        entries.push(Entry { origin: origin.to_owned(), since, waits: true });
        Some(LinkSlot { codes: self.clone(), since })
    }
}

impl Drop for LinkSlot {
    fn drop(&mut self) {
        // Two that began in the same instant are the same to everybody.
        if let Some(entry) = lock(&self.codes.0).iter_mut().find(|entry| entry.waits && entry.since == self.since) {
            entry.waits = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn nobody_takes_all_the_codes_and_giving_one_up_brings_no_new_one_at_once() {
        let codes = LinkSlots::default();
        let here: Vec<_> = (0..MOST_HERE).map(|_| codes.take("a").unwrap()).collect();
        assert!(codes.take("a").is_none());
        drop(here);
        assert!(codes.take("a").is_none(), "they count for a while");
        for entry in lock(&codes.0).iter_mut() {
            entry.since = entry.since.checked_sub(LEAST).unwrap();
        }
        let again = codes.take("a");
        assert!(again.is_some());
        let others: Vec<_> = (0..MOST).map_while(|n| codes.take(&n.to_string())).collect();
        assert_eq!(others.len(), MOST - 1);
    }
}
