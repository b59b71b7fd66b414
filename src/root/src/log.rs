//! The log: syslog's authpriv, and standard error where syslog is not there.

use std::io::Write;

use syslog::{Facility, Formatter3164, Logger, LoggerBackend};

/// The longest line, in characters.
const MAX_LINE: usize = 900;

/// Where to write to the log.
pub struct Log {
    program: &'static str,
    syslog: Option<Logger<LoggerBackend, Formatter3164>>,
}

impl Log {
    /// The log of a program.
    #[must_use]
    pub fn of(program: &'static str) -> Self {
        Self { program, syslog: None }
    }

    /// The program's name.
    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// Something the administrator must mend.
    pub fn error(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.err(line).is_ok());
    }

    /// Something that will need attention.
    pub fn warning(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.warning(line).is_ok());
    }

    /// What has been done.
    pub fn info(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.info(line).is_ok());
    }

    fn write(&mut self, line: &str, send: fn(&mut Logger<LoggerBackend, Formatter3164>, &str) -> bool) {
        let line = wire::printable(line, MAX_LINE);
        // The second try is for a syslog that was restarted since the last line.
        for _ in 0..2 {
            let syslog = self.syslog.take().or_else(|| open(self.program));
            if let Some(mut syslog) = syslog
                && send(&mut syslog, &line)
            {
                self.syslog = Some(syslog);
                return;
            }
        }
        let _ = writeln!(std::io::stderr(), "{}: {line}", self.program);
    }
}

fn open(program: &str) -> Option<Logger<LoggerBackend, Formatter3164>> {
    let formatter = Formatter3164 {
        facility: Facility::LOG_AUTHPRIV,
        hostname: None,
        process: program.into(),
        pid: std::process::id(),
    };
    syslog::unix(formatter).ok()
}
