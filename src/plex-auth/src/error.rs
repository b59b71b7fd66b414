//! Why a command failed, in words that say how to mend it.

use std::fmt;

/// The exit code of a command that could not do what it was asked for.
pub(crate) const FAILED: u8 = 1;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    mend: Option<String>,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), mend: None }
    }

    /// A file that is not used because another user could have tampered with it.
    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(crate) fn untrusted(error: system::Error) -> Self {
        Self { what: error.to_string(), mend: error.fix() }
    }

    /// What is wrong, and how to mend it.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.what, self.mend)
    }

    /// Adds what became of what was to be done.
    pub(crate) fn so(self, outcome: &str) -> Self {
        Self { what: format!("{}; {outcome}", self.what), ..self }
    }

    /// Adds how to mend it, a line of its own.
    pub(crate) fn mend(self, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..self }
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
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, "\n  {mend}"))
    }
}

impl std::error::Error for Error {}
