//! Entries of the audit log, with a share for each origin (R70): a flood from one origin displaces only its own entries.

use std::collections::{BTreeMap, HashMap};

use policy::Origin;
use protocol::Login;

/// The outcome of an accepted login, as it is written.
pub(super) const ACCEPTED: &str = "accepted";

/// The most entries of accepted logins, and of refused ones.
pub(super) const MAX_ENTRIES: usize = 500;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginEntry {
    /// Later entries have greater numbers.
    pub number: i64,
    /// Origin of the login, from [`policy::origin`]; `None` in files of the first releases.
    pub origin: Option<String>,
    pub login: Login,
}

/// The entries that are kept: of accepted logins and of refused ones, each with room of their own.
#[derive(Debug, Default)]
pub(super) struct Entries {
    accepted: Part,
    refused: Part,
}

/// Entries of one kind, by number.
#[derive(Debug, Default)]
struct Part {
    entries: BTreeMap<i64, LoginEntry>,
    /// Number of entries by [`owner`]: the account of accepted logins, the origin of refused ones.
    counts: HashMap<String, usize>,
}

impl Entries {
    /// Adds an entry. Returns the number of the entry that makes room for it, if any.
    pub(super) fn add(&mut self, entry: LoginEntry) -> Option<i64> {
        let part = if is_accepted(&entry) { &mut self.accepted } else { &mut self.refused };
        part.add(entry)
    }

    /// The latest entries, newest first.
    pub(super) fn latest(&self) -> impl Iterator<Item = &LoginEntry> {
        let (mut accepted, mut refused) =
            (self.accepted.entries.values().rev().peekable(), self.refused.entries.values().rev().peekable());
        std::iter::from_fn(move || match (accepted.peek(), refused.peek()) {
            (Some(one), Some(other)) if one.number < other.number => refused.next(),
            (None, _) => refused.next(),
            _ => accepted.next(),
        })
    }

    /// Number of the next entry.
    pub(super) fn next_number(&self) -> i64 {
        self.latest().next().map_or(1, |entry| entry.number.saturating_add(1))
    }
}

impl Part {
    fn add(&mut self, entry: LoginEntry) -> Option<i64> {
        *self.counts.entry(owner(&entry)).or_default() += 1;
        self.entries.insert(entry.number, entry);
        (self.entries.len() > MAX_ENTRIES).then(|| self.evict()).flatten()
    }

    /// Removes the oldest entry of an owner with the most entries.
    fn evict(&mut self) -> Option<i64> {
        let most = self.counts.values().copied().max()?;
        let (number, owner) = self
            .entries
            .values()
            .map(|entry| (entry.number, owner(entry)))
            .find(|(_, owner)| self.counts.get(owner) == Some(&most))?;
        self.entries.remove(&number);
        if most == 1 {
            self.counts.remove(&owner);
        } else {
            self.counts.insert(owner, most - 1);
        }
        Some(number)
    }
}

fn is_accepted(entry: &LoginEntry) -> bool {
    entry.login.outcome == ACCEPTED
}

/// All processes that are not believed are one owner: a user can have thousands of user ids.
fn owner(entry: &LoginEntry) -> String {
    if is_accepted(entry) {
        return entry.login.user.clone();
    }
    let origin = entry.origin.as_deref().unwrap_or_default();
    if Origin::from(origin).is_process() { String::new() } else { origin.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i64, user: &str, origin: &str, outcome: &str) -> LoginEntry {
        let (user, phase, outcome) = (user.to_owned(), "auth".to_owned(), outcome.to_owned());
        let (plex_id, service, rhost, why) = (None, None, None, String::new());
        let login =
            Login { at: number, user, plex_id, service, rhost, phase, outcome, why, test: false, caller: None, number };
        LoginEntry { number, origin: Some(origin.to_owned()), login }
    }

    fn count(entries: &Entries, which: impl Fn(&LoginEntry) -> bool) -> usize {
        entries.latest().filter(|entry| which(entry)).count()
    }

    #[test]
    fn r70_a_flood_of_refusals_displaces_its_own_entries_only() {
        let mut entries = Entries::default();
        for number in 1..=20 {
            entries.add(entry(number, "alice", "192.0.2.1", "accepted"));
        }
        for number in 21..=120 {
            entries.add(entry(number, "bob", &format!("192.0.2.{number}"), "denied"));
        }
        let evicted: Vec<_> =
            (1000..30_000).filter_map(|number| entries.add(entry(number, "bob", "local:eve", "denied"))).collect();
        assert_eq!(evicted.len(), 29_000 - 400);
        assert!(evicted.iter().all(|number| *number >= 1000));
        assert_eq!(count(&entries, |entry| entry.login.outcome == "accepted"), 20);
        assert_eq!(count(&entries, |entry| entry.login.outcome == "denied" && entry.number < 1000), 100);
        let newest: Vec<_> = entries.latest().take(3).map(|entry| entry.number).collect();
        assert_eq!(newest, [29_999, 29_998, 29_997], "of its own, the latest are kept");
    }

    /// With an entry each, five hundred user ids of one user were as many origins.
    #[test]
    fn r70_a_flood_of_refusals_by_thousands_of_user_ids_displaces_its_own_entries_only() {
        let mut entries = Entries::default();
        for number in 1..=100 {
            entries.add(entry(number, "bob", &format!("192.0.2.{}", number % 10), "denied"));
        }
        for number in 101..5000 {
            entries.add(entry(number, "alice", &format!("uid:{number}"), "denied"));
        }
        assert_eq!(count(&entries, |entry| entry.number <= 100), 100);
        assert_eq!(count(&entries, |_| true), MAX_ENTRIES);
    }

    #[test]
    fn r70_accepted_logins_of_one_account_displace_no_others() {
        let mut entries = Entries::default();
        entries.add(entry(1, "alice", "192.0.2.1", "accepted"));
        entries.add(entry(2, "bob", "192.0.2.2", "denied"));
        for number in 3..5000 {
            entries.add(entry(number, "mallory", "192.0.2.3", "accepted"));
        }
        assert_eq!(count(&entries, |entry| entry.number < 3), 2);
        assert_eq!(count(&entries, |_| true), MAX_ENTRIES + 1);
    }

    #[test]
    fn entries_are_listed_newest_first_whatever_their_outcome() {
        let mut entries = Entries::default();
        for (number, outcome) in (1..).zip(["accepted", "denied", "denied", "accepted", "throttled"]) {
            entries.add(entry(number, "alice", "x", outcome));
        }
        let numbers: Vec<_> = entries.latest().map(|entry| entry.number).collect();
        assert_eq!(numbers, [5, 4, 3, 2, 1]);
        assert_eq!((entries.next_number(), Entries::default().next_number()), (6, 1));
    }
}
