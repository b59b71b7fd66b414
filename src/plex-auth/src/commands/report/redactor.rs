//! Replaces everything in a text that could be private: words are shown if they are known to be harmless, and replaced
//! otherwise, each by the same label everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use url::Url;

use super::words::{COMMON_HOSTS, GIVEN_NAMES, PATHS};

/// The shortest value with a digit or an `@` that is replaced within longer words too, in characters.
const MIN_WITHIN: usize = 9;

/// The most digits of a number that is a count, a port, a mode or a status. Others may be ids.
const MAX_DIGITS: usize = 4;

/// Kinds of replaced values: the word in the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Category {
    User,
    Email,
    Host,
    Ip,
    Mac,
    Id,
    Path,
    Service,
    Group,
    Secret,
    /// Not known to be harmless.
    Unknown,
}

impl Category {
    fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Email => "email",
            Self::Host => "host",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Id => "id",
            Self::Path => "path",
            Self::Service => "service",
            Self::Group => "group",
            Self::Secret => "secret",
            Self::Unknown => "word",
        }
    }
}

/// Labels of all replaced values.
pub(super) struct Redactor<'a> {
    /// Words that may be shown, in lower case.
    shown: &'a BTreeSet<String>,
    /// Labels by value in lower case. They may be secrets, which are in memory that is not wiped: the process is short.
    labels: BTreeMap<String, String>,
    counts: BTreeMap<Category, usize>,
}

