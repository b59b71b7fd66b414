//! Identical attempts at the same moment share one sign-in: a program that opens ten connections at once asks plex.tv
//! once.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use policy::{AttemptKey, Reason};
use protocol::Secret;

use crate::auth::password::AuthResult;
use crate::lock::lock;

/// The sign-ins that are under way.
#[derive(Default)]
pub(crate) struct SingleFlight(Mutex<Vec<Arc<InFlight>>>);

struct InFlight {
    key: AttemptKey,
    password: Secret,
    landed: Mutex<Option<AuthResult>>,
    landing: Condvar,
}

impl SingleFlight {
    /// Answers an attempt: by `sign_in`, or by the answer that an identical attempt which is already under way gets.
    pub(crate) fn join(
        &self,
        key: &AttemptKey,
        password: &Secret,
        deadline: Instant,
        sign_in: impl FnOnce() -> AuthResult,
    ) -> AuthResult {
        let mut under_way = lock(&self.0);
        let same = |flight: &&Arc<InFlight>| flight.key == *key && flight.password == *password;
        if let Some(flight) = under_way.iter().find(same).map(Arc::clone) {
            drop(under_way);
            return flight.wait(deadline);
        }
        let flight = Arc::new(InFlight {
            key: key.clone(),
            password: password.clone(),
            landed: Mutex::new(None),
            landing: Condvar::new(),
        });
        under_way.push(Arc::clone(&flight));
        drop(under_way);
        // However it ends: nobody must wait for a sign-in that has gone.
        let landing = Landing { single_flight: self, flight: &flight };
        let answer = sign_in();
        *lock(&flight.landed) = Some(answer.clone());
        drop(landing);
        answer
    }
}

impl InFlight {
    fn wait(&self, deadline: Instant) -> AuthResult {
        let mut landed = lock(&self.landed);
        loop {
            if let Some(answer) = landed.as_ref() {
                return answer.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return AuthResult::No(Reason::Unavailable("plex.tv did not answer in time".into()));
            }
            landed = self.landing.wait_timeout(landed, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

struct Landing<'a> {
    single_flight: &'a SingleFlight,
    flight: &'a Arc<InFlight>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        lock(&self.single_flight.0).retain(|flight| !Arc::ptr_eq(flight, self.flight));
        let broke_off = || AuthResult::No(Reason::Unavailable("the login's own work broke off".into()));
        lock(&self.flight.landed).get_or_insert_with(broke_off);
        self.flight.landing.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use policy::PlexId;

    use super::*;
    use crate::auth::password::Evidence;

    fn key(account: &str, origin: &str) -> AttemptKey {
        AttemptKey { account: account.into(), origin: origin.into() }
    }

    fn yes() -> AuthResult {
        AuthResult::Yes(PlexId(7), Evidence::Plex, None)
    }

    #[test]
    fn identical_attempts_share_one_sign_in_and_others_do_not() {
        let (single_flight, count) = (SingleFlight::default(), AtomicUsize::new(0));
        let attempt = |account: &str, origin: &str, password: &str| {
            let deadline = Instant::now() + Duration::from_secs(10);
            single_flight.join(&key(account, origin), &Secret::from(password), deadline, || {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(300));
                yes()
            })
        };
        std::thread::scope(|scope| {
            let attempt = &attempt;
            for _ in 0..8 {
                scope.spawn(move || assert!(matches!(attempt("alice", "a", "right"), AuthResult::Yes(..))));
            }
            for (account, origin, password) in [("bob", "a", "right"), ("alice", "b", "right"), ("alice", "a", "other")]
            {
                scope.spawn(move || attempt(account, origin, password));
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 4);
        attempt("alice", "a", "right");
        assert_eq!(count.load(Ordering::SeqCst), 5, "what has landed is shared with nobody");
    }

    #[test]
    fn r36_a_sign_in_that_breaks_off_leaves_the_others_unavailable() {
        let single_flight = SingleFlight::default();
        let (started, start) = std::sync::mpsc::channel();
        let deadline = Instant::now() + Duration::from_secs(10);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                single_flight.join(&key("alice", "a"), &Secret::from("x"), deadline, || {
                    started.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(200));
                    panic!("broken off on purpose")
                })
            });
            start.recv().unwrap();
            let second = single_flight.join(&key("alice", "a"), &Secret::from("x"), deadline, yes);
            assert!(matches!(second, AuthResult::No(Reason::Unavailable(_))), "{second:?}");
            assert!(first.join().is_err());
        });
    }
}
