//! Errors of a command, for the administrator to read.

use std::fmt;

use crate::ui::hint::below;

/// Exit code of a command that failed.
pub(crate) const FAILED: u8 = 1;

/// Exit code of a command that found warnings and nothing worse; 2 is a wrong command line.
pub(crate) const WARNINGS: u8 = 3;

/// Failure of a command: what is wrong, and a hint on how to fix it.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    hint: Option<String>,
    /// plex-authd is not running.
    is_daemon_down: bool,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, is_daemon_down: false }
    }

    /// plex-authd is not running.
    pub(crate) fn daemon_down(what: impl Into<String>) -> Self {
        Self { is_daemon_down: true, ..Self::new(what) }
    }

    /// plex-authd is not running.
    pub(crate) fn is_daemon_down(&self) -> bool {
        self.is_daemon_down
    }

    /// Splits the error into what is wrong and the hint.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.what, self.hint)
    }

    /// Appends the consequence, such as "nothing was changed".
    pub(crate) fn with_outcome(self, outcome: &str) -> Self {
        Self { what: format!("{}; {outcome}", self.what), ..self }
    }

    /// Puts what failed before the reason.
    pub(crate) fn about(self, what: &str) -> Self {
        Self { what: format!("{what}: {}", self.what), ..self }
    }

    /// Appends that nothing was changed.
    pub(crate) fn nothing_changed(self) -> Self {
        self.with_outcome("nothing was changed")
    }

    /// Sets the hint, shown on a line of its own. One that begins with "run: " is a command.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// A file that another user could have tampered with, or that cannot be read.
impl From<system::Error> for Error {
    fn from(error: system::Error) -> Self {
        Self { hint: error.fix(), ..Self::new(error.to_string()) }
    }
}

impl From<system::accounts::Error> for Error {
    fn from(error: system::accounts::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| f.write_str(&below(hint)))
    }
}

impl std::error::Error for Error {}