impl<'a> Redactor<'a> {
    /// A redactor that shows these words.
    pub(super) fn new(shown: &'a BTreeSet<String>) -> Self {
        Self { shown, labels: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// Label of a value that is replaced wherever it is.
    pub(super) fn label(&mut self, category: Category, value: &str) -> String {
        let value = value.trim().to_lowercase();
        if let Some(label) = self.labels.get(&value) {
            return label.clone();
        }
        let count = self.counts.entry(category).or_default();
        *count += 1;
        let label = format!("{}-{count}", category.as_str());
        self.labels.insert(value, label.clone());
        label
    }

    /// A value that is shown if it is one of these, and replaced otherwise.
    pub(super) fn unless(&mut self, harmless: &[&str], category: Category, value: &str) -> String {
        if harmless.contains(&value) { value.to_owned() } else { self.label(category, value) }
    }

    /// Text that a program composed of its own words and of values. A name that is one of these words stays in a sentence, where
    /// it says nothing, and is replaced in quotes.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.replace_phrases(text);
        let mut made = String::new();
        let mut before: Vec<String> = Vec::new();
        for chunk in split(&text, |c| c.is_whitespace() || "\"'`()<>{}|,;!?".contains(c)) {
            match chunk {
                Chunk::Separator(separator) => made.push_str(separator),
                Chunk::Part(part) if made.ends_with(['\'', '"']) && self.labels.contains_key(&part.to_lowercase()) => {
                    made.push_str(&self.label(Category::Unknown, part));
                }
                Chunk::Part(part) => made.push_str(&self.part(part, &mut before)),
            }
        }
        made
    }

    /// Replaces known values that are more than one word.
    fn replace_phrases(&self, text: &str) -> String {
        let phrases = self.labels.iter().filter(|(value, _)| value.contains(|c: char| !is_name_character(c)));
        phrases.fold(text.to_owned(), |text, (value, label)| replace(&text, value, label, true))
    }

    /// A part of a text without blanks and quotes.
    fn part(&mut self, part: &str, before: &mut Vec<String>) -> String {
        if let Some((key, value)) = part.split_once('=') {
            return format!("{}={}", self.part(key, before), self.part(value, before));
        }
        // An IPv6 address may end in two colons, and a sentence in one sign more.
        let bare = part.trim_end_matches('.');
        for candidate in [bare, bare.strip_suffix(':').unwrap_or(bare)] {
            if let Some(ip) = address(candidate) {
                return format!("{}{}", self.ip(ip), part.get(candidate.len()..).unwrap_or_default());
            }
        }
        let core = part.trim_matches(['.', ':']);
        let shown = match core {
            "" => return part.to_owned(),
            _ if core.contains("://") => self.url(core),
            _ if core.contains('@') => self.label(Category::Email, core),
            _ if is_mac(core) => self.label(Category::Mac, core),
            _ if core.contains('/') => self.path(core),
            _ => match address(core) {
                Some(ip) => self.ip(ip),
                None => return self.words(part, before),
            },
        };
        part.replacen(core, &shown, 1)
    }

    /// Words joined by other signs than blanks.
    fn words(&mut self, part: &str, before: &mut Vec<String>) -> String {
        let mut made = String::new();
        for chunk in split(part, |c| ":[]*+&#%$~\\".contains(c)) {
            match chunk {
                Chunk::Separator(separator) => made.push_str(separator),
                Chunk::Part(word) => made.push_str(&self.word(word, before)),
            }
        }
        made
    }

    /// One word, after others.
    fn word(&mut self, word: &str, before: &mut Vec<String>) -> String {
        let core = word.trim_matches(['.', '-']);
        let lower = core.to_lowercase();
        let shown = if core.is_empty() {
            return word.to_owned();
        } else if core.bytes().all(|byte| byte.is_ascii_digit()) {
            self.number(core, before)
        } else if self.is_harmless(core) {
            core.to_owned()
        } else if core.contains('.') && !lower.starts_with("pam_") {
            self.label(Category::Host, core)
        } else {
            self.label(Category::Unknown, core)
        };
        before.push(lower);
        word.replacen(core, &shown, 1)
    }

    fn is_harmless(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        // A sentence that has lost one of these words can still be read, unlike one without "denied".
        if (GIVEN_NAMES.contains(&lower.as_str()) || lower.starts_with("pam_")) && self.labels.contains_key(&lower) {
            return false;
        }
        let is_label = |word: &str| self.labels.values().any(|label| label == word);
        let is_letter = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_letter
            || self.shown.contains(&lower)
            || is_duration(word)
            || is_version(word)
            || self.is_module(word)
            || is_label(word)
    }

    /// Name of a known PAM module, with or without its ending. Others may have the name of a site or a user.
    fn is_module(&self, word: &str) -> bool {
        let name = word.strip_suffix(".so").unwrap_or(word);
        name.starts_with("pam_") && (self.shown.contains(name) || self.shown.contains(&format!("{name}.so")))
    }

    /// A number: an id after a word that says so, or if it has many digits.
    fn number(&mut self, number: &str, before: &[String]) -> String {
        let last = |back: usize| before.iter().rev().nth(back).map_or("", String::as_str);
        let names_an_id = ["id", "ids", "owner_id", "plex_id", "to", "put"].contains(&last(0));
        if names_an_id || (last(0) == "is" && last(1) == "owner_id") || !is_count(number) {
            self.label(Category::Id, number)
        } else {
            number.to_owned()
        }
    }

    /// A URL: scheme and port are shown, the host if it is everybody's.
    pub(super) fn url(&mut self, text: &str) -> String {
        let Ok(url) = Url::parse(text) else { return self.label(Category::Host, text) };
        let host = url.host_str().unwrap_or_default();
        let host = self.unless(&COMMON_HOSTS, Category::Host, host);
        let scheme = ["http", "https"].into_iter().find(|known| *known == url.scheme()).unwrap_or("scheme");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let path = if url.path() == "/" { "/".to_owned() } else { self.path(url.path()) };
        format!("{scheme}://{host}{port}{path}")
    }

    /// A path: the part from the first component that is not a system's is replaced.
    pub(super) fn path(&mut self, path: &str) -> String {
        // Behind a file there may be a place in it, such as `:2:1`.
        let file = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
        let place = path.get(file.len()..).filter(|place| place.starts_with(':')).unwrap_or_default();
        let path = path.strip_suffix(place).unwrap_or(path);
        let mut shown = Vec::new();
        let mut rest = path.split('/');
        for part in rest.by_ref() {
            let of_a_system = PATHS.contains(&part) || self.is_harmless(part) || part.is_empty() || is_machine(part);
            let in_a_home = shown.last().is_some_and(|above| above == "home");
            if in_a_home || !of_a_system {
                let rest: Vec<_> = std::iter::once(part).chain(rest).collect();
                shown.push(self.label(Category::Path, &rest.join("/")));
                break;
            }
            shown.push(part.to_owned());
        }
        format!("{}{place}", shown.join("/"))
    }

    /// An address: those of the machine itself say nothing.
    pub(super) fn ip(&mut self, ip: IpAddr) -> String {
        if ip.is_loopback() || ip.is_unspecified() { ip.to_string() } else { self.label(Category::Ip, &ip.to_string()) }
    }

    /// Replaces all known values in a whole document. Words of plex-auth's own messages stay: they are everywhere.
    pub(super) fn replace_known(&self, document: &str) -> String {
        let mut values: Vec<_> = self.labels.iter().filter(|(value, _)| self.is_sought(value)).collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.chars().count()));
        values.into_iter().fold(document.to_owned(), |text, (value, label)| {
            let is_long =
                value.chars().count() >= MIN_WITHIN && value.contains(|c: char| c.is_ascii_digit() || c == '@');
            replace(&text, value, label, !is_long)
        })
    }

    fn is_sought(&self, value: &str) -> bool {
        let is_label = self.labels.values().any(|label| label == value);
        !self.is_harmless(value) && !is_count(value) && !is_label && !PATHS.contains(&value) && !value.is_empty()
    }
}

