//! Time of a decision.

use std::time::Duration;

/// Time on `CLOCK_BOOTTIME`, which cannot be set and runs on during suspend: milliseconds since the machine started,
/// negative before that. The daemon's store converts those that outlive a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(i64);

impl BootTime {
    /// The time this many milliseconds after the machine's start.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

impl std::ops::Add<Duration> for BootTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

impl std::ops::Sub<Duration> for BootTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_since_a_boot_time_is_never_negative_and_never_wraps() {
        let second = Duration::from_secs(1);
        let start = BootTime::from_millis(0);
        assert_eq!((start + second).since(start), second);
        assert_eq!(start.since(start + second), Duration::ZERO);
        assert_eq!(start.since(start - second), second);
        assert_eq!(start + Duration::MAX + second, BootTime::from_millis(i64::MAX));
        assert_eq!(
            BootTime::from_millis(i64::MAX).since(BootTime::from_millis(i64::MIN)).as_millis(),
            i64::MAX as u128
        );
    }
}
