//! Terminal input and output. Results go to standard output, questions and problems to standard error. Colours are left out
//! when the output is no terminal or `NO_COLOR` is set.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::error::Error;

const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();

/// Status of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    /// A remark about something that is no fault.
    Info,
    Warning,
    Error,
}

impl Status {
    /// The status as a coloured sign.
    pub(crate) fn shown(self) -> String {
        let (style, mark) = match self {
            Self::Ok => (GREEN, '✓'),
            Self::Info => (Style::new(), '·'),
            Self::Warning => (YELLOW, '!'),
            Self::Error => (RED, '✗'),
        };
        format!("{style}{mark}{style:#}")
    }
}

/// Prints a line. A closed pipe, as in `plex-auth … | head`, is no failure.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Prints text that has its line breaks already.
pub(crate) fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// Bold text.
pub(crate) fn bold(text: impl fmt::Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

/// Prints a remark, which is no part of the output, to standard error.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints an error.
pub(crate) fn complain(error: &Error) {
    let _ = writeln!(anstream::stderr(), "{RED}error:{RED:#} {error}");
}

/// Prints a warning.
pub(crate) fn warn(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{YELLOW}warning:{YELLOW:#} {text}");
}

/// True if input and standard error are a terminal, for questions.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line. The question goes to standard error, so that the output can be redirected. An empty line means the
/// default.
///
/// # Errors
/// The input ends.
pub(crate) fn ask(question: &str, default: Option<&str>) -> Result<String, Error> {
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    let _ = write!(anstream::stderr(), "{BOLD}{question}{BOLD:#}{shown}: ");
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(1..) => {}
        _ => return Err(Error::new(format!("no answer to: {question}"))),
    }
    let line = line.trim();
    Ok(if line.is_empty() { default.unwrap_or_default() } else { line }.to_owned())
}

/// Asks yes or no.
///
/// # Errors
/// The input ends.
pub(crate) fn confirm(question: &str, default: bool) -> Result<bool, Error> {
    loop {
        match ask(question, Some(if default { "Y/n" } else { "y/N" }))?.to_ascii_lowercase().as_str() {
            "y/n" => return Ok(default),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => say("Please answer y or n."),
        }
    }
}

/// Shows a spinner on a terminal until it is dropped.
pub(crate) fn spinner(what: impl Into<String>) -> Spinner {
    let bar = if io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner().with_message(what.into())
    } else {
        indicatif::ProgressBar::hidden()
    };
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    Spinner(bar)
}

/// A spinner, removed when dropped.
pub(crate) struct Spinner(indicatif::ProgressBar);

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
