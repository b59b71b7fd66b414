//! Limits the link codes that wait for approval. Anyone can request a code by pressing Enter, and plex.tv limits the requests
//! of this machine.
//!
//! Pairs of account and origin that have not signed in before share a few codes. Each account that has signed in from where it
//! is has codes of its own in addition, so that strangers cannot keep it from getting one. Services that name no remote host have
//! codes of their own; see [`Share`].

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policy::{AttemptKey, Share};

use crate::lock::lock;

/// The most codes at a time; the first code of each account that is known at its origin does not count. Each polls plex.tv about every two seconds while its user has pressed Enter; plex.tv starts to
/// refuse at about ten requests a second.
const MAX: usize = 16;

/// The shortest time that a cancelled code counts; otherwise codes that are cancelled at once could be requested without limit.
const MIN_TIME: Duration = Duration::from_secs(8);

/// The most codes of a share in all, of one origin, and of one account.
fn limits(share: Share) -> [usize; 3] {
    match share {
        Share::Unknown => [5, 3, 2],
        Share::Service => [3, 3, 1],
        Share::Known => [MAX, MAX, 2],
    }
}

/// Slots for link codes that wait for approval.
#[derive(Debug, Default, Clone)]
pub(crate) struct LinkSlots(Arc<Mutex<Slots>>);

#[derive(Debug, Default)]
struct Slots {
    last_number: u64,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    key: AttemptKey,
    share: Share,
    since: Instant,
    /// The session has not ended yet.
    is_waiting: bool,
}

impl Entry {
    fn counts(&self) -> bool {
        self.is_waiting || self.since.elapsed() < MIN_TIME
    }
}

impl Slots {
    /// True if there is room for another code of this pair.
    fn has_room(&self, key: &AttemptKey, share: Share) -> bool {
        let count = |counts: &dyn Fn(&AttemptKey) -> bool| {
            self.entries.iter().filter(|entry| entry.share == share && counts(&entry.key)).count()
        };
        let [max, max_of_origin, max_of_account] = limits(share);
        let of_account = count(&|other| other.account == key.account);
        // The friends who sign in at once are few, so each can have one code, whatever the others use.
        let is_first = share == Share::Known && of_account == 0;
        is_first
            || self.entries.len() < MAX
                && count(&|_| true) < max
                && count(&|other| other.origin == key.origin) < max_of_origin
                && of_account < max_of_account
    }
}

/// Permission for one code. A code that is dropped was cancelled, and counts for a while; see [`Self::approved`].
#[derive(Debug)]
pub(crate) struct LinkSlot {
    slots: LinkSlots,
    number: u64,
}

impl LinkSlots {
    /// A slot for a code of this pair, or `None` if its share is in use.
    pub(crate) fn acquire(&self, key: &AttemptKey, share: Share) -> Option<LinkSlot> {
        let mut slots = lock(&self.0);
        slots.entries.retain(Entry::counts);
        if !slots.has_room(key, share) {
            return None;
        }
        slots.last_number += 1;
        let number = slots.last_number;
        slots.entries.push(Entry { number, key: key.clone(), share, since: Instant::now(), is_waiting: true });
        Some(LinkSlot { slots: self.clone(), number })
    }
}

impl LinkSlot {
    /// Releases the slot at once: the code has been approved, rightly or wrongly, and is not polled any more.
    pub(crate) fn approved(self) {
        lock(&self.slots.0).entries.retain(|entry| entry.number != self.number);
    }
}

impl Drop for LinkSlot {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.slots.0).entries.iter_mut().find(|entry| entry.number == self.number) {
            entry.is_waiting = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn key(account: &str, origin: &str) -> AttemptKey {
        AttemptKey { account: account.into(), origin: origin.into() }
    }

    /// Slots of strangers: those of these pairs that get one.
    fn strangers(slots: &LinkSlots, pairs: impl IntoIterator<Item = (String, String)>) -> Vec<LinkSlot> {
        pairs
            .into_iter()
            .filter_map(|(account, origin)| slots.acquire(&key(&account, &origin), Share::Unknown))
            .collect()
    }

