//! Threads for requests without a slot. A module without a verdict would fall back to the local group in its account phase
//! (R65), so these threads, which always exist, decide them from known state. One more holds refused authentications.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::{LoginRequest, Request};

use crate::lock::lock;
use crate::refusals;
use crate::session::Session;
use crate::worker::{self, STACK};

/// Threads, and requests that may wait for them. root's requests, which are the system's logins, have their own, so that no
/// other user can delay them.
const ROOT: (usize, usize) = (8, 128);
const OTHERS: (usize, usize) = (2, 32);

/// Refused authentications that may wait for the thread that holds them.
const REFUSED: usize = 64;

/// Time limit for the requests that are left at shutdown. Each needs a look into the account database.
pub(crate) const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// A request whose connection has no slot.
type Work = (Session, LoginRequest);

/// The threads, and their queues.
pub(crate) struct Reserve {
    root: SyncSender<Work>,
    others: SyncSender<Work>,
    refused: SyncSender<Work>,
    threads: Vec<JoinHandle<()>>,
}

impl Reserve {
    /// Starts the threads.
    ///
    /// # Errors
    /// A thread cannot be created.
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut threads = Vec::new();
        let (root, others) = (start(ROOT, &mut threads)?, start(OTHERS, &mut threads)?);
        let (refused, requests) = sync_channel(REFUSED);
        threads.push(spawn(move || refusals::run(&requests))?);
        Ok(Self { root, others, refused, threads })
    }

    /// Queues an account phase. If the queue is full, it is refused at once: a managed account does not pass even then.
    pub(crate) fn push(&self, session: Session, request: LoginRequest) {
        let queue = if session.uid() == 0 { &self.root } else { &self.others };
        if let Err(TrySendError::Full((session, request)) | TrySendError::Disconnected((session, request))) =
            queue.try_send((session, request))
        {
            session.refuse(&Request::Login(request));
        }
    }

    /// Refuses an authentication later; at once, if the queue is full.
    pub(crate) fn refuse(&self, session: Session, request: LoginRequest) {
        if let Err(TrySendError::Full((session, request)) | TrySendError::Disconnected((session, request))) =
            self.refused.try_send((session, request))
        {
            session.refuse(&Request::Login(request));
        }
    }

    /// Ends the threads after the requests that are left.
    pub(crate) fn finish(self) {
        let Self { root, others, refused, threads } = self;
        drop((root, others, refused));
        worker::join_within(&threads, LAST_REQUESTS);
    }
}

fn start((count, capacity): (usize, usize), threads: &mut Vec<JoinHandle<()>>) -> std::io::Result<SyncSender<Work>> {
    let (queue, requests) = sync_channel(capacity);
    let requests = Arc::new(Mutex::new(requests));
    for _ in 0..count {
        let requests = Arc::clone(&requests);
        threads.push(spawn(move || run(&requests))?);
    }
    Ok(queue)
}

fn spawn(run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("reserve".into()).stack_size(STACK).spawn(run)
}

fn run(requests: &Mutex<Receiver<Work>>) {
    loop {
        // One thread waits for the next request, the others for the lock.
        let next = lock(requests).recv();
        let Ok((session, mut request)) = next else { return };
        session.run_without_slot(&mut request);
    }
}
