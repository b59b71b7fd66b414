//! Delays refused authentications to a multiple of 500 ms. A local refusal is instant and one from plex.tv is not; without the
//! delay, the difference would reveal which accounts are managed and who is on the friend list. The module adds the pause that
//! `pam_unix` makes too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Unit of the delay. plex.tv answers most sign-ins within one.
const QUANTUM: Duration = Duration::from_millis(500);

/// The most quanta that a slow answer adds to later refusals: it must not hold up all of them.
const MAX_QUANTA: u64 = 10;

/// Delay of refusals, derived from the latest sign-in and the latest refresh of the friend list. A refusal of an account that is
/// not on the list may have waited for a refresh, and must not be later than the others.
#[derive(Debug, Default)]
pub(crate) struct RefusalDelay {
    /// Duration of the latest sign-in, in quanta.
    sign_in: AtomicU64,
    /// Duration of the latest refresh of the friend list, in quanta.
    refresh: AtomicU64,
}

impl RefusalDelay {
    /// Records how long plex.tv took to answer a sign-in.
    pub(crate) fn record(&self, took: Duration) {
        self.sign_in.store(quanta(took).min(MAX_QUANTA), Ordering::Relaxed);
    }

    /// Records how long a refresh of the friend list took.
    pub(crate) fn record_refresh(&self, took: Duration) {
        self.refresh.store(quanta(took).min(MAX_QUANTA), Ordering::Relaxed);
    }

    /// Time at which a refusal is sent for a password that was typed at `typed`.
    pub(crate) fn send_at(&self, typed: Instant) -> Instant {
        let latest = self.sign_in.load(Ordering::Relaxed).max(self.refresh.load(Ordering::Relaxed));
        let quanta = quanta(typed.elapsed()).max(latest).max(1);
        typed + QUANTUM.saturating_mul(u32::try_from(quanta).unwrap_or(u32::MAX))
    }
}

fn quanta(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(QUANTUM.as_millis())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_a_refusal_is_delayed_to_whole_quanta_and_by_at_least_the_latest_sign_in_and_refresh() {
        let delay = RefusalDelay::default();
        let typed = Instant::now();
        assert_eq!(delay.send_at(typed), typed + QUANTUM);
        delay.record(Duration::from_millis(1100));
        assert_eq!(delay.send_at(typed), typed + 3 * QUANTUM);
        delay.record(Duration::from_millis(80));
        assert_eq!(delay.send_at(typed), typed + QUANTUM);
        let earlier = typed.checked_sub(Duration::from_millis(1200)).unwrap_or(typed);
        assert_eq!(delay.send_at(earlier), earlier + 3 * QUANTUM);
        delay.record_refresh(Duration::from_millis(700));
        assert_eq!(delay.send_at(typed), typed + 2 * QUANTUM);
        delay.record(Duration::from_millis(80));
        assert_eq!(delay.send_at(typed), typed + 2 * QUANTUM, "a sign-in does not hide a slow refresh");
        delay.record_refresh(Duration::from_millis(80));
        assert_eq!(delay.send_at(typed), typed + QUANTUM);
    }
}
