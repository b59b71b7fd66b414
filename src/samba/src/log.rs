//! The log: syslog's authpriv, and standard error where syslog is not there.

use std::io::Write;

use syslog::{Facility, Formatter3164, Logger, LoggerBackend};

/// The longest line, in characters.
const MAX_LINE: usize = 900;

/// Where to write to the log.
#[derive(Default)]
pub(crate) struct Log(Option<Logger<LoggerBackend, Formatter3164>>);

impl Log {
    /// Something the administrator must mend.
    pub(crate) fn error(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.err(line).is_ok());
    }

    /// Something that will need attention.
    pub(crate) fn warning(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.warning(line).is_ok());
    }

    /// What has been done.
    pub(crate) fn info(&mut self, line: &str) {
        self.write(line, |syslog, line| syslog.info(line).is_ok());
    }

    fn write(&mut self, line: &str, send: fn(&mut Logger<LoggerBackend, Formatter3164>, &str) -> bool) {
        let line = wire::printable(line, MAX_LINE);
        // The second try is for a syslog that was restarted since the last line.
        for _ in 0..2 {
            let syslog = self.0.take().or_else(open);
            if let Some(mut syslog) = syslog
                && send(&mut syslog, &line)
            {
                self.0 = Some(syslog);
                return;
            }
        }
        let _ = writeln!(std::io::stderr(), "plex-auth-samba: {line}");
    }
}

fn open() -> Option<Logger<LoggerBackend, Formatter3164>> {
    let formatter = Formatter3164 {
        facility: Facility::LOG_AUTHPRIV,
        hostname: None,
        process: "plex-auth-samba".into(),
        pid: std::process::id(),
    };
    syslog::unix(formatter).ok()
}
