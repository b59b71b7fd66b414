//! A friend list that lacks most of the people who had access, until it is confirmed (R75). Meanwhile the missing people are
//! refused; their cached passwords and SMB entries stay.

use std::sync::Arc;
use std::time::Duration;

use policy::{BootTime, FriendList, Loss};

use crate::state::store::StoredDoubt;

/// The longest time until a suspect list is read again.
const AGAIN: Duration = Duration::from_secs(60);

/// Result of the comparison with the second source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// It lacks the same people.
    Agrees,
    /// No other source can confirm the list, because there is none or because it is the second: a second reading is all that
    /// can.
    Impossible,
    /// It could not be read, or shows some of them.
    Open,
}

/// A list in doubt, which is in force.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    pub(super) list: Arc<FriendList>,
    pub(super) loss: Loss,
    pub(super) check: Check,
    /// Time of the first suspect reading.
    since: BootTime,
    /// Time of the first reading that lacks the same people.
    unchanged_since: BootTime,
}

impl Suspicion {
    /// A suspect reading, after `earlier` if the one before it was suspect too.
    pub(super) fn new(list: FriendList, loss: Loss, check: Check, earlier: Option<&Self>) -> Self {
        let now = list.fetched_at;
        let unchanged = earlier.filter(|earlier| earlier.loss.missing == loss.missing);
        Self {
            since: earlier.map_or(now, |earlier| earlier.since),
            unchanged_since: unchanged.map_or(now, |earlier| earlier.unchanged_since),
            list: Arc::new(list),
            loss,
            check,
        }
    }

    /// The doubt of an earlier run about a list after `confirmed`. The people who were missing still are. Of the two readings
    /// that confirm this, none is known.
    pub(crate) fn restored(confirmed: &FriendList, doubt: StoredDoubt, now: BootTime) -> Self {
        let StoredDoubt { loss, since } = doubt;
        let mut list = confirmed.clone();
        list.entries.retain(|entry| !loss.missing.contains(&entry.person.id));
        Self { list: Arc::new(list), loss, check: Check::Open, since, unchanged_since: now }
    }

    /// The doubt for the next run.
    pub(super) fn stored(&self) -> StoredDoubt {
        StoredDoubt { loss: self.loss.clone(), since: self.since }
    }

    /// Two readings with the time between them that a passing fault needs to end lack the same people, and so does the second
    /// source; or it has been in doubt for `friend_list`, and the latest list counts.
    pub(super) fn is_confirmed(&self, friend_list: Duration) -> bool {
        let unchanged = self.list.fetched_at.since(self.unchanged_since);
        self.is_expired(self.list.fetched_at, friend_list)
            || (self.check != Check::Open && unchanged >= interval(friend_list))
    }

    /// It has been in doubt for as long as a list may be at all.
    pub(super) fn is_expired(&self, now: BootTime, friend_list: Duration) -> bool {
        now.since(self.since) >= friend_list
    }

    /// Time until the list is to be read again.
    pub(super) fn until_again(&self, now: BootTime, friend_list: Duration) -> Duration {
        interval(friend_list).saturating_sub(now.since(self.list.fetched_at))
    }

    /// Time until the latest list counts.
    pub(super) fn until_end(&self, now: BootTime, friend_list: Duration) -> Duration {
        friend_list.saturating_sub(now.since(self.since))
    }

    /// Text for the log, and for `plex-auth status`.
    pub(super) fn text(&self) -> String {
        let check = match self.check {
            Check::Agrees => "the second source agrees",
            Check::Impossible => "no other source can confirm it",
            Check::Open => "the second source does not confirm it",
        };
        format!("it lacks {}; {check}, and it is read again", self.loss)
    }
}

/// Time until a suspect list is read again. A list is refreshed at four fifths of `friend_list`, so after another fifth the
/// removal of a person is confirmed within `friend_list`, which is five minutes by default.
fn interval(friend_list: Duration) -> Duration {
    AGAIN.min(friend_list / 5)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use policy::{PlexId, PlexUser};

    use super::*;

    const FRIEND_LIST: Duration = Duration::from_secs(300);

    fn read(at: u64, missing: u64, check: Check, earlier: Option<&Suspicion>) -> Suspicion {
        let list = FriendList {
            owner: PlexUser { id: PlexId(1), username: None, email: None },
            entries: Vec::new(),
            second_source: None,
            fetched_at: BootTime::from_millis(0) + Duration::from_secs(at),
        };
        let loss = Loss { missing: BTreeSet::from([PlexId(missing)]), of: 1 };
        Suspicion::new(list, loss, check, earlier)
    }

    #[test]
    fn r75_suspect_list_is_confirmed_by_a_second_reading_and_the_second_source() {
        for (check, confirmed) in [(Check::Agrees, true), (Check::Impossible, true), (Check::Open, false)] {
            let first = read(240, 2, check, None);
            assert!(!first.is_confirmed(FRIEND_LIST), "{check:?}");
            // A lookup miss may cause a reading at any time.
            let soon = read(250, 2, check, Some(&first));
            assert!(!soon.is_confirmed(FRIEND_LIST), "{check:?}");
            assert_eq!(read(300, 2, check, Some(&soon)).is_confirmed(FRIEND_LIST), confirmed, "{check:?}");
            assert!(!read(300, 3, check, Some(&soon)).is_confirmed(FRIEND_LIST), "{check:?}: others are missing now");
        }
    }

    #[test]
    fn r75_doubt_never_lasts_longer_than_friend_list() {
        let mut last = read(0, 2, Check::Open, None);
        for at in [60, 120, 180, 240, 299] {
            // Different people each time.
            last = read(at, 2 + at, Check::Open, Some(&last));
            assert!(!last.is_confirmed(FRIEND_LIST), "{at}");
        }
        assert!(read(300, 2, Check::Open, Some(&last)).is_confirmed(FRIEND_LIST));
        let at = |seconds| BootTime::from_millis(0) + Duration::from_secs(seconds);
        assert!(!last.is_expired(at(299), FRIEND_LIST) && last.is_expired(at(300), FRIEND_LIST));
        assert_eq!(
            last.until_end(at(299), FRIEND_LIST),
            Duration::from_secs(1),
            "and nothing needs to be read for that"
        );
    }

    #[test]
    fn r75_suspect_list_is_read_again_after_a_minute_or_a_fifth_of_friend_list() {
        let suspicion = read(0, 2, Check::Open, None);
        let start = BootTime::from_millis(0);
        for (friend_list, wait) in [(300, 60_000), (3600, 60_000), (100, 20_000), (2, 400)] {
            let wait = Duration::from_millis(wait);
            assert_eq!(suspicion.until_again(start, Duration::from_secs(friend_list)), wait, "{friend_list}");
        }
    }
}
