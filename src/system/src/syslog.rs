//! The log of a service: syslog's authpriv, and standard error where syslog does not accept a line.

use std::io::Write;

use protocol::{Severity, printable, syslog_line};
use syslog::{Logger, LoggerBackend};

/// The longest line, in characters. Longer ones are attempts to hide other lines.
const MAX_LINE: usize = 900;

/// The log of one program.
pub struct Log {
    program: &'static str,
    /// Every line is written to standard error too.
    echo: bool,
    syslog: Option<Logger<LoggerBackend, ()>>,
}

impl Log {
    /// The log of this program.
    #[must_use]
    pub fn of(program: &'static str) -> Self {
        Self { program, echo: false, syslog: None }
    }

    /// Writes every line to standard error as well, as for a terminal.
    #[must_use]
    pub fn echo(self, echo: bool) -> Self {
        Self { echo, ..self }
    }

    /// The program's name.
    #[must_use]
    pub fn program(&self) -> &'static str {
        self.program
    }

    /// A fault that the administrator must fix.
    pub fn error(&mut self, line: &str) {
        self.write(Severity::Error, line);
    }

    /// A fault that will need attention.
    pub fn warning(&mut self, line: &str) {
        self.write(Severity::Warning, line);
    }

    /// Work that has been done.
    pub fn info(&mut self, line: &str) {
        self.write(Severity::Info, line);
    }

    /// Writes one line; characters that are not printable are replaced.
    pub fn write(&mut self, severity: Severity, line: &str) {
        let line = printable(line, MAX_LINE);
        let sent = syslog_line(severity, self.program, &line);
        // The second attempt is for a syslog that has been restarted since the last line.
        let written = self.send(&sent) || self.send(&sent);
        if self.echo || !written {
            let _ = writeln!(std::io::stderr(), "{}: {line}", self.program);
        }
    }

    fn send(&mut self, line: &str) -> bool {
        let Some(mut syslog) = self.syslog.take().or_else(|| syslog::unix(()).ok()) else { return false };
        let written = write!(syslog.backend, "{line}").is_ok();
        self.syslog = Some(syslog).filter(|_| written);
        written
    }
}
