//! The log: syslog's authpriv, and standard error where syslog is not there.

use std::io::Write;

use protocol::Severity;
use syslog::{Logger, LoggerBackend};

/// The longest line, in characters.
const MAX_LINE: usize = 900;

/// Where to write to the log.
pub struct Log {
    program: &'static str,
    syslog: Option<Logger<LoggerBackend, ()>>,
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
        self.write(Severity::Error, line);
    }

    /// Something that will need attention.
    pub fn warning(&mut self, line: &str) {
        self.write(Severity::Warning, line);
    }

    /// What has been done.
    pub fn info(&mut self, line: &str) {
        self.write(Severity::Info, line);
    }

    fn write(&mut self, severity: Severity, line: &str) {
        let line = protocol::printable(line, MAX_LINE);
        let sent = protocol::syslog_line(severity, self.program, &line);
        // The second try is for a syslog that was restarted since the last line.
        for _ in 0..2 {
            let syslog = self.syslog.take().or_else(|| syslog::unix(()).ok());
            if let Some(mut syslog) = syslog
                && write!(syslog.backend, "{sent}").is_ok()
            {
                self.syslog = Some(syslog);
                return;
            }
        }
        let _ = writeln!(std::io::stderr(), "{}: {line}", self.program);
    }
}
