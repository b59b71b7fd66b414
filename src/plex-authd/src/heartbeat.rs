//! Keepalives for every session that is at work, sent by one thread: a login has no second thread for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use protocol::{HEARTBEAT, Keepalive};

use crate::lock::lock;
use crate::worker::Worker;

/// The sessions at work.
#[derive(Clone, Default)]
pub(crate) struct Heartbeats(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    at_work: BTreeMap<u64, Work>,
    next: u64,
    is_closed: bool,
}

/// A session at work.
struct Work {
    keepalive: Keepalive,
    /// Time of the next keepalive; `None` after the last one.
    due: Option<Instant>,
    /// No keepalive is sent after this, so that the module stops waiting for work that hangs.
    end: Instant,
    is_heard: bool,
}

/// A session's keepalives, until this is dropped.
pub(crate) struct Heartbeat<'a> {
    heartbeats: &'a Heartbeats,
    id: u64,
}

/// The thread that sends them.
pub(crate) struct HeartbeatWorker {
    heartbeats: Heartbeats,
    worker: Worker,
}

impl Heartbeats {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn open() -> std::io::Result<(Self, HeartbeatWorker)> {
        let heartbeats = Self::default();
        let shared = Arc::clone(&heartbeats.0);
        let worker = Worker::start("heartbeat", move || shared.run())?;
        Ok((heartbeats.clone(), HeartbeatWorker { heartbeats, worker }))
    }

    /// Sends keepalives each [`HEARTBEAT`] until `end`.
    pub(crate) fn start(&self, keepalive: Keepalive, end: Instant) -> Heartbeat<'_> {
        let due = Some(Instant::now() + HEARTBEAT);
        let mut state = lock(&self.0.state);
        let id = state.next;
        state.next += 1;
        // With any other work, the thread wakes up in time: nothing that is due already is due later than this.
        let is_asleep = state.at_work.values().all(|work| work.due.is_none());
        state.at_work.insert(id, Work { keepalive, due, end, is_heard: true });
        drop(state);
        if is_asleep {
            self.0.changed.notify_one();
        }
        Heartbeat { heartbeats: self, id }
    }
}

impl Heartbeat<'_> {
    /// Ends the keepalives: none is sent after this has returned. False if the module has disconnected.
    pub(crate) fn stop(self) -> bool {
        self.remove().is_none_or(|work| work.is_heard)
    }

    fn remove(&self) -> Option<Work> {
        lock(&self.heartbeats.0.state).at_work.remove(&self.id)
    }
}

impl Drop for Heartbeat<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

impl HeartbeatWorker {
    /// Ends the thread.
    pub(crate) fn finish(self) {
        lock(&self.heartbeats.0.state).is_closed = true;
        self.heartbeats.0.changed.notify_one();
        self.worker.finish();
    }
}

impl Shared {
    fn run(&self) {
        let mut state = lock(&self.state);
        while !state.is_closed {
            let next = state.at_work.values().filter_map(|work| work.due).min();
            state = match next {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            let now = Instant::now();
            // Under the lock, so that none is sent after the work has ended. Sending waits for nothing.
            state.at_work.values_mut().for_each(|work| work.beat(now));
        }
    }
}

impl Work {
    fn beat(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            let goes_on = now < self.end;
            self.is_heard = !goes_on || self.keepalive.send();
            self.due = (goes_on && self.is_heard).then(|| now + HEARTBEAT);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use protocol::{Connection, Deadline, Error, Reply};

    use super::*;

    fn pair() -> (Connection, Connection) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::accepted(ours).unwrap(), Connection::accepted(theirs).unwrap())
    }

    fn hears(module: &mut Connection, within: Duration) -> bool {
        match module.receive::<Reply>(Deadline::after(within)) {
            Ok(reply) => reply == Reply::Working,
            Err(error) => !matches!(error, Error::TimedOut),
        }
    }

    #[test]
    fn every_session_at_work_is_heard_until_its_work_ends() {
        let (heartbeats, worker) = Heartbeats::open().unwrap();
        let ((first, mut module), (second, mut other)) = (pair(), pair());
        let end = Instant::now() + Duration::from_secs(60);
        let work = heartbeats.start(first.keepalive(), end);
        let longer = heartbeats.start(second.keepalive(), end);
        for _ in 0..2 {
            assert!(hears(&mut module, HEARTBEAT * 4) && hears(&mut other, HEARTBEAT * 4));
        }
        assert!(work.stop());
        assert!(hears(&mut other, HEARTBEAT * 4));
        // Only messages that were sent before the end may still arrive.
        while hears(&mut module, Duration::ZERO) {}
        assert!(!hears(&mut module, HEARTBEAT * 2));
        drop(longer);
        // After a time without any work, the next one is heard too.
        std::thread::sleep(HEARTBEAT * 2);
        let again = heartbeats.start(first.keepalive(), end);
        assert!(hears(&mut module, HEARTBEAT * 4));
        assert!(again.stop());
        worker.finish();
    }

    #[test]
    fn a_module_that_has_disconnected_is_noticed() {
        let (heartbeats, worker) = Heartbeats::open().unwrap();
        let (session, module) = pair();
        let work = heartbeats.start(session.keepalive(), Instant::now() + Duration::from_secs(60));
        drop(module);
        std::thread::sleep(HEARTBEAT * 2);
        assert!(!work.stop());
        worker.finish();
    }

    /// Work that hangs must not keep a program waiting for as long as the thread that sends its keepalives lives.
    #[test]
    fn r36_work_that_hangs_is_not_heard_after_its_end() {
        let (heartbeats, worker) = Heartbeats::open().unwrap();
        let (session, mut module) = pair();
        let work = heartbeats.start(session.keepalive(), Instant::now() + HEARTBEAT + HEARTBEAT / 2);
        assert!(hears(&mut module, HEARTBEAT * 4));
        assert!(!hears(&mut module, HEARTBEAT * 3));
        drop(work);
        worker.finish();
    }
}
