//! Single flight: concurrent calls with equal keys share one execution and its result.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::lock::lock;

/// Calls in progress.
pub(crate) struct SingleFlight<K, T>(Mutex<Vec<Arc<InFlight<K, T>>>>);

/// Why a call that joined another one has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoResult {
    /// The other call had not ended by the deadline.
    TimedOut,
    /// The other call panicked.
    Panicked,
}

struct InFlight<K, T> {
    key: K,
    result: Mutex<Option<Result<T, NoResult>>>,
    ended: Condvar,
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, T: Clone> SingleFlight<K, T> {
    /// Runs `work`, or waits until `deadline` for the result of a call in progress with an equal key.
    ///
    /// # Errors
    /// [`NoResult`], only for a call that waited for another one.
    pub(crate) fn join(&self, key: K, deadline: Instant, work: impl FnOnce() -> T) -> Result<T, NoResult> {
        let mut calls = lock(&self.0);
        if let Some(call) = calls.iter().find(|call| call.key == key).map(Arc::clone) {
            drop(calls);
            return call.wait(deadline);
        }
        let call = Arc::new(InFlight { key, result: Mutex::new(None), ended: Condvar::new() });
        calls.push(Arc::clone(&call));
        drop(calls);
        // Also removes the call if `work` panics.
        let guard = Guard { calls: self, call: &call };
        let result = work();
        *lock(&call.result) = Some(Ok(result.clone()));
        drop(guard);
        Ok(result)
    }
}

impl<K, T: Clone> InFlight<K, T> {
    fn wait(&self, deadline: Instant) -> Result<T, NoResult> {
        let mut result = lock(&self.result);
        loop {
            if let Some(result) = result.as_ref() {
                return result.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoResult::TimedOut);
            }
            result = self.ended.wait_timeout(result, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Ends a call on drop.
struct Guard<'a, K, T> {
    calls: &'a SingleFlight<K, T>,
    call: &'a Arc<InFlight<K, T>>,
}

impl<K, T> Drop for Guard<'_, K, T> {
    fn drop(&mut self) {
        lock(&self.calls.0).retain(|call| !Arc::ptr_eq(call, self.call));
        lock(&self.call.result).get_or_insert(Err(NoResult::Panicked));
        self.call.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn concurrent_calls_with_equal_keys_share_one_execution() {
        let (single_flight, count) = (SingleFlight::default(), AtomicUsize::new(0));
        let call = |key: &'static str| {
            single_flight.join(key, Instant::now() + Duration::from_secs(10), || {
                std::thread::sleep(Duration::from_millis(300));
                count.fetch_add(1, Ordering::SeqCst)
            })
        };
        std::thread::scope(|scope| {
            let same: Vec<_> = (0..8).map(|_| scope.spawn(|| call("alice").unwrap())).collect();
            for key in ["bob", "carol", "dave"] {
                scope.spawn(move || call(key).unwrap());
            }
            let results: Vec<_> = same.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(results.windows(2).all(|pair| pair.first() == pair.last()), "{results:?}");
        });
        assert_eq!(count.load(Ordering::SeqCst), 4);
        call("alice").unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 5, "a result is not kept after its call has ended");
    }

    #[test]
    fn r36_a_call_that_panics_gives_those_that_wait_for_it_no_result() {
        let single_flight = SingleFlight::default();
        let (started, start) = std::sync::mpsc::channel();
        let deadline = Instant::now() + Duration::from_secs(10);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                single_flight.join("alice", deadline, || {
                    started.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(200));
                    panic!("on purpose")
                })
            });
            start.recv().unwrap();
            assert_eq!(single_flight.join("alice", deadline, || ()), Err(NoResult::Panicked));
            assert!(first.join().is_err());
        });
    }

    #[test]
    fn r36_a_call_that_waits_for_another_ends_at_its_deadline() {
        let single_flight = SingleFlight::default();
        let (started, start) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                single_flight.join("alice", Instant::now(), || {
                    started.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(300));
                })
            });
            start.recv().unwrap();
            assert_eq!(single_flight.join("alice", Instant::now(), || ()), Err(NoResult::TimedOut));
        });
    }
}
