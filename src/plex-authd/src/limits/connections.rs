//! How many conversations there may be at once, in all and for one local user.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// All together. Each takes a thread and two descriptors.
const MOST: usize = 256;

/// For one user who is not root; root's are the system's own logins.
const MOST_OF_ONE: usize = 8;

/// The conversations that are going on.
#[derive(Default)]
pub(crate) struct Connections {
    running: Mutex<HashMap<u32, usize>>,
    ended: Condvar,
}

/// The right to one conversation, given back when it is dropped.
pub(crate) struct ConnectionSlot {
    limits: Arc<Connections>,
    uid: u32,
}

impl Connections {
    /// A slot for a conversation with a process of this user, if there is one.
    pub(crate) fn take(self: &Arc<Self>, uid: u32) -> Option<ConnectionSlot> {
        let mut running = self.lock();
        let all: usize = running.values().sum();
        let own = running.entry(uid).or_default();
        if all >= MOST || (uid != 0 && *own >= MOST_OF_ONE) {
            return None;
        }
        *own += 1;
        Some(ConnectionSlot { limits: Arc::clone(self), uid })
    }

    /// How many are going on.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().sum()
    }

    /// Waits until nothing is going on any more, but not longer than this.
    pub(crate) fn drain(&self, most: Duration) -> bool {
        let end = Instant::now() + most;
        let mut running = self.lock();
        while !running.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            running = self.ended.wait_timeout(running, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, usize>> {
        lock(&self.running)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut running = self.limits.lock();
        if let Some(own) = running.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.uid);
            }
        }
        self.limits.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_take_every_slot_and_gets_its_own_back() {
        let limits = Arc::new(Connections::default());
        let mut taken: Vec<_> = (0..MOST_OF_ONE).map(|_| limits.take(1000)).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(limits.take(1000).is_none());
        assert!(limits.take(1001).is_some());
        assert!(limits.take(0).is_some());
        taken.pop();
        assert!(limits.take(1000).is_some());
        assert!(!limits.drain(Duration::from_millis(10)));
        drop(taken);
        assert!(limits.drain(Duration::ZERO));
    }

    #[test]
    fn there_is_an_end_to_all_slots() {
        let limits = Arc::new(Connections::default());
        let taken: Vec<_> = (0..MOST).map(|_| limits.take(0)).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(limits.take(0).is_none());
        assert!(limits.take(1000).is_none());
    }
}
