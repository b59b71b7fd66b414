//! Limits the sessions that run at once, in total and per local user.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// The most sessions. Each needs a thread and two descriptors.
const MAX: usize = 256;

/// The most sessions of one user other than root, whose sessions are the system's own logins.
const MAX_PER_USER: usize = 8;

/// Sessions in progress, by uid.
#[derive(Default)]
pub(crate) struct Connections {
    running: Mutex<HashMap<u32, usize>>,
    ended: Condvar,
}

/// Permission for one session, released on drop.
pub(crate) struct ConnectionSlot {
    connections: Arc<Connections>,
    uid: u32,
}

impl Connections {
    /// A slot for a session with a process of this user, or `None` if the limit is reached.
    pub(crate) fn acquire(self: &Arc<Self>, uid: u32) -> Option<ConnectionSlot> {
        let mut running = self.lock();
        let total: usize = running.values().sum();
        let of_user = running.entry(uid).or_default();
        if total >= MAX || (uid != 0 && *of_user >= MAX_PER_USER) {
            return None;
        }
        *of_user += 1;
        Some(ConnectionSlot { connections: Arc::clone(self), uid })
    }

    /// Number of sessions in progress.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().sum()
    }

    /// Waits until no session is in progress; false if some still are after `timeout`.
    pub(crate) fn drain(&self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
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
        let mut running = self.connections.lock();
        if let Some(of_user) = running.get_mut(&self.uid) {
            *of_user -= 1;
            if *of_user == 0 {
                running.remove(&self.uid);
            }
        }
        self.connections.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_use_all_session_slots_and_regains_released_ones() {
        let connections = Arc::new(Connections::default());
        let mut slots: Vec<_> = (0..MAX_PER_USER).map(|_| connections.acquire(1000)).collect();
        assert!(slots.iter().all(Option::is_some));
        assert!(connections.acquire(1000).is_none());
        assert!(connections.acquire(1001).is_some());
        assert!(connections.acquire(0).is_some());
        slots.pop();
        assert!(connections.acquire(1000).is_some());
        assert!(!connections.drain(Duration::from_millis(10)));
        drop(slots);
        assert!(connections.drain(Duration::ZERO));
    }

    #[test]
    fn root_too_has_a_limited_number_of_session_slots() {
        let connections = Arc::new(Connections::default());
        let slots: Vec<_> = (0..MAX).map(|_| connections.acquire(0)).collect();
        assert!(slots.iter().all(Option::is_some));
        assert!(connections.acquire(0).is_none());
        assert!(connections.acquire(1000).is_none());
    }
}
