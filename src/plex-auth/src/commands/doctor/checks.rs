//! What was found: a line for each check, and the line that mends it.

use serde::Serialize;

use crate::error::Error;
use crate::ui::terminal::{self, Status};

/// One line of the doctor's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub check: String,
    pub mark: Status,
    /// What was found.
    pub what: String,
    /// How to mend it. What begins with "run: " is a command.
    pub mend: Option<String>,
}

/// A word of a command, as the shell wants it.
pub(super) fn argument(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-+@:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &str, mark: Status, what: impl Into<String>, mend: Option<&str>) {
        // File names, accounts and other programs' words are among it.
        let safe = |text: &str| protocol::printable(text, 1000);
        self.0.push(Finding { check: safe(check), mark, what: safe(&what.into()), mend: mend.map(safe) });
    }

    /// All is well.
    pub(super) fn good(&mut self, check: &str, what: impl Into<String>) {
        self.add(check, Status::Ok, what, None);
    }

    /// Good to know, and no fault.
    pub(super) fn note(&mut self, check: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Status::Info, what, Some(&mend.into()));
    }

    /// It works, but somebody will come to grief, or it cannot be told.
    pub(super) fn warn(&mut self, check: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Status::Warning, what, Some(&mend.into()));
    }

    /// Somebody who should come in does not, or the other way round.
    pub(super) fn bad(&mut self, check: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.add(check, Status::Error, what, Some(&mend.into()));
    }

    /// The same as [`Self::good`], unless something was found since `before`.
    pub(super) fn good_unless(&mut self, before: usize, check: &str, what: impl Into<String>) {
        if self.0.iter().skip(before).all(|finding| finding.mark <= Status::Info) {
            self.good(check, what);
        }
    }

    /// How many there are, for [`Self::good_unless`].
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The worst of them.
    pub(super) fn worst(&self) -> Status {
        self.0.iter().map(|finding| finding.mark).max().unwrap_or(Status::Ok)
    }

    /// For people.
    pub(super) fn say(&self) {
        for finding in &self.0 {
            terminal::say(format!("{} {}: {}", finding.mark.shown(), terminal::bold(&finding.check), finding.what));
            if let Some(mend) = &finding.mend {
                terminal::say(format!("    {mend}"));
            }
        }
        let of = |mark| self.0.iter().filter(|finding| finding.mark == mark).count();
        terminal::say(match (of(Status::Error), of(Status::Warning)) {
            (0, 0) => "Everything is in order.".to_owned(),
            (0, warnings) => format!("Nothing is broken; to look at: {warnings}."),
            (broken, warnings) => format!("Broken: {broken}; to look at: {warnings}."),
        });
    }

    /// For programs.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(super) fn say_json(&self) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(&self.0).map_err(|error| Error::new(error.to_string()))?;
        terminal::say(text);
        Ok(())
    }
}
