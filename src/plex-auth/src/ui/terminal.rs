//! Terminal input and output. Results go to standard output, questions and problems to standard error. Text is wrapped at the
//! width of a terminal, and in ASCII where the locale is not UTF-8. Colours are left out when the output is no terminal or
//! `NO_COLOR` is set.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use rustix::termios::tcgetwinsize;

use super::locale;
pub(crate) use super::spinner::spinner;
use super::wrap::wrapped;
use crate::error::Error;

/// Exit code of a wrong command line.
const USAGE: u8 = 2;

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

/// Where a text goes.
#[derive(Clone, Copy)]
enum Stream {
    Output,
    Errors,
}

impl Stream {
    fn is_terminal(self) -> bool {
        match self {
            Self::Output => io::stdout().is_terminal(),
            Self::Errors => io::stderr().is_terminal(),
        }
    }

    /// Width of the terminal; `None` where there is none, or where it is not known, as on a serial line.
    fn columns(self) -> Option<usize> {
        let size = match self {
            Self::Output => tcgetwinsize(io::stdout()),
            Self::Errors => tcgetwinsize(io::stderr()),
        };
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// A text as it is shown there: in the locale's character set, and wrapped at the terminal's width.
    fn shown(self, text: &str) -> String {
        let text = locale::encoded(text, self.is_terminal());
        self.columns().map_or_else(|| text.to_string(), |columns| wrapped(&text, columns))
    }
}

/// Width of the terminal that standard output is.
pub(crate) fn columns() -> Option<usize> {
    Stream::Output.columns()
}

/// Prints a text and ends its last line. It is wrapped at the width of a terminal. A closed pipe, as in
/// `plex-auth … | head`, is no failure.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{}", Stream::Output.shown(&text.to_string()));
}

/// Prints lines as they are, without word wrap: tables, which have been fitted, and parts of files.
pub(crate) fn print(text: &str) {
    let _ = try_print(text);
}

/// Prints lines as they are.
///
/// # Errors
/// The output is closed.
pub(crate) fn try_print(text: &str) -> io::Result<()> {
    let text = locale::encoded(text, Stream::Output.is_terminal());
    let mut output = anstream::stdout();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Prints data for programs: unchanged.
///
/// # Errors
/// The output is closed.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Bold text.
pub(crate) fn bold(text: impl fmt::Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

/// Prints a remark, which is no part of the output, to standard error.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{}", Stream::Errors.shown(&text.to_string()));
}

/// Prints an error.
pub(crate) fn complain(error: &Error) {
    note(format!("{RED}error:{RED:#} {error}"));
}

/// Prints a warning.
pub(crate) fn warn(text: impl fmt::Display) {
    note(format!("{YELLOW}warning:{YELLOW:#} {text}"));
}

/// Prints what is wrong with the command line, or its help. Returns the exit code.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    let text = text.trim_end();
    if error.use_stderr() {
        note(text);
    } else {
        say(text);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
}

/// True if input and standard error are a terminal, for questions.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A question as it is shown on a terminal.
pub(super) fn question(text: &str) -> String {
    Stream::Errors.shown(text)
}

/// Asks for a line. The question goes to standard error, so that the output can be redirected. An empty line means the
/// default.
///
/// # Errors
/// The input ends.
pub(crate) fn ask(question: &str, default: Option<&str>) -> Result<String, Error> {
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    let prompt = self::question(&format!("{BOLD}{question}{BOLD:#}{shown}:"));
    let _ = write!(anstream::stderr(), "{prompt} ");
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
