//! The thread that writes changes to `state.db`, in batches.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rusqlite::Connection;

use super::logins::PendingLogins;
use super::records::Change;
use super::rows;
use crate::lock::lock;
use crate::log::Log;

/// The most changes in one transaction.
pub(super) const BATCH: usize = 512;

/// Writes the changes that it receives.
pub(super) struct Writer {
    /// `None` if the file cannot be opened; changes are then dropped.
    pub connection: Option<Connection>,
    pub log: Log,
    /// Logins for the audit log that wait to be written.
    pub logins: Arc<Mutex<PendingLogins>>,
    /// The last batch could not be written; logged once.
    pub failing: bool,
}

impl Writer {
    /// Runs until every [`Store`](super::Store) has been dropped.
    pub(super) fn run(mut self, changes: &Receiver<Change>) {
        // Earliest time of the next write of logins, and the time of the one that is wanted.
        let mut earliest = Instant::now();
        let mut wanted: Option<Instant> = None;
        loop {
            let first = match wanted {
                None => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => changes.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let is_closed = matches!(first, Err(RecvTimeoutError::Disconnected));
            let mut batch: Vec<Change> = first.into_iter().collect();
            batch.extend(changes.try_iter().take(BATCH));
            let now = Instant::now();
            if !lock(&self.logins).is_empty() {
                wanted.get_or_insert(earliest.max(now + PendingLogins::default().pause()));
            }
            let is_due = wanted.is_some_and(|at| at <= now);
            let is_asked = batch.iter().any(|change| matches!(change, Change::Written(_)));
            let logins = if is_due || is_closed || is_asked {
                wanted = None;
                std::mem::take(&mut *lock(&self.logins))
            } else {
                PendingLogins::default()
            };
            if !logins.is_empty() {
                earliest = Instant::now() + logins.pause();
            }
            self.write(&batch, &logins);
            if is_closed {
                return;
            }
        }
    }

    fn write(&mut self, batch: &[Change], logins: &PendingLogins) {
        let outcome = self.connection.as_mut().map(|connection| rows::write(connection, batch, logins));
        for change in batch {
            if let Change::Written(done) = change {
                // The caller may have stopped waiting.
                let _ = done.try_send(matches!(outcome, Some(Ok(()))));
            }
        }
        let Some(outcome) = outcome else { return };
        let news = outcome.is_err() != self.failing;
        self.failing = outcome.is_err();
        match outcome {
            Ok(()) if news => self.log.info("state.db can be written again"),
            Err(error) if news => self.log.error(format!(
                "state.db cannot be written: {error}; logins continue, but what changes now is lost at the next \
                 start: check the free space and the owner of the directory"
            )),
            _ => {}
        }
    }
}
