//! plex-auth.toml(5): a page written by hand, and the keys from the table in `src/config/src/keys.rs`.

use std::fmt::Write as _;
use std::iter;

use config::{Key, SECTIONS};

use crate::text::tidy;

/// The page without the keys: `@cache@` marks the place of those of `[cache]`.
const FRAME: &str = include_str!("../pages/plex-auth.toml.5.in");

/// The whole page.
#[must_use]
pub fn configuration() -> String {
    SECTIONS.into_iter().fold(FRAME.to_owned(), |page, (section, keys)| {
        let mark = format!("@{}@\n", if section.is_empty() { "top" } else { section });
        page.replace(&mark, &keys.iter().map(item).collect::<String>())
    })
}

/// A key of the list, with its description.
fn item(key: &Key) -> String {
    let about: Vec<&str> = key.about.iter().map(|line| line.trim()).collect();
    format!(".It Ic {}\n{}", key.name, tidy(&mdoc(&about.join(" "))))
}

/// Markdown as mdoc, with every sentence and every macro on a line of its own.
fn mdoc(markdown: &str) -> String {
    let mut text = String::new();
    for (index, part) in markdown.split('`').enumerate() {
        let (end, part) = if index > 0 && index % 2 == 0 { punctuation(part) } else { ("", part) };
        // Writing to a string cannot fail.
        let _ = match index % 2 {
            0 => write!(text, "{}\n{}", if end.is_empty() { String::new() } else { format!(" {end}") }, prose(part)),
            _ => write!(text, "\n.{} {}", request(part), part.replace('"', "\\(dq")),
        };
    }
    text
}

/// The punctuation that a text begins with, and the rest.
fn punctuation(text: &str) -> (&str, &str) {
    text.split_at(usize::from(text.starts_with([',', '.', ':', ';'])))
}

/// The macro for a part in backquotes: keys, sections and commands; paths; everything else.
fn request(code: &str) -> &'static str {
    let is_key = SECTIONS.into_iter().flat_map(|(_, keys)| keys).any(|key| key.name == code);
    let is_section = code.starts_with('[') && code.ends_with(']') && !code.contains('"') && code != "[]";
    let is_command = code.starts_with("plex-auth ") || code.starts_with("user ");
    match code {
        _ if is_key || is_section || is_command => "Ic",
        _ if code.starts_with('/') => "Pa",
        _ => "Ql",
    }
}

/// Text without backquotes: manual pages, addresses and the module's arguments are macros.
fn prose(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let bare = word.trim_end_matches([',', '.', ':', ';']);
        let end = word.strip_prefix(bare).filter(|end| !end.is_empty()).map_or(String::new(), |end| format!(" {end}"));
        if let Some((page, section)) = bare.strip_suffix(')').and_then(|page| page.split_once('(')) {
            format!("\n.Xr {page} {section}{end}\n")
        } else if let Some(address) = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            format!("\n.Lk {address}{end}\n")
        } else if let Some(argument) = bare.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")) {
            format!("\n.Cm {argument}{end}\n")
        } else if end == " ." {
            format!("{word}\n")
        } else {
            format!("{word} ")
        }
    });
    iter::once(String::new()).chain(words).collect()
}
