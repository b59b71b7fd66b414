//! Results of checks, the same in `doctor` and `test`: a line for each, with a hint where something is wrong.

use serde::Serialize;

use super::hint;
use super::terminal::{Status, bold, say};

/// Longest text of a check, in characters. File names, accounts and the output of other programs are part of it.
const MAX_TEXT: usize = 1000;

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// Name of the check.
    name: String,
    status: Status,
    /// Observation.
    what: String,
    /// How to fix it. A hint that begins with "run: " is a command.
    hint: Option<String>,
}

impl Check {
    fn new(name: &str, status: Status, what: &str) -> Self {
        let [name, what] = [name, what].map(|text| protocol::printable(text, MAX_TEXT));
        Self { name, status, what, hint: None }
    }

    pub(crate) fn ok(name: &str, what: impl AsRef<str>) -> Self {
        Self::new(name, Status::Ok, what.as_ref())
    }

    pub(crate) fn warning(name: &str, what: impl AsRef<str>) -> Self {
        Self::new(name, Status::Warning, what.as_ref())
    }

    pub(crate) fn error(name: &str, what: impl AsRef<str>) -> Self {
        Self::new(name, Status::Error, what.as_ref())
    }

    /// Sets the hint.
    pub(crate) fn hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(protocol::printable(hint.as_ref(), MAX_TEXT)), ..self }
    }

    /// It is an error.
    pub(crate) fn is_error(&self) -> bool {
        self.status == Status::Error
    }

    /// Observation.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// How to fix it.
    pub(crate) fn fix(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn shown(&self) -> String {
        let hint = self.hint.as_deref().map(hint::below).unwrap_or_default();
        format!("{} {}: {}{hint}", self.status.shown(), bold(&self.name), self.what)
    }
}

/// The checks so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    done: Vec<Check>,
    /// Each check is printed when it is added.
    live: bool,
}

impl Checks {
    /// Checks that are printed one by one if `live`.
    pub(crate) fn new(live: bool) -> Self {
        Self { done: Vec::new(), live }
    }

    pub(crate) fn add(&mut self, check: Check) {
        if self.live {
            say(check.shown());
        }
        self.done.push(check);
    }

    pub(crate) fn ok(&mut self, name: &str, what: impl AsRef<str>) {
        self.add(Check::ok(name, what));
    }

    /// Adds a remark about something that is no fault.
    pub(crate) fn info(&mut self, name: &str, what: impl AsRef<str>, hint: impl AsRef<str>) {
        self.add(Check::new(name, Status::Info, what.as_ref()).hint(hint));
    }

    /// Adds something that works but probably not as intended, or that could not be checked.
    pub(crate) fn warning(&mut self, name: &str, what: impl AsRef<str>, hint: impl AsRef<str>) {
        self.add(Check::warning(name, what).hint(hint));
    }

    /// Adds a fault: a permitted user is refused, or one without access is accepted.
    pub(crate) fn error(&mut self, name: &str, what: impl AsRef<str>, hint: impl AsRef<str>) {
        self.add(Check::error(name, what).hint(hint));
    }

    /// Adds an `Ok`, unless a warning or an error was added after the first `before` checks.
    pub(crate) fn ok_unless(&mut self, before: usize, name: &str, what: impl AsRef<str>) {
        if self.done.iter().skip(before).all(|check| check.status <= Status::Info) {
            self.ok(name, what);
        }
    }

    /// Number of checks, for [`Self::ok_unless`].
    pub(crate) fn count(&self) -> usize {
        self.done.len()
    }

    /// True without an error.
    pub(crate) fn are_good(&self) -> bool {
        self.worst() < Status::Error
    }

    /// True if the check of this name has found a problem.
    pub(crate) fn has_problem(&self, name: &str) -> bool {
        self.done.iter().any(|check| check.name == name && check.status > Status::Info)
    }

    /// Number of checks with this status.
    pub(crate) fn count_of(&self, status: Status) -> usize {
        self.done.iter().filter(|check| check.status == status).count()
    }

    /// The worst status.
    pub(crate) fn worst(&self) -> Status {
        self.done.iter().map(|check| check.status).max().unwrap_or(Status::Ok)
    }

    /// Prints all checks.
    pub(crate) fn print(&self) {
        for check in &self.done {
            say(check.shown());
        }
    }

    /// The checks, for JSON.
    pub(crate) fn all(&self) -> &[Check] {
        &self.done
    }
}