    #[test]
    fn r70_strangers_share_five_codes_three_of_an_origin_and_two_of_an_account() {
        let slots = LinkSlots::default();
        let one_origin = strangers(&slots, (0..9).map(|n| (format!("user{n}"), "a".into())));
        assert_eq!(one_origin.len(), 3);
        let others = strangers(&slots, (0..9).map(|n| (format!("user{n}"), format!("b{n}"))));
        assert_eq!(one_origin.len() + others.len(), 5);
        let slots = LinkSlots::default();
        let one_account = strangers(&slots, (0..9).map(|n| ("alice".into(), format!("c{n}"))));
        assert_eq!(one_account.len(), 2);
    }

    #[test]
    fn r70_no_number_of_strangers_keeps_a_known_account_from_two_codes() {
        let slots = LinkSlots::default();
        // Codes for the friends' own accounts, from their own origins too.
        let accounts = || (0..20).map(|n| format!("friend{n}"));
        let mut of_strangers = Vec::new();
        for round in 0..20 {
            of_strangers.extend(strangers(&slots, accounts().map(|account| (account, format!("host{round}")))));
        }
        assert_eq!(of_strangers.len(), 5);
        let home = key("friend0", "host0");
        let own: Vec<_> = (0..2).map(|_| slots.acquire(&home, Share::Known).unwrap()).collect();
        assert!(slots.acquire(&home, Share::Known).is_none(), "a third one");
        assert!(slots.acquire(&key("friend0", "host1"), Share::Known).is_none(), "nor from another place");
        // Friends leave each other one code, and two within what plex.tv allows.
        let others = accounts().skip(1).flat_map(|account| [account.clone(), account]);
        let mut first = Vec::new();
        let second: Vec<_> = others
            .enumerate()
            .filter_map(|(number, account)| {
                let slot = slots.acquire(&key(&account, "host"), Share::Known);
                if number % 2 == 1 {
                    return slot;
                }
                first.push(slot.unwrap());
                None
            })
            .collect();
        assert_eq!(first.len(), 19, "each friend has one");
        // Five of strangers, two of the first friend, two each of four others and one of the next.
        assert_eq!((own.len(), second.len()), (2, 4), "and some a second one");
    }

    /// An account that has never signed in at the console had its codes from those of strangers at other places.
    #[test]
    fn r70_strangers_at_a_service_without_a_host_and_elsewhere_leave_each_other_their_codes() {
        for is_known in [false, true] {
            let slots = LinkSlots::default();
            let at_service = |account: &str| {
                let key = key(account, "service:login");
                slots.acquire(&key, Share::of(&key, is_known))
            };
            let elsewhere = strangers(&slots, (0..9).map(|n| (format!("user{n}"), format!("host{n}"))));
            let of_alice = at_service("alice").unwrap();
            assert!(at_service("alice").is_none(), "a second one");
            let others: Vec<_> = (0..9).filter_map(|n| at_service(&format!("user{n}"))).collect();
            assert_eq!((elsewhere.len(), others.len()), (5, 2), "{is_known}");
            let at_home: Vec<_> = (0..3).filter_map(|_| slots.acquire(&key("alice", "home"), Share::Known)).collect();
            assert_eq!(at_home.len(), 2);
            drop(of_alice);
        }
    }

    #[test]
    fn r70_an_approved_code_frees_its_slot_at_once_and_a_cancelled_one_after_a_while() {
        let (slots, alice) = (LinkSlots::default(), key("alice", "a"));
        let acquire = || slots.acquire(&alice, Share::Known);
        let (first, second) = (acquire().unwrap(), acquire().unwrap());
        assert!(acquire().is_none());
        first.approved();
        drop(second);
        let third = acquire().unwrap();
        assert!(acquire().is_none(), "the cancelled one still counts");
        for entry in &mut lock(&slots.0).entries {
            entry.since = entry.since.checked_sub(MIN_TIME).unwrap();
        }
        assert!(acquire().is_some());
        drop(third);
    }
}
