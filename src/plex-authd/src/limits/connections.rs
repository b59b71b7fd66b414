//! The sessions in progress: their slots, and their end at shutdown.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use policy::{Claim, Purpose, Shares, SlotId};
use protocol::Interrupter;

use crate::lock::lock;

/// Sessions in progress, by the shares of [`policy::Shares`].
#[derive(Default)]
pub(crate) struct Connections {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    shares: Shares,
    /// Sessions that wait for a user to type.
    typing: BTreeMap<SlotId, Interrupter>,
    is_ending: bool,
}

/// Permission for one session, released on drop.
pub(crate) struct Slot {
    connections: Arc<Connections>,
    id: SlotId,
    purpose: Purpose,
}

/// A session that waits for a user to type, until this is dropped.
pub(crate) struct Typing<'a>(&'a Slot);

impl Connections {
    /// A slot, or `None` if there is none for this claim. `known_accounts` is the number of accounts that have signed in.
    pub(crate) fn acquire(self: &Arc<Self>, claim: Claim, known_accounts: usize) -> Option<Slot> {
        let purpose = claim.purpose;
        let id = self.lock().shares.acquire(claim, known_accounts)?;
        Some(Slot { connections: Arc::clone(self), id, purpose })
    }

    /// Number of sessions in progress.
    pub(crate) fn count(&self) -> usize {
        self.lock().shares.count()
    }

    /// Ends the waits of all sessions for users to type. Their verdicts are "unavailable".
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_ending = true;
        state.typing.values().for_each(Interrupter::interrupt);
    }

    /// Waits until no session is in progress; false if some still are after `timeout`.
    pub(crate) fn drain(&self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        let mut state = self.lock();
        while state.shares.count() > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Slot {
    /// Checks the shares again with a claim that knows the account's canonical name and whether the caller is trusted; false if
    /// there is no room. A slot of the command stays one.
    pub(crate) fn replace(&self, claim: Claim, known_accounts: usize) -> bool {
        if self.purpose == Purpose::Command {
            return true;
        }
        self.connections.lock().shares.replace(self.id, claim, known_accounts)
    }

    /// Registers a wait that [`Connections::end`] interrupts; `None` if the daemon is ending already.
    pub(crate) fn type_into(&self, interrupter: Interrupter) -> Option<Typing<'_>> {
        let mut state = self.connections.lock();
        if state.is_ending {
            return None;
        }
        state.typing.insert(self.id, interrupter);
        Some(Typing(self))
    }

    /// The daemon is ending.
    pub(crate) fn is_ending(&self) -> bool {
        self.connections.lock().is_ending
    }
}

impl Drop for Typing<'_> {
    fn drop(&mut self) {
        self.0.connections.lock().typing.remove(&self.0.id);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.lock().shares.release(self.id);
        self.connections.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::os::unix::net::UnixStream;

    use policy::Crowd;
    use protocol::{Connection, Deadline, Error, Request};

    use super::*;

    fn claim(account: &str) -> Claim {
        let (purpose, origin, crowd) = (Purpose::Unknown, "local:bob".into(), Crowd::One);
        Claim { purpose, origin, crowd, account: account.into() }
    }

    #[test]
    fn a_session_counts_until_the_last_holder_of_its_slot_has_ended() {
        let connections = Arc::new(Connections::default());
        let slot = Arc::new(connections.acquire(claim("alice"), 0).unwrap());
        let work = Arc::clone(&slot);
        drop(slot);
        assert_eq!(connections.count(), 1);
        assert!(!connections.drain(Duration::from_millis(10)));
        drop(work);
        assert_eq!(connections.count(), 0);
        assert!(connections.drain(Duration::ZERO));
    }

    #[test]
    fn r70_sessions_that_wait_for_typing_are_interrupted_at_the_end_and_later_ones_do_not_begin_to_wait() {
        let connections = Arc::new(Connections::default());
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::accepted(ours).unwrap();
        let slot = connections.acquire(claim("alice"), 0).unwrap();
        let interrupter = connection.interrupter();
        let ending = Arc::clone(&connections);
        let waiting = std::thread::spawn(move || {
            let typing = slot.type_into(interrupter).unwrap();
            let received = connection.receive::<Request>(Deadline::after(Duration::from_secs(30)));
            assert!(matches!(received, Err(Error::Closed)), "{received:?}");
            drop(typing);
            assert!(slot.is_ending() && slot.type_into(connection.interrupter()).is_none());
        });
        while ending.lock().typing.is_empty() {
            std::thread::yield_now();
        }
        ending.end();
        waiting.join().unwrap();
        assert!(ending.drain(Duration::ZERO) && ending.lock().typing.is_empty());
    }
}
