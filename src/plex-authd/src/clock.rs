//! The two clocks: `CLOCK_BOOTTIME` for ages, which cannot be set, and the wall clock, which survives a restart.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use policy::{BootTime, Reason};

/// Time of the first read of a stored time, and the wall clock's offset then.
static FIRST_READ: OnceLock<(BootTime, i64)> = OnceLock::new();

/// Current time. `CLOCK_BOOTTIME` includes suspend, so ages are real ages.
pub(crate) fn now() -> BootTime {
    // Exists on every Linux that this is built for. Without it everything would have age zero, which is the lesser
    // evil compared with a panic in each login.
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    BootTime::from_millis(0) + time
}

/// Current time for the age of a value recorded at `recorded`. If an earlier process recorded it and the wall clock was
/// stepped forward since, as on a machine without a battery-backed clock, the step is added.
pub(crate) fn now_for(recorded: BootTime) -> BootTime {
    adjusted(now(), recorded)
}

/// `time` plus the step of the wall clock that counts for a value recorded at `recorded`; see [`now_for`].
pub(crate) fn adjusted(time: BootTime, recorded: BootTime) -> BootTime {
    match FIRST_READ.get() {
        Some((first_read, offset)) if recorded <= *first_read => {
            time + duration(wall_clock_offset().saturating_sub(*offset))
        }
        _ => time,
    }
}

/// Checks the wall clock, on which certificates and stored times depend.
///
/// # Errors
/// [`Reason::ClockBehind`]
pub(crate) fn check() -> Result<(), Reason> {
    if system::clock_is_behind() { Err(Reason::ClockBehind) } else { Ok(()) }
}

/// Converts to milliseconds since 1970, for storage.
pub(crate) fn to_wall_clock(time: BootTime) -> i64 {
    let (now, wall_clock) = (now(), wall_clock());
    wall_clock.saturating_sub(millis(now.since(time))).saturating_add(millis(time.since(now)))
}

/// Converts a stored time back; `None` if it is in the future, because the wall clock was set back and the age is unknown.
pub(crate) fn from_wall_clock(millis: i64) -> Option<BootTime> {
    FIRST_READ.get_or_init(|| (now(), wall_clock_offset()));
    let age = wall_clock().saturating_sub(millis);
    (age >= 0).then(|| now() - duration(age))
}

/// Wall clock minus boot clock, in milliseconds. It changes when the wall clock is set.
pub(crate) fn wall_clock_offset() -> i64 {
    to_wall_clock(BootTime::from_millis(0))
}

fn wall_clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(millis).unwrap_or_default()
}

/// Zero if `millis` is negative.
fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_time_keeps_its_age_and_one_in_the_future_has_none() {
        let hour = Duration::from_secs(3600);
        let before = now() - hour;
        let back = from_wall_clock(to_wall_clock(before)).unwrap_or(now());
        assert!(back.since(before).max(before.since(back)) < Duration::from_secs(1));
        assert_eq!(from_wall_clock(to_wall_clock(now() + hour)), None);
    }
}
