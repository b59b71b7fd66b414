//! Keys in the wrong section. A section of TOML goes on to the next header, so a key that is added below `[users]` would
//! become the name of a local account.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::keys::SECTIONS;
use crate::mistake::Mistake;
use crate::problem::Problem;

/// The section with the names of local accounts.
const USERS: &str = "users";

/// A key, with its place in the text.
type Placed<'a, 'i> = &'a Spanned<Cow<'i, str>>;

/// The section of a key, empty for one above all sections; `None` if there is no key of this name.
pub(crate) fn section_of(name: &str) -> Option<&'static str> {
    let in_section =
        |(section, keys): &(&'static str, &[crate::Key])| keys.iter().any(|key| key.name == name).then_some(*section);
    SECTIONS.iter().find_map(in_section)
}

/// Finds the first key of the text that is in the wrong section, or has dots that TOML reads as sections.
///
/// # Errors
/// [`Mistake::WrongSection`] or [`Mistake::DottedName`].
pub(crate) fn check(table: &DeTable, text: &str, file: &Path) -> Result<(), Problem> {
    let mut found: Vec<(usize, Mistake)> = Vec::new();
    for (key, value) in table {
        let section = key.get_ref().as_ref();
        match value.get_ref() {
            DeValue::Table(users) if section == USERS => {
                let mistakes = users.iter().map(|(name, value)| (name.span().start, user(text, name, value.get_ref())));
                found.extend(mistakes.filter_map(|(at, mistake)| Some((at, mistake?))));
            }
            DeValue::Table(keys) if SECTIONS.iter().any(|(name, _)| *name == section) => {
                found.extend(keys.keys().filter_map(|key| Some((key.span().start, wrong_section(key, section)?))));
            }
            _ => found.extend(wrong_section(key, "").map(|mistake| (key.span().start, mistake))),
        }
    }
    match found.into_iter().min_by_key(|(at, _)| *at) {
        Some((at, mistake)) => Err(Problem::at(file, text, at, mistake)),
        None => Ok(()),
    }
}

/// The mistake in a key below `[users]`. A name in quotes is always a local account's.
fn user(text: &str, name: Placed<'_, '_>, value: &DeValue) -> Option<Mistake> {
    let span = name.span();
    if is_dotted(text, span.end)
        && let DeValue::Table(rest) = value
    {
        return Some(Mistake::DottedName(dotted(name.get_ref(), rest)));
    }
    let is_quoted = text.get(span.start..).is_some_and(|rest| rest.starts_with(['"', '\'']));
    if is_quoted { None } else { wrong_section(name, USERS) }
}

fn wrong_section(key: Placed<'_, '_>, found: &str) -> Option<Mistake> {
    let right = section_of(key.get_ref()).filter(|right| *right != found)?;
    Some(Mistake::WrongSection { key: key.get_ref().to_string(), found: found.to_owned(), right })
}

/// The key that ends here is followed by a dot.
fn is_dotted(text: &str, end: usize) -> bool {
    text.get(end..).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('.'))
}

/// The whole name, of which TOML made tables within tables: the first, of several that begin alike.
fn dotted(first: &str, rest: &DeTable) -> String {
    let (mut name, mut table) = (first.to_owned(), rest);
    while let Some((next, value)) = table.iter().min_by_key(|(key, _)| key.span().start) {
        name = format!("{name}.{}", next.get_ref());
        let DeValue::Table(further) = value.get_ref() else { break };
        table = further;
    }
    name
}

/// Byte at which a name begins that needs quotes, for a text that is not TOML: in a line below `[users]`, the part in front of
/// `=` has a character that is no part of a bare key.
pub(crate) fn unquoted_name(text: &str, error: usize) -> Option<usize> {
    let line_start = text.get(..error)?.rfind('\n').map_or(0, |at| at + 1);
    let headers = text.get(..line_start)?.lines().rev().map(str::trim_start).find(|line| line.starts_with('['))?;
    let header = headers.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
    let line = text.get(line_start..)?.lines().next()?;
    let (name, _) = line.split_once('=')?;
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name_start = line_start + (name.len() - name.trim_start().len());
    let name = name.trim();
    let needs_quotes = !name.is_empty() && !name.starts_with(['"', '\'', '#', '[']) && !name.chars().all(is_bare);
    (header == USERS && needs_quotes).then_some(name_start)
}
