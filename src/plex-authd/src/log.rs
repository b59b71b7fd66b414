//! The daemon's log. A thread of its own writes it: a syslog that has stopped reading must not stop a login, so lines that do
//! not fit into the queue are counted and dropped.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::Severity;
use system::syslog;

use crate::lock::lock;
use crate::worker;

/// Capacity of the queue, in lines.
const QUEUE: usize = 1024;

/// Time limit for the last lines at shutdown.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The sending end of the log. All clones share one queue.
#[derive(Clone)]
pub(crate) struct Log {
    queue: SyncSender<(Severity, String)>,
    dropped: Arc<AtomicU64>,
    writer: Arc<Mutex<Writer>>,
}

/// The thread that writes the lines.
enum Writer {
    /// Not started yet; the lines wait in the queue.
    Waiting(Receiver<(Severity, String)>),
    Running(JoinHandle<()>),
    /// Finished, or no thread can be created: then there is no log, and every login fails for the same lack of threads.
    None,
}

impl Log {
    /// A log whose lines wait for [`Log::run`].
    pub(crate) fn new() -> Self {
        let (queue, lines) = sync_channel(QUEUE);
        Self { queue, dropped: Arc::default(), writer: Arc::new(Mutex::new(Writer::Waiting(lines))) }
    }

    /// A log that is written from the start.
    #[cfg(test)]
    pub(crate) fn start() -> Self {
        let log = Self::new();
        log.run();
        log
    }

    /// Starts the writer thread, unless it runs. Lines go to standard error too if that is a terminal.
    pub(crate) fn run(&self) {
        let mut writer = lock(&self.writer);
        *writer = match std::mem::replace(&mut *writer, Writer::None) {
            Writer::Waiting(lines) => {
                let dropped = Arc::clone(&self.dropped);
                let syslog = syslog::Log::of("plex-authd").echo(std::io::stderr().is_terminal());
                let thread =
                    std::thread::Builder::new().name("log".into()).spawn(move || write(syslog, &dropped, &lines));
                thread.map_or(Writer::None, Writer::Running)
            }
            other => other,
        };
    }

    /// A fault that the administrator must fix.
    pub(crate) fn error(&self, line: impl Into<String>) {
        self.write(Severity::Error, line.into());
    }

    /// An outage, or a fault that will need attention.
    pub(crate) fn warning(&self, line: impl Into<String>) {
        self.write(Severity::Warning, line.into());
    }

    /// A denial.
    pub(crate) fn notice(&self, line: impl Into<String>) {
        self.write(Severity::Notice, line.into());
    }

    /// A success, a start, an end.
    pub(crate) fn info(&self, line: impl Into<String>) {
        self.write(Severity::Info, line.into());
    }

    /// Details of ordinary work.
    pub(crate) fn debug(&self, line: impl Into<String>) {
        self.write(Severity::Debug, line.into());
    }

    fn write(&self, severity: Severity, line: String) {
        if self.queue.try_send((severity, line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits up to [`LAST_LINES`] for the last lines. The queue closes with its last clone, and a session that is still in
    /// progress may hold one, so the wait has a limit.
    pub(crate) fn finish(self) {
        let writer = std::mem::replace(&mut *lock(&self.writer), Writer::None);
        drop(self);
        if let Writer::Running(writer) = writer {
            worker::join_within(&writer, LAST_LINES);
        }
    }
}

/// Writes lines until the queue is closed, and the number of those that did not fit into it.
fn write(mut syslog: syslog::Log, dropped: &AtomicU64, lines: &Receiver<(Severity, String)>) {
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok((severity, line)) => syslog.write(severity, &line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let dropped = dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let line = format!("{dropped} lines of this log were lost: syslog is too slow");
            syslog.write(Severity::Warning, &line);
        }
    }
}
