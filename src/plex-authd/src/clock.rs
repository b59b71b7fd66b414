//! The two clocks: one for ages, which nobody can set, and the calendar, which outlives a restart.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use policy::BootTime;

/// When the first moment that had been written down was read, and how far ahead the calendar was then.
static READ: OnceLock<(BootTime, i64)> = OnceLock::new();

/// Now. The clock runs on while the machine sleeps, so that what was learnt before is as old as it seems.
pub(crate) fn now() -> BootTime {
    // It exists on every Linux that this is built for; without it everything would be of no age at all, and so the
    // daemon's own process would be the last thing to notice.
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    BootTime::from_millis(0) + time
}

/// Now, for the age of what was learnt at a moment. What was learnt before this daemon began was dated by a calendar that
/// may have been behind, as on a machine without a clock of its own that was off for days. When it is set ahead, such
/// things are older by as much than they seemed.
pub(crate) fn now_for(learnt: BootTime) -> BootTime {
    seen_from(now(), learnt)
}

/// The same for another moment than now.
pub(crate) fn seen_from(moment: BootTime, learnt: BootTime) -> BootTime {
    match READ.get() {
        Some((read, then)) if learnt <= *read => moment + span(ahead().saturating_sub(*then)),
        _ => moment,
    }
}

/// A moment as milliseconds of the calendar, to be written down.
pub(crate) fn to_calendar(moment: BootTime) -> i64 {
    let (now, today) = (now(), today());
    today.saturating_sub(millis(now.since(moment))).saturating_add(millis(moment.since(now)))
}

/// A moment that was written down; `None` when the calendar says that it is still to come, so that it has been set back
/// since and nobody knows how long ago that moment was.
pub(crate) fn from_calendar(millis: i64) -> Option<BootTime> {
    READ.get_or_init(|| (now(), ahead()));
    let age = today().saturating_sub(millis);
    (age >= 0).then(|| now() - span(age))
}

/// How far the calendar is ahead of the clock that nobody can set, in milliseconds. It changes when the calendar is set.
pub(crate) fn ahead() -> i64 {
    to_calendar(BootTime::from_millis(0))
}

fn today() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(millis).unwrap_or_default()
}

/// So many milliseconds; none when they are negative.
fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_from_the_calendar_as_old_as_it_was() {
        let hour = Duration::from_secs(3600);
        let before = now() - hour;
        let back = from_calendar(to_calendar(before)).unwrap_or(now());
        assert!(back.since(before).max(before.since(back)) < Duration::from_secs(1));
        assert_eq!(from_calendar(to_calendar(now() + hour)), None);
    }
}