enum Chunk<'a> {
    Part(&'a str),
    Separator(&'a str),
}

/// Parts of a text and the separators between them, in order.
fn split(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let separates = is_separator(first);
        let end = rest.find(|c| is_separator(c) != separates).unwrap_or(rest.len());
        let (chunk, after) = rest.split_at(end);
        chunks.push(if separates { Chunk::Separator(chunk) } else { Chunk::Part(chunk) });
        rest = after;
    }
    chunks
}

/// Replaces a value, upper and lower case aside; with `whole`, only where no letter and no digit is next to it.
fn replace(text: &str, value: &str, label: &str, whole: bool) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((start, end)) = find(rest, value) {
        let (before, found) = (rest.get(..start).unwrap_or_default(), rest.get(start..end).unwrap_or_default());
        let after = rest.get(end..).unwrap_or_default();
        let next_to = made.chars().chain(before.chars()).next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        made.push_str(before);
        made.push_str(if whole && next_to { found } else { label });
        rest = after;
    }
    made + rest
}

/// First place of a value that is in lower case.
fn find(text: &str, value: &str) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(start, _)| {
        let mut wanted = value.chars();
        let mut next = wanted.next()?;
        for (offset, c) in text.get(start..)?.char_indices() {
            for lower in c.to_lowercase() {
                if lower != next {
                    return None;
                }
                match wanted.next() {
                    Some(further) => next = further,
                    None => return Some((start, start + offset + c.len_utf8())),
                }
            }
        }
        None
    })
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || "-_.".contains(c)
}

/// A number that is too small to be an id.
fn is_count(word: &str) -> bool {
    word.len() <= MAX_DIGITS && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A length of time, such as `3s` or `15m`.
fn is_duration(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - unit.len();
    let units = ["ns", "us", "ms", "s", "m", "h", "d", "day", "days", "month", "months", "year", "years"];
    (1..=5).contains(&digits) && units.contains(&unit)
}

/// A version of two or three numbers of at most two digits. Four numbers are an address, and larger ones a part of it.
fn is_version(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.len() <= 2 && is_count(part))
}

/// A hardware address.
fn is_mac(word: &str) -> bool {
    let parts: Vec<_> = word.split([':', '-']).collect();
    parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A directory for one architecture, such as `x86_64-linux-gnu`.
fn is_machine(word: &str) -> bool {
    ["x86_64", "aarch64", "arm", "i386"].iter().any(|machine| {
        word.strip_prefix(machine).is_some_and(|rest| ["-linux-gnu", "-linux-musl", "-linux-gnueabihf"].contains(&rest))
    })
}

/// An IP address, alone, in brackets, or with a port.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').split(']').next().unwrap_or_default();
    let bare = bare.split('%').next().unwrap_or_default();
    bare.parse().ok().or_else(|| word.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests;
