//! The thread that writes changes to `state.db`, in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use rusqlite::Connection;

use super::records::Change;
use super::rows;
use crate::log::Log;

/// The most changes in one transaction.
pub(super) const BATCH: usize = 512;

/// Writes the changes that it receives.
pub(super) struct Writer {
    /// `None` if the file cannot be opened; changes are then dropped.
    pub connection: Option<Connection>,
    pub log: Log,
    /// Logins for the audit log that wait in the queue.
    pub queued_logins: Arc<AtomicUsize>,
    /// The last batch could not be written; logged once.
    pub failing: bool,
    /// The most logins that the audit log keeps.
    pub max_logins: usize,
}

impl Writer {
    /// Runs until every [`Store`](super::Store) has been dropped.
    pub(super) fn run(mut self, changes: &Receiver<Change>) {
        while let Ok(first) = changes.recv() {
            let mut batch = vec![first];
            batch.extend(changes.try_iter().take(BATCH));
            let logins = batch.iter().filter(|change| matches!(change, Change::Login(_))).count();
            self.queued_logins.fetch_sub(logins, Ordering::Relaxed);
            let outcome = self.connection.as_mut().map(|connection| rows::write(connection, &batch, self.max_logins));
            for change in &batch {
                if let Change::Written(done) = change {
                    // The caller may have stopped waiting.
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
