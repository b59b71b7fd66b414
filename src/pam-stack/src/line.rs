//! Lines of one file.

use super::control::{Control, InvalidControl};
use super::kind::Kind;

/// Meaning of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Directive {
    /// Call a module.
    Module { control: Box<Control>, module: String, arguments: Vec<String> },
    /// Insert another file's lines of this kind.
    Include(String),
    /// Insert another file's lines as a stack of its own.
    Substack(String),
    /// Not understood by libpam: a failure.
    Broken(Broken),
}

/// A mistake in a line, because of which libpam fails the stack.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Broken {
    /// `@include` is the only word.
    #[error("@include without a file")]
    IncludeWithoutFile,
    /// The first word is not a [`Kind`].
    #[error("'{0}' is neither auth, account, session nor password")]
    Kind(String),
    /// There is one word only.
    #[error("no control and no module")]
    NoControl,
    /// There are two words only.
    #[error("no module")]
    NoModule,
    /// The control is invalid.
    #[error(transparent)]
    Control(InvalidControl),
    /// The file to include is missing, or includes are nested too deeply.
    #[error("{0} cannot be included")]
    Include(String),
}

/// A line that is neither empty nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its kind; `None`, which is every one, for Debian's `@include`.
    pub kind: Option<Kind>,
    pub directive: Directive,
    /// Its number in the file, from one.
    pub number: usize,
}

/// Lines of a file of /etc/pam.d.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, raw) in (1..).zip(text.lines()) {
        // A comment ends the line: a backslash in it does not continue one.
        let (raw, commented) = raw.split_once('#').map_or((raw, false), |(before, _)| (before, true));
        let (first, mut joined) = open.take().unwrap_or((number, String::new()));
        if let Some(part) = raw.trim_end().strip_suffix('\\').filter(|_| !commented) {
            joined.push_str(part);
            joined.push(' ');
            open = Some((first, joined));
        } else {
            joined.push_str(raw);
            found.extend(parse(&joined, first));
        }
    }
    found.extend(open.and_then(|(first, joined)| parse(&joined, first)));
    found
}

fn parse(text: &str, number: usize) -> Option<Line> {
    let mut words = words(text).into_iter();
    let first = words.next()?;
    let line = |kind, directive| Some(Line { kind, directive, number });
    let broken = |kind, why| line(kind, Directive::Broken(why));
    if first == "@include" {
        return match words.next() {
            Some(file) => line(None, Directive::Include(file)),
            None => broken(None, Broken::IncludeWithoutFile),
        };
    }
    let Some(kind) = Kind::parse(first.strip_prefix('-').unwrap_or(&first)) else {
        return broken(None, Broken::Kind(first));
    };
    let Some(control) = words.next() else { return broken(Some(kind), Broken::NoControl) };
    let Some(module) = words.next() else { return broken(Some(kind), Broken::NoModule) };
    match control.to_ascii_lowercase().as_str() {
        "include" => line(Some(kind), Directive::Include(module)),
        "substack" => line(Some(kind), Directive::Substack(module)),
        _ => match Control::parse(&control) {
            Ok(control) => {
                line(Some(kind), Directive::Module { control: Box::new(control), module, arguments: words.collect() })
            }
            Err(why) => broken(Some(kind), Broken::Control(why)),
        },
    }
}

/// Words of a line; a part in brackets is one word.
fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = if rest.starts_with('[') {
            rest.find(']').map_or(rest.len(), |end| end + 1)
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(end);
        found.push(word.to_owned());
        rest = after.trim_start();
    }
    found
}
