//! Threads for requests without a slot. A module without a verdict would fall back to the local group in its account phase
//! (R65), so these threads, which always exist, decide them from known state. One more holds refused authentications.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::{LoginRequest, Request};

use crate::lock::lock;
use crate::refusals;
use crate::session::delayed::Delayed;
use crate::session::{Session, thread};
use crate::worker::{self, STACK};

/// Threads, and requests that may wait for them. root's account phases, which are the system's logins, have their own, so that
/// no other user can delay them, and so have those of trusted callers.
const ROOT: (usize, usize) = (8, 128);
const TRUSTED: (usize, usize) = (2, 32);
const OTHERS: (usize, usize) = (2, 32);

/// Likewise for refused authentications that claim a slot once more, after a look into the account database.
const AGAIN: (usize, usize) = (2, 32);

/// Refused authentications that may wait for the thread that holds them. It never waits for anything else.
const REFUSED: usize = 64;

/// Time limit for the requests that are left at shutdown. Each needs a look into the account database.
pub(crate) const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// A request whose connection has no slot.
type Work = (Session, LoginRequest);

/// The threads, and their queues.
pub(crate) struct Reserve {
    root: SyncSender<Work>,
    trusted: SyncSender<Work>,
    others: SyncSender<Work>,
    again: SyncSender<Work>,
    held: SyncSender<Delayed>,
    threads: Vec<JoinHandle<()>>,
}

impl Reserve {
    /// Starts the threads.
    ///
    /// # Errors
    /// A thread cannot be created.
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut threads = Vec::new();
        let (held, refused) = sync_channel(REFUSED);
        threads.push(spawn(move || refusals::run(&refused))?);
        let again = {
            let held = held.clone();
            start(AGAIN, &mut threads, move |session, request| claim_again(session, request, &held))?
        };
        let mut account = |threads_and_queue| {
            start(threads_and_queue, &mut threads, |session, mut request| session.run_without_slot(&mut request))
        };
        let (root, trusted, others) = (account(ROOT)?, account(TRUSTED)?, account(OTHERS)?);
        Ok(Self { root, trusted, others, again, held, threads })
    }

    /// Queues an account phase. If the queue is full, it is refused at once: a managed account does not pass even then.
    pub(crate) fn push(&self, session: Session, request: LoginRequest) {
        let queue = match session.uid() {
            0 => &self.root,
            _ if session.was_trusted() => &self.trusted,
            _ => &self.others,
        };
        if let Err(TrySendError::Full((session, request)) | TrySendError::Disconnected((session, request))) =
            queue.try_send((session, request))
        {
            session.refuse(&Request::Login(request));
        }
    }

    /// Refuses an authentication later. One that names its origin first claims a slot once more, if there is time for that: with
    /// the account's canonical name, a known friend who types another spelling has the slots of known accounts (R70).
    pub(crate) fn refuse(&self, session: Session, request: LoginRequest) {
        if !session.was_trusted() {
            return hold(&self.held, session, &request);
        }
        if let Err(TrySendError::Full((session, request)) | TrySendError::Disconnected((session, request))) =
            self.again.try_send((session, request))
        {
            hold(&self.held, session, &request);
        }
    }

    /// Ends the threads after the requests that are left.
    pub(crate) fn finish(self) {
        let Self { root, trusted, others, again, held, threads } = self;
        drop((root, trusted, others, again, held));
        worker::join_within(&threads, LAST_REQUESTS);
    }
}

fn start(
    (count, capacity): (usize, usize),
    threads: &mut Vec<JoinHandle<()>>,
    run: impl Fn(Session, LoginRequest) + Clone + Send + 'static,
) -> std::io::Result<SyncSender<Work>> {
    let (queue, requests) = sync_channel(capacity);
    let requests = Arc::new(Mutex::new(requests));
    for _ in 0..count {
        let (requests, run) = (Arc::clone(&requests), run.clone());
        threads.push(spawn(move || each(&requests, &run))?);
    }
    Ok(queue)
}

fn spawn(run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("reserve".into()).stack_size(STACK).spawn(run)
}

fn each(requests: &Mutex<Receiver<Work>>, run: &impl Fn(Session, LoginRequest)) {
    loop {
        // One thread waits for the next request, the others for the lock.
        let next = lock(requests).recv();
        let Ok((session, request)) = next else { return };
        run(session, request);
    }
}

/// Starts the login if it has a slot now, and refuses it later otherwise.
fn claim_again(mut session: Session, mut request: LoginRequest, held: &SyncSender<Delayed>) {
    let Some(slot) = session.claim_again(&mut request) else { return hold(held, session, &request) };
    if let Err(refused) = thread::start(session, Request::Login(request), Arc::new(slot))
        && let (session, Request::Login(request)) = *refused
    {
        hold(held, session, &request);
    }
}

/// Passes a refusal on to the thread that holds them. It is sent at once if too many wait for that.
fn hold(held: &SyncSender<Delayed>, session: Session, request: &LoginRequest) {
    if let Err(TrySendError::Full(refusal) | TrySendError::Disconnected(refusal)) =
        held.try_send(session.refuse_later(request))
    {
        refusal.send();
    }
}
