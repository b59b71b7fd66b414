//! Slows down a local user who tries passwords through programs that are not root's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tries that cost nothing: people mistype.
const FREE: u32 = 3;

/// The first pause; each further wrong try doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause, so that nobody is shut out for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// After this long without a wrong try, all is forgotten.
const FORGET: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    fn pause(&self) -> Duration {
        match self.wrong.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(over) => FIRST_PAUSE.saturating_mul(1 << over.min(16)).min(LONGEST_PAUSE),
        }
    }
}

/// The wrong tries of each local user.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<u32, Tries>>,
}

impl Throttle {
    /// Whether this user may try now.
    pub(crate) fn allows(&self, uid: u32, now: Instant) -> bool {
        self.with(|tries| tries.get(&uid).is_none_or(|tries| now >= tries.last + tries.pause()))
    }

    /// Notes a wrong try.
    pub(crate) fn wrong(&self, uid: u32, now: Instant) {
        self.with(|tries| {
            tries.retain(|_, tries| now.saturating_duration_since(tries.last) < FORGET);
            let own = tries.entry(uid).or_insert(Tries { wrong: 0, last: now });
            own.wrong = own.wrong.saturating_add(1);
            own.last = now;
        });
    }

    /// Notes a right one.
    pub(crate) fn right(&self, uid: u32) {
        self.with(|tries| tries.remove(&uid));
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<u32, Tries>) -> T) -> T {
        use_it(&mut self.tries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r43_wrong_tries_of_one_user_cost_that_user_time_and_nobody_else() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..FREE - 1 {
            throttle.wrong(1000, start);
            assert!(throttle.allows(1000, start));
        }
        throttle.wrong(1000, start);
        assert!(!throttle.allows(1000, at(1)));
        assert!(throttle.allows(1001, at(1)));
        assert!(throttle.allows(1000, at(2)));
        throttle.wrong(1000, at(2));
        assert!(!throttle.allows(1000, at(5)));
        assert!(throttle.allows(1000, at(6)));
        for _ in 0..100 {
            throttle.wrong(1000, at(6));
        }
        assert!(throttle.allows(1000, at(6 + 300)), "the pause has a longest");
        throttle.right(1000);
        assert!(throttle.allows(1000, at(6)));
    }
}
