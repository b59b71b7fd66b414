//! What must outlive a restart, in `state.db`. It is read once, at the start; from then on the daemon works from memory
//! and a thread writes down what changes. So no login waits for a disk, and a full or broken one stops none: what is
//! lost is only what was learnt since.

mod client_id;
mod file;
mod rows;
#[cfg(test)]
mod tests;
mod wall_clock;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use client_id::{new_sign_in_id, sign_in_id};
use policy::{
    AttemptKey, BootTime, BreakerOpen, CachedPassword, Failures, FriendList, IdentityBinding, PlexId, Rejected,
};
use protocol::Login;
use rusqlite::Connection;

use crate::log::Log;
use crate::worker;

/// How many changes may wait to be written. A disk that hangs must not fill the memory.
const QUEUE: usize = 4096;

/// The most changes that are written at once.
const BATCH: usize = 512;

/// How many of them may be logins for the list: a flood of logins must not crowd out what decides about later ones.
const LOGINS: usize = 1024;

/// How long a disk may take where somebody waits for it.
const SOON: Duration = Duration::from_secs(2);

/// A password that plex.tv accepted: as a hash, never itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredHash {
    pub remembered: CachedPassword,
    pub salt: [u8; 16],
    pub hash: [u8; 32],
}

/// Everything that was kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The identifier of a token for which the configuration has none.
    pub client_id: String,
    pub pins: HashMap<String, IdentityBinding>,
    /// Who signed in to an account last, and when.
    pub recent: HashMap<String, (PlexId, BootTime)>,
    pub hashed: HashMap<String, StoredHash>,
    pub tries: HashMap<AttemptKey, Failures>,
    pub rejected: Vec<Rejected>,
    /// plex.tv wanted to be left alone.
    pub closed: Option<BreakerOpen>,
    /// The last good friend list, with a mark of the configuration that it was read for.
    pub circle: Option<(String, FriendList)>,
    /// The latest verdicts, the oldest first.
    pub logins: Vec<Login>,
    /// When each account was last let in, by the calendar, in seconds.
    pub last: BTreeMap<String, i64>,
}

/// One change.
#[derive(Debug)]
pub(crate) enum Change {
    IdentityBinding(String, IdentityBinding),
    Recent(String, PlexId, BootTime),
    StoredHash(String, StoredHash),
    Forget(String),
    Failures(AttemptKey, Failures),
    Rejected(Rejected),
    BreakerOpen(BreakerOpen),
    FriendList(String, Arc<FriendList>),
    Login(Box<Login>),
    LastLogin(String, i64),
    /// Everything that is known of an account, but what the list of logins says.
    ForgetAll(String),
    /// Nothing: somebody wants to know whether everything before it has been written.
    Written(SyncSender<bool>),
}

/// Where changes go.
#[derive(Clone)]
pub(crate) struct Store {
    queue: SyncSender<Change>,
    /// How many logins for the list wait in the queue.
    logins: Arc<AtomicUsize>,
}

impl Store {
    /// Has a change written down, soon.
    pub(crate) fn write(&self, change: Change) {
        if matches!(change, Change::Login(_)) && self.logins.fetch_add(1, Ordering::Relaxed) >= LOGINS {
            self.logins.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        // When the queue is full the disk is not writing; the writer has said so in the log.
        if let Err(TrySendError::Full(Change::Login(_))) = self.queue.try_send(change) {
            self.logins.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether everything that was to be written is on the disk by now, or soon.
    pub(crate) fn is_written(&self) -> bool {
        let (done, written) = sync_channel(1);
        self.write(Change::Written(done));
        written.recv_timeout(SOON).unwrap_or(false)
    }
}

/// The thread that writes.
pub(crate) struct Worker(JoinHandle<()>);

impl Worker {
    /// Waits for the last changes, once nobody can add to them any more.
    pub(crate) fn finish(self) {
        worker::wait_for(&self.0);
    }
}

/// Reads `state.db` in a directory, making it when there is none, and starts the writer.
///
/// # Errors
/// A sentence for the administrator: the file was written by a newer version, or there is no thread to be had.
pub(crate) fn open(directory: &Path, log: &Log) -> Result<(Store, Kept, Worker), String> {
    let (connection, kept) = file::open(directory, log)?;
    let (queue, changes) = sync_channel(QUEUE);
    let log = log.clone();
    let logins = Arc::new(AtomicUsize::new(0));
    let store = Store { queue, logins: Arc::clone(&logins) };
    let writer = Writer { connection, log, logins, failing: false };
    let thread = std::thread::Builder::new().name("state".into()).spawn(move || writer.run(&changes));
    let thread = thread.map_err(|error| format!("no thread: {error}"))?;
    Ok((store, kept, Worker(thread)))
}

struct Writer {
    /// Nothing when no file can be had.
    connection: Option<Connection>,
    log: Log,
    logins: Arc<AtomicUsize>,
    /// Whether the last batch could not be written, which has been logged.
    failing: bool,
}

impl Writer {
    fn run(mut self, changes: &Receiver<Change>) {
        while let Ok(first) = changes.recv() {
            let mut batch = vec![first];
            batch.extend(changes.try_iter().take(BATCH));
            let logins = batch.iter().filter(|change| matches!(change, Change::Login(_))).count();
            self.logins.fetch_sub(logins, Ordering::Relaxed);
            let outcome = self.connection.as_mut().map(|connection| rows::write(connection, &batch));
            for change in &batch {
                if let Change::Written(done) = change {
                    // Whoever asked may have stopped waiting.
                    let _ = done.try_send(matches!(outcome, Some(Ok(()))));
                }
            }
            let Some(outcome) = outcome else { continue };
            let news = outcome.is_err() != self.failing;
            self.failing = outcome.is_err();
            match outcome {
                Ok(()) if news => self.log.info("state.db can be written again"),
                Err(error) if news => self.log.error(format!(
                    "state.db cannot be written: {error}; logins go on, but what is learnt now is lost at the next start: \
                     look at the disk's room and at who owns the directory"
                )),
                _ => {}
            }
        }
    }
}
