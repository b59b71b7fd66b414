//! The steps of a decision: each a line, with the way to mend it where it fails.

use serde::Serialize;

use crate::ui::terminal::{Status, say};

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// What was looked at.
    pub check: &'static str,
    /// How it turned out.
    pub result: Status,
    /// What was found.
    pub found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Step {
    fn new(check: &'static str, result: Status, found: impl Into<String>) -> Self {
        // Names come from plex.tv, sentences from the daemon.
        Self { check, result, found: protocol::printable(&found.into(), 600), mend: None }
    }

    pub(super) fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, found)
    }

    pub(super) fn warning(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, found)
    }

    pub(super) fn bad(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Status::Error, found)
    }

    /// Adds how to mend it.
    pub(super) fn mend(self, mend: impl Into<String>) -> Self {
        Self { mend: Some(protocol::printable(&mend.into(), 600)), ..self }
    }

    fn shown(&self) -> String {
        let mend = self.mend.as_ref().map(|mend| format!("\n    {mend}")).unwrap_or_default();
        format!("{} {}: {}{mend}", self.result.shown(), self.check, self.found)
    }
}

/// The steps so far. A person sees each as soon as it is done, a program all of them at the end.
pub(super) struct Steps {
    pub done: Vec<Step>,
    quiet: bool,
}

impl Steps {
    pub(super) fn new(quiet: bool) -> Self {
        Self { done: Vec::new(), quiet }
    }

    pub(super) fn add(&mut self, step: Step) {
        if !self.quiet {
            say(step.shown());
        }
        self.done.push(step);
    }

    /// Whether no step failed.
    pub(super) fn are_good(&self) -> bool {
        self.done.iter().all(|step| step.result != Status::Error)
    }
}
