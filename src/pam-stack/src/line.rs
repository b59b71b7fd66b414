//! The lines of one file.

use super::Kind;
use super::control::Control;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Ask a module.
    Module { control: Box<Control>, module: String, arguments: Vec<String> },
    /// Read another file's lines of this kind here.
    Include(String),
    /// The same, but as a stack of its own.
    Substack(String),
    /// Nothing that libpam understands, which makes it fail.
    Broken(String),
}

/// A line with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which question it belongs to; every one for Debian's `@include`.
    pub kind: Option<Kind>,
    pub says: Says,
    /// Its number in the file, from one.
    pub number: usize,
}

/// The lines of a file of /etc/pam.d.
pub fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, raw) in (1..).zip(text.lines()) {
        // What stands behind # is not read, and so no line goes on behind one.
        let (raw, commented) = raw.split_once('#').map_or((raw, false), |(before, _)| (before, true));
        let (first, mut joined) = open.take().unwrap_or((number, String::new()));
        if let Some(part) = raw.trim_end().strip_suffix('\\').filter(|_| !commented) {
            joined.push_str(part);
            joined.push(' ');
            open = Some((first, joined));
        } else {
            joined.push_str(raw);
            found.extend(understand(&joined, first));
        }
    }
    found.extend(open.and_then(|(first, joined)| understand(&joined, first)));
    found
}

fn understand(text: &str, number: usize) -> Option<Line> {
    let mut words = words(text).into_iter();
    let first = words.next()?;
    let line = |kind, says| Some(Line { kind, says, number });
    let broken = |kind, why: String| line(kind, Says::Broken(why));
    if first == "@include" {
        return match words.next() {
            Some(file) => line(None, Says::Include(file)),
            None => broken(None, "@include without a file".into()),
        };
    }
    let Some(kind) = Kind::parse(first.strip_prefix('-').unwrap_or(&first)) else {
        return broken(None, format!("'{first}' is neither auth, account, session nor password"));
    };
    let Some(control) = words.next() else { return broken(Some(kind), "no control and no module".into()) };
    let Some(module) = words.next() else { return broken(Some(kind), "no module".into()) };
    match control.to_ascii_lowercase().as_str() {
        "include" => line(Some(kind), Says::Include(module)),
        "substack" => line(Some(kind), Says::Substack(module)),
        _ => match Control::parse(&control) {
            Ok(control) => {
                line(Some(kind), Says::Module { control: Box::new(control), module, arguments: words.collect() })
            }
            Err(why) => broken(Some(kind), why),
        },
    }
}

/// The words of a line; what stands in brackets is one.
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
