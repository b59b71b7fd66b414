//! The daemon's log. A thread of its own writes it: a syslog that has stopped reading must not stop a login, so lines that do
//! not fit into the queue are counted and dropped. Lines that people outside can cause are limited by origin.

mod shares;

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::Severity;
use system::syslog;

use crate::lock::lock;
use crate::worker;
use shares::LineShares;
pub(crate) use shares::Share;

/// Capacity of the queue, in lines.
const QUEUE: usize = 1024;

/// The most of them that draw on a share. The others are of the daemon itself: errors of plex.tv, of the disk, its start.
const QUEUED_SHARES: usize = 768;

/// Time limit for the last lines at shutdown.
pub(crate) const LAST_LINES: Duration = Duration::from_secs(1);

/// The sending end of the log. All clones share one queue.
#[derive(Clone)]
pub(crate) struct Log {
    queue: SyncSender<Line>,
    counters: Arc<Counters>,
    writer: Arc<Mutex<Writer>>,
}

/// The thread that writes the lines.
enum Writer {
    /// Not started yet; the lines wait in the queue.
    Waiting(Receiver<Line>),
    Running(JoinHandle<()>),
    /// Finished, or no thread can be created: then there is no log, and every login fails for the same lack of threads.
    None,
}

struct Line {
    severity: Severity,
    text: String,
    /// It draws on a share.
    is_limited: bool,
}

/// Shared by the log's clones and the writer.
#[derive(Default)]
struct Counters {
    shares: Mutex<LineShares>,
    /// Lines in the queue that draw on a share.
    queued_shares: AtomicUsize,
    /// Lines that did not fit into the queue.
    dropped: AtomicU64,
}

impl Log {
    /// A log whose lines wait for [`Log::run`].
    pub(crate) fn new() -> Self {
        let (queue, lines) = sync_channel(QUEUE);
        Self { queue, counters: Arc::default(), writer: Arc::new(Mutex::new(Writer::Waiting(lines))) }
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
                let counters = Arc::clone(&self.counters);
                let syslog = syslog::Log::of("plex-authd").echo(std::io::stderr().is_terminal());
                let thread =
                    std::thread::Builder::new().name("log".into()).spawn(move || write(syslog, &counters, &lines));
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

    /// A line that people outside can cause, if its share is not used up. `text` is called only then.
    pub(crate) fn limited(&self, share: Share, severity: Severity, text: impl FnOnce() -> String) {
        let counters = &self.counters;
        if !lock(&counters.shares).admit(share, Instant::now()) {
            return;
        }
        if counters.queued_shares.fetch_add(1, Ordering::Relaxed) >= QUEUED_SHARES {
            counters.queued_shares.fetch_sub(1, Ordering::Relaxed);
            counters.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if !self.send(Line { severity, text: text(), is_limited: true }) {
            counters.queued_shares.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A line whose severity the caller knows.
    pub(crate) fn write(&self, severity: Severity, text: String) {
        self.send(Line { severity, text, is_limited: false });
    }

    /// False if the line did not fit into the queue.
    fn send(&self, line: Line) -> bool {
        let sent = self.queue.try_send(line).is_ok();
        if !sent {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// Waits up to [`LAST_LINES`] for the last lines. The queue closes with its last clone, and a session that is still in
    /// progress may hold one, so the wait has a limit.
    pub(crate) fn finish(self) {
        let writer = std::mem::replace(&mut *lock(&self.writer), Writer::None);
        drop(self);
        if let Writer::Running(writer) = writer {
            worker::join_within([&writer], LAST_LINES);
        }
    }
}

/// Writes lines until the queue is closed, and the numbers of those that were left out or did not fit into it.
fn write(mut syslog: syslog::Log, counters: &Counters, lines: &Receiver<Line>) {
    loop {
        let closed = match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(Line { severity, text, is_limited }) => {
                counters.queued_shares.fetch_sub(usize::from(is_limited), Ordering::Relaxed);
                syslog.write(severity, &text);
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let dropped = counters.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let line =
                format!("{} lost from this log: syslog is too slow", protocol::counted(dropped, "line", "lines"));
            syslog.write(Severity::Warning, &line);
        }
        let mut shares = lock(&counters.shares);
        let summary = if closed { shares.last_summary() } else { shares.summary(Instant::now()) };
        drop(shares);
        if let Some(summary) = summary {
            syslog.write(Severity::Warning, &summary);
        }
        if closed {
            return;
        }
    }
}
