//! Threads for connections without a slot. A module without a verdict would fall back to the local group in its account phase
//! (R65), so these threads, which always exist, give each such connection half a second.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use crate::lock::lock;
use crate::session::Session;

/// Threads, and connections that may wait for them. root's connections, which are the system's logins, have their own, so
/// that no other user can delay them.
const ROOT: (usize, usize) = (8, 128);
const OTHERS: (usize, usize) = (2, 32);

/// Stack of a session's thread, which has no large buffers.
pub(crate) const STACK: usize = 512 * 1024;

/// Queues of the threads, which end when this is dropped.
pub(crate) struct Reserve {
    root: SyncSender<Session>,
    others: SyncSender<Session>,
}

impl Reserve {
    /// Starts the threads.
    ///
    /// # Errors
    /// A thread cannot be created.
    pub(crate) fn start() -> std::io::Result<Self> {
        Ok(Self { root: start(ROOT)?, others: start(OTHERS)? })
    }

    /// Queues a session. If the queue is full, the module gets the verdict "unavailable" at once. In the account phase that
    /// is a refusal, so a managed account does not pass even then.
    pub(crate) fn push(&self, session: Session) {
        let queue = if session.uid() == 0 { &self.root } else { &self.others };
        if let Err(TrySendError::Full(session) | TrySendError::Disconnected(session)) = queue.try_send(session) {
            session.refuse_unread();
        }
    }
}

fn start((threads, capacity): (usize, usize)) -> std::io::Result<SyncSender<Session>> {
    let (queue, sessions) = sync_channel(capacity);
    let sessions = Arc::new(Mutex::new(sessions));
    for _ in 0..threads {
        let sessions = Arc::clone(&sessions);
        std::thread::Builder::new().name("reserve".into()).stack_size(STACK).spawn(move || run(&sessions))?;
    }
    Ok(queue)
}

fn run(sessions: &Mutex<Receiver<Session>>) {
    loop {
        // One thread waits for the next session, the others for the lock.
        let next = lock(sessions).recv();
        let Ok(session) = next else { return };
        session.run_without_slot();
    }
}
