//! The log: syslog's authpriv, and standard error where somebody is watching or syslog is not there.
//!
//! A thread of its own writes it. A syslog that has stopped reading must not stop a login, so lines that do not fit
//! into the queue are counted and dropped.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::Severity;
use syslog::{Logger, LoggerBackend};

/// How many lines may wait.
const QUEUE: usize = 1024;

/// How long the end of the daemon waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The longest line, in characters. What is longer is not a line but somebody's attempt to hide one.
const MAX_LINE: usize = 900;

/// Where to write to the log.
#[derive(Clone)]
pub(crate) struct Log {
    queue: SyncSender<(Severity, String)>,
    dropped: Arc<AtomicU64>,
    writer: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
}

impl Log {
    /// Starts the writer.
    pub(crate) fn start() -> Self {
        let (queue, lines) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        let writer = std::thread::Builder::new().name("log".into()).spawn(move || Writer::new(counter).run(&lines));
        // Without a thread to write it there is no log; every login will then fail for the same want of threads.
        Self { queue, dropped, writer: Arc::new(std::sync::Mutex::new(writer.ok())) }
    }

    /// Something the administrator must mend.
    pub(crate) fn error(&self, line: impl Into<String>) {
        self.write(Severity::Error, line.into());
    }

    /// An outage, or something that will need attention.
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

    /// What nobody needs to read on an ordinary day.
    pub(crate) fn debug(&self, line: impl Into<String>) {
        self.write(Severity::Debug, line.into());
    }

    fn write(&self, severity: Severity, line: String) {
        if self.queue.try_send((severity, line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives the last lines a moment to be written. The queue closes when the last clone of this has gone; sessions
    /// that are still at work hold theirs, so an end of the queue is not waited for.
    pub(crate) fn finish(self) {
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        drop(self);
        let end = Instant::now() + LAST_LINES;
        if let Some(writer) = writer {
            while !writer.is_finished() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// The thread that writes.
struct Writer {
    syslog: Option<Logger<LoggerBackend, ()>>,
    terminal: bool,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    fn new(dropped: Arc<AtomicU64>) -> Self {
        Self { syslog: None, terminal: std::io::stderr().is_terminal(), dropped }
    }

    fn run(mut self, lines: &Receiver<(Severity, String)>) {
        loop {
            match lines.recv_timeout(Duration::from_secs(1)) {
                Ok((severity, line)) => self.write(severity, &line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                self.write(Severity::Warning, &format!("{dropped} lines of this log were lost: syslog is too slow"));
            }
        }
    }

    fn write(&mut self, severity: Severity, line: &str) {
        let line = protocol::printable(line, MAX_LINE);
        // The second try is for a syslog that was restarted since the last line.
        let sent = protocol::syslog_line(severity, "plex-authd", &line);
        let written = self.send_to_syslog(&sent) || self.send_to_syslog(&sent);
        if self.terminal || !written {
            let _ = writeln!(std::io::stderr(), "plex-authd: {line}");
        }
    }

    fn send_to_syslog(&mut self, line: &str) -> bool {
        if self.syslog.is_none() {
            self.syslog = syslog::unix(()).ok();
        }
        let Some(syslog) = &mut self.syslog else { return false };
        let written = write!(syslog.backend, "{line}").is_ok();
        if !written {
            self.syslog = None;
        }
        written
    }
}
