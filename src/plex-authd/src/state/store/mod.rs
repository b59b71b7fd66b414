//! State that survives a restart, in `state.db`. It is read once, at the start; afterwards the daemon works from memory
//! and a thread writes the changes. No login waits for a disk, and a full or broken disk stops none: only the changes
//! since then are lost.

mod client_id;
mod file;
mod logins;
#[cfg(test)]
mod migration_tests;
mod records;
mod rows;
#[cfg(test)]
mod tests;
mod wall_clock;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use client_id::{new_sign_in_id, sign_in_id};
pub(crate) use records::{Change, SavedState, StoredDoubt, StoredHash};

use crate::lock::lock;
use crate::log::Log;
use crate::worker::Worker;
use file::NewerVersion;
use logins::PendingLogins;
use writer::Writer;

/// The most changes that wait to be written. A disk that hangs must not fill the memory.
const QUEUE: usize = 4096;

/// The longest wait for the disk in [`Store::is_written`].
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

/// Queue of changes to `state.db`. The writer ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Store {
    queue: SyncSender<Change>,
    /// Logins for the audit log, which do not wait in the queue.
    logins: Arc<Mutex<PendingLogins>>,
}

impl Store {
    /// Queues a change.
    pub(crate) fn write(&self, change: Change) {
        let mut logins = lock(&self.logins);
        let had_none = logins.is_empty();
        let change = match logins.add(change) {
            Some(other) => other,
            None if had_none => Change::LoginsWait,
            None => return,
        };
        drop(logins);
        // A full queue means that the disk does not write, which the writer has logged.
        let _ = self.queue.try_send(change);
    }

    /// Waits up to 2 s until all queued changes are on the disk; false if they are not.
    pub(crate) fn is_written(&self) -> bool {
        let (done, written) = sync_channel(1);
        self.write(Change::Written(done));
        written.recv_timeout(WRITTEN_WITHIN).unwrap_or(false)
    }
}

/// Why `state.db` cannot be used. A damaged or unwritable file is no error: the daemon starts without it.
#[derive(Debug)]
pub(crate) enum OpenError {
    NewerVersion(NewerVersion),
    Thread(std::io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewerVersion(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "no thread: {error}"),
        }
    }
}

/// Reads `state.db` in `directory`, creating it if it does not exist, and starts the writer.
///
/// # Errors
/// [`OpenError`]
pub(crate) fn open(directory: &Path, log: &Log) -> Result<(Store, SavedState, Worker), OpenError> {
    let (connection, saved) = file::open(directory, log).map_err(OpenError::NewerVersion)?;
    let (queue, changes) = sync_channel(QUEUE);
    let store = Store { queue, logins: Arc::default() };
    let writer = Writer { connection, log: log.clone(), logins: Arc::clone(&store.logins), failing: false };
    let worker = Worker::start("state", move || writer.run(&changes)).map_err(OpenError::Thread)?;
    Ok((store, saved, worker))
}
