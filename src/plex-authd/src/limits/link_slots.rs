//! Limits the link codes that wait for approval. Anyone can request a code by pressing Enter, and plex.tv limits the requests
//! of this machine.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// The most codes at a time. Each polls plex.tv about every two seconds; plex.tv starts to refuse at about ten requests a
/// second.
const MAX: usize = 8;

/// The most codes of one origin, so that none can use up all of them.
const MAX_PER_ORIGIN: usize = 3;

/// The shortest time that a code counts; otherwise codes that are cancelled at once could be requested without limit.
const MIN_TIME: Duration = Duration::from_secs(8);

/// Slots for link codes that wait for approval.
#[derive(Debug, Default, Clone)]
pub(crate) struct LinkSlots(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    origin: String,
    since: Instant,
    /// The session has not ended yet.
    waiting: bool,
}

impl Entry {
    fn counts(&self) -> bool {
        self.waiting || self.since.elapsed() < MIN_TIME
    }
}

/// Permission for one code, released on drop.
#[derive(Debug)]
pub(crate) struct LinkSlot {
    slots: LinkSlots,
    since: Instant,
}

impl LinkSlots {
    /// A slot for a code requested from `origin`, or `None` if all are in use.
    pub(crate) fn acquire(&self, origin: &str) -> Option<LinkSlot> {
        let mut entries = lock(&self.0);
        entries.retain(Entry::counts);
        let of_origin = entries.iter().filter(|entry| entry.origin == origin).count();
        if entries.len() >= MAX || of_origin >= MAX_PER_ORIGIN {
            return None;
        }
        let since = Instant::now();
        entries.push(Entry { origin: origin.to_owned(), since, waiting: true });
        Some(LinkSlot { slots: self.clone(), since })
    }
}

impl Drop for LinkSlot {
    fn drop(&mut self) {
        // Entries with the same time are interchangeable.
        if let Some(entry) = lock(&self.slots.0).iter_mut().find(|entry| entry.waiting && entry.since == self.since) {
            entry.waiting = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn one_origin_cannot_use_all_link_slots_and_a_cancelled_code_counts_for_a_while() {
        let slots = LinkSlots::default();
        let own: Vec<_> = (0..MAX_PER_ORIGIN).map(|_| slots.acquire("a").unwrap()).collect();
        assert!(slots.acquire("a").is_none());
        drop(own);
        assert!(slots.acquire("a").is_none(), "cancelled codes still count");
        for entry in lock(&slots.0).iter_mut() {
            entry.since = entry.since.checked_sub(MIN_TIME).unwrap();
        }
        let again = slots.acquire("a");
        assert!(again.is_some());
        let others: Vec<_> = (0..MAX).map_while(|n| slots.acquire(&n.to_string())).collect();
        assert_eq!(others.len(), MAX - 1);
    }
}
