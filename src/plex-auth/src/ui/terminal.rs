//! Speaking to the person: what is said goes to standard output, what went wrong to standard error, and colours are left
//! out where nobody sees them or `NO_COLOR` is set.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::error::Error;

const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();

/// How a line turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    #[serde(rename = "good")]
    Ok,
    /// Good to know, and no fault.
    #[serde(rename = "note")]
    Info,
    Warning,
    #[serde(rename = "bad")]
    Error,
}

impl Status {
    /// The mark itself, in its colour.
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

/// Says something. A reader that has gone, as in `plex-auth … | head`, is no failure.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Says what has already got its line breaks.
pub(crate) fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// A heading, or a word to be seen first.
pub(crate) fn bold(text: impl fmt::Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

/// Says to a person what is no part of the output.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says why something failed.
pub(crate) fn complain(failure: &Error) {
    let _ = writeln!(anstream::stderr(), "{RED}error:{RED:#} {failure}");
}

/// Says what is good to know.
pub(crate) fn warn(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{YELLOW}warning:{YELLOW:#} {text}");
}

/// Whether somebody can be asked: what is typed comes from a terminal.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line. The question goes to standard error, so that output can be redirected. Empty means the default.
///
/// # Errors
/// When nobody answers.
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
/// When nobody answers.
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

/// Shows that something is going on, where somebody can see it; gone when it is dropped.
pub(crate) fn spinner(what: impl Into<String>) -> Spinner {
    let bar = if io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner().with_message(what.into())
    } else {
        indicatif::ProgressBar::hidden()
    };
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    Spinner(bar)
}

/// Something that is going on.
pub(crate) struct Spinner(indicatif::ProgressBar);

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
