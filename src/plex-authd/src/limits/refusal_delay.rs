//! When a refusal is said. A refusal that needs no request is known at once, one by plex.tv after its time; told apart by
//! that, they would say who is on the friend list. So all of them are said on the beat of one clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The beat. plex.tv mostly answers a sign-in within one.
const QUANTUM: Duration = Duration::from_millis(500);

/// The most beats; a plex.tv that answers once in a while must not hold up every refusal after it.
const MOST: u64 = 10;

/// The pace of refusals.
#[derive(Debug, Default)]
pub(crate) struct RefusalDelay {
    /// How many beats the last sign-in took.
    last: AtomicU64,
}

impl RefusalDelay {
    /// Notes how long plex.tv took to answer a sign-in.
    pub(crate) fn note(&self, took: Duration) {
        self.last.store(beats(took).min(MOST), Ordering::Relaxed);
    }

    /// When a refusal may be said to somebody who typed a password at `since`.
    pub(crate) fn refusal(&self, since: Instant) -> Instant {
        let beats = beats(since.elapsed()).max(self.last.load(Ordering::Relaxed)).max(1);
        since + QUANTUM.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX))
    }
}

fn beats(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(QUANTUM.as_millis())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_a_refusal_takes_whole_beats_and_as_many_as_the_last_sign_in() {
        let pace = RefusalDelay::default();
        let since = Instant::now();
        assert_eq!(pace.refusal(since), since + QUANTUM);
        pace.note(Duration::from_millis(1100));
        assert_eq!(pace.refusal(since), since + 3 * QUANTUM);
        pace.note(Duration::from_millis(80));
        assert_eq!(pace.refusal(since), since + QUANTUM);
        let slow = since.checked_sub(Duration::from_millis(1200)).unwrap_or(since);
        assert_eq!(pace.refusal(slow), slow + 3 * QUANTUM);
    }
}
