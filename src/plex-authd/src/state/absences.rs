//! Accounts that were missing from the group when it was read, until a later look confirms it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Missing accounts, and the time of the first of the looks in a row that did not find them.
#[derive(Default)]
pub(super) struct Absences(BTreeMap<String, Instant>);

impl Absences {
    /// Records a look at the group. Returns the accounts that an earlier look, at least this long ago, had missed too; those are
    /// no longer recorded.
    pub(super) fn confirm(&mut self, missing: BTreeSet<String>, now: Instant, least: Duration) -> BTreeSet<String> {
        let before = std::mem::take(&mut self.0);
        let is_confirmed =
            |account: &String| before.get(account).is_some_and(|first| now.saturating_duration_since(*first) >= least);
        let (confirmed, open): (BTreeSet<_>, BTreeSet<_>) = missing.into_iter().partition(is_confirmed);
        let since = |account: String| {
            let first = before.get(&account).copied().unwrap_or(now);
            (account, first)
        };
        self.0 = open.into_iter().map(since).collect();
        confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_secs(150);

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn r74_only_two_looks_in_a_row_with_some_time_between_them_confirm_that_an_account_has_left() {
        let (mut absences, start) = (Absences::default(), Instant::now());
        let mut look =
            |seconds, missing: &[&str]| absences.confirm(names(missing), start + Duration::from_secs(seconds), LEAST);
        assert_eq!(look(0, &["alice", "erin"]), names(&[]), "one look may be wrong");
        assert_eq!(look(149, &["alice", "erin"]), names(&[]), "strangers can cause looks at any time");
        assert_eq!(look(150, &["alice"]), names(&["alice"]));
        assert_eq!(look(151, &["alice", "erin"]), names(&[]), "one that was found in between starts again");
        assert_eq!(look(301, &["alice", "erin"]), names(&["alice", "erin"]));
    }
}
