//! Comparison of a friend list with an earlier one. A list that suddenly lacks most people is more often an answer that has
//! changed than a change of the owner's mind (R75).

use std::collections::BTreeSet;
use std::fmt;

use crate::{FriendList, PlexId, Rules};

/// The smallest number of people of whom more than half, and not all, make a list suspect. Of two, the owner may well have
/// removed one.
const MANY: usize = 3;

/// People who had access by an earlier list, and have none by this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Their Plex accounts.
    pub missing: BTreeSet<PlexId>,
    /// Number of people who had access by the earlier list.
    pub of: usize,
}

impl Rules {
    /// Compares a list with an earlier one. The owner is not counted: their access depends on no list.
    #[must_use]
    pub fn loss(&self, earlier: &FriendList, list: &FriendList) -> Loss {
        let (before, now) = (self.with_access(earlier), self.with_access(list));
        Loss { of: before.len(), missing: before.difference(&now).copied().collect() }
    }

    fn with_access(&self, list: &FriendList) -> BTreeSet<PlexId> {
        let others = list.entries.iter().map(|entry| entry.person.id).filter(|id| *id != list.owner.id);
        others.filter(|id| self.is_permitted(list, *id).is_ok()).collect()
    }
}

impl Loss {
    /// True if the list lacks everyone, or more than half of three or more people.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        let missing = self.missing.len();
        missing > 0 && (missing == self.of || (self.of >= MANY && missing > self.of / 2))
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people = if self.of == 1 { "person" } else { "people" };
        write!(f, "{} of {} {people} who had access", self.missing.len(), self.of)
    }
}

#[cfg(test)]
mod tests {
    use crate::{BootTime, FriendRecord, PlexUser, Relationship};

    use super::*;

    fn list(of: impl IntoIterator<Item = (u64, Relationship)>) -> FriendList {
        let person = |id| PlexUser { id: PlexId(id), username: Some(format!("user{id}")), email: None };
        let entry = |(id, relationship)| FriendRecord { person: person(id), relationship };
        FriendList {
            owner: person(1),
            entries: of.into_iter().map(entry).collect(),
            second_source: None,
            fetched_at: BootTime::from_millis(0),
        }
    }

    fn shared(ids: impl IntoIterator<Item = u64>) -> FriendList {
        list(ids.into_iter().map(|id| (id, Relationship::Shared)))
    }

    #[test]
    fn r75_a_list_without_everyone_or_most_people_is_suspect() {
        let rules = Rules { strict: true, ..Rules::default() };
        // Number of people before and now.
        let suspect = [(1, 0), (2, 0), (3, 0), (3, 1), (4, 1), (5, 2), (9, 4), (1000, 499)];
        let plain = [(0, 0), (0, 5), (1, 1), (1, 5), (2, 1), (3, 2), (4, 2), (4, 3), (5, 3), (9, 5), (1000, 500)];
        for (cases, expected) in [(&suspect[..], true), (&plain[..], false)] {
            for (before, now) in cases {
                let loss = rules.loss(&shared(2..2 + before), &shared(2..2 + now));
                assert_eq!(loss.is_suspect(), expected, "{before} {now}");
            }
        }
        let exchanged = rules.loss(&shared([2, 3]), &shared([4, 5, 6]));
        assert!(exchanged.is_suspect(), "others in their place make it no better");
        assert_eq!(exchanged.to_string(), "2 of 2 people who had access");
    }

    #[test]
    fn r75_only_access_by_the_rules_counts() {
        let before = list([(1, Relationship::Shared), (2, Relationship::Shared), (3, Relationship::Pending)]);
        let now = list([(2, Relationship::Friend), (3, Relationship::Shared)]);
        for (strict, missing) in [(true, vec![PlexId(2)]), (false, Vec::new())] {
            let rules = Rules { strict, ..Rules::default() };
            let loss = rules.loss(&before, &now);
            assert_eq!((loss.of, loss.missing.into_iter().collect::<Vec<_>>()), (1, missing), "{strict}");
        }
    }
}
