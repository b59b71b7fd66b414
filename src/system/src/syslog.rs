//! The log of a service: syslog's authpriv, and standard error where syslog does not accept a line.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use protocol::{Severity, counted, printable, syslog_line};
use syslog::{Logger, LoggerBackend};

/// The longest line, in characters. Longer ones are attempts to hide other lines.
const MAX_LINE: usize = 900;

/// Time in which [`Log::limited`] writes the same line once.
const REPEAT: Duration = Duration::from_secs(60);

/// The most different lines that it writes in this time.
const MAX_DIFFERENT: usize = 64;

/// The log of one program.
pub struct Log {
    program: &'static str,
    /// Every line is written to standard error too.
    echo: bool,
    syslog: Option<Logger<LoggerBackend, ()>>,
    /// Limited lines of the last minute.
    recent: HashMap<String, Recent>,
}

/// A limited line.
struct Recent {
    written: Instant,
    left_out: u64,
}

impl Log {
    /// The log of this program.
    #[must_use]
    pub fn of(program: &'static str) -> Self {
        Self { program, echo: false, syslog: None, recent: HashMap::new() }
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

    /// Writes a line that others can cause as often as they like: the same line once a minute, with the number of those left
    /// out, and at most 64 different ones.
    pub fn limited(&mut self, severity: Severity, line: &str) {
        if let Some(left_out) = self.admit(line, Instant::now()) {
            let more = if left_out == 0 {
                String::new()
            } else {
                format!(" (and {} before)", counted(left_out, "time", "times"))
            };
            self.write(severity, &format!("{line}{more}"));
        }
    }

    /// The number of equal lines that have been left out since the last one, if this one is to be written.
    fn admit(&mut self, line: &str, now: Instant) -> Option<u64> {
        let is_recent = |recent: &Recent| now.saturating_duration_since(recent.written) < REPEAT;
        if let Some(recent) = self.recent.get_mut(line) {
            if is_recent(recent) {
                recent.left_out += 1;
                return None;
            }
        } else if self.recent.len() >= MAX_DIFFERENT {
            self.recent.retain(|_, recent| is_recent(recent));
            if self.recent.len() >= MAX_DIFFERENT {
                return None;
            }
        }
        let before = self.recent.insert(line.to_owned(), Recent { written: now, left_out: 0 });
        Some(before.map_or(0, |recent| recent.left_out))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r70_a_limited_line_is_written_once_a_minute_with_the_number_of_those_left_out() {
        let (mut log, now) = (Log::of("test"), Instant::now());
        assert_eq!(log.admit("a", now), Some(0));
        for second in 1..60 {
            assert_eq!(log.admit("a", now + Duration::from_secs(second)), None);
        }
        assert_eq!(log.admit("b", now), Some(0));
        assert_eq!(log.admit("a", now + REPEAT), Some(59));
        let different = (0..1000).filter(|number| log.admit(&number.to_string(), now + REPEAT).is_some()).count();
        assert_eq!(different, MAX_DIFFERENT - 1, "b is a minute old");
        assert_eq!(log.recent.len(), MAX_DIFFERENT);
    }
}
