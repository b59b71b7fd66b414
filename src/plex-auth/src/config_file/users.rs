//! Edits of `[users]`: everything else stays byte for byte, and a text that the daemon would refuse is not written.

use std::path::Path;

use toml_edit::{Document, DocumentMut};

use super::existing::Existing;
use super::values::add_users;
use super::write::write;
use crate::error::Error;

/// Entry of `[users]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserEntry {
    /// Name of the local account.
    pub local: String,
    /// The Plex account, by its id, which no other account can ever have.
    pub plex: policy::PlexId,
    /// The person's name, for a comment.
    pub name: String,
}

/// A change of the file that can be undone.
#[must_use]
pub(crate) struct Change<'a> {
    path: &'a Path,
    before: String,
}

impl Change<'_> {
    /// Restores the previous text.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn undo(self) -> Result<(), Error> {
        write(self.path, &self.before)
    }
}

/// Adds or changes entries; `None` if the file has them already.
///
/// # Errors
/// The file cannot be read or written, or the daemon would refuse it. It is unchanged then.
pub(crate) fn link<'a>(path: &'a Path, entries: &[UserEntry]) -> Result<Option<Change<'a>>, Error> {
    change(path, |text| linked(text, entries))
}

/// Removes an entry; `None` if there is none.
///
/// # Errors
/// As [`link`].
pub(crate) fn unlink<'a>(path: &'a Path, local: &str) -> Result<Option<Change<'a>>, Error> {
    change(path, |text| unlinked(text, local))
}

fn change(path: &Path, edit: impl FnOnce(&str) -> Option<String>) -> Result<Option<Change<'_>>, Error> {
    // Existing errors, of owner and mode too, have to be fixed first.
    config::load(path).map_err(|problem| Error::new(problem.to_string()))?;
    let before = Existing::read(path)?.text.unwrap_or_default();
    let unusable = |why: &str| Error::new(format!("{}: {why}", path.display())).nothing_changed();
    let after = edit(&before).ok_or_else(|| unusable("[users] cannot be changed"))?;
    if after == before {
        return Ok(None);
    }
    config::parse(&after, path).map_err(|problem| unusable(&problem.to_string()))?;
    write(path, &after)?;
    Ok(Some(Change { path, before }))
}

fn linked(text: &str, entries: &[UserEntry]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    add_users(&mut document, entries.iter().map(|entry| (entry.local.as_str(), entry.plex, entry.name.as_str())));
    Some(document.to_string())
}

/// Removes the line and no other: a comment above it may be about further lines.
fn unlinked(text: &str, local: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let Some(users) = document.get("users") else { return Some(text.to_owned()) };
    if let Some(inline) = users.as_inline_table() {
        return if inline.contains_key(local) { without(text, local) } else { Some(text.to_owned()) };
    }
    let Some((key, item)) = users.as_table()?.get_key_value(local) else { return Some(text.to_owned()) };
    let (key, value) = (key.span()?, item.span()?);
    let begin = text.get(..key.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(value.end..)?.find('\n').map_or(text.len(), |at| value.end + at + 1);
    Some(format!("{}{}", text.get(..begin)?, text.get(end..)?))
}

/// Removes the entry from an inline table.
fn without(text: &str, local: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let table = document.get_mut("users")?.as_inline_table_mut()?;
    table.remove(local);
    table.fmt();
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use policy::PlexId;

    use super::*;

    const TEXT: &str = "# mine\ntoken='t' # secret\n\n[users] # people\n# the family\nalice = \"7\" # A\n\n  # and Bob\n  bob=\"bob@example.org\"\n\n[cache] # short\nremember = \"5m\"\n";

    fn entry(local: &str, id: u64) -> UserEntry {
        UserEntry { local: local.into(), plex: PlexId(id), name: format!("the {local}") }
    }

    #[test]
    fn adding_an_entry_changes_no_other_line() {
        let added = linked(TEXT, &[entry("erin", 5)]).unwrap();
        assert_eq!(added, TEXT.replace("org\"\n", "org\"\nerin = \"5\"  # the erin\n"));
        let changed = linked(TEXT, &[entry("bob", 3)]).unwrap();
        assert!(changed.contains("\n  # and Bob\n  bob=\"3\"  # the bob\n"), "{changed}");
        assert_eq!(linked(TEXT, &[entry("alice", 7)]).unwrap(), TEXT, "what it says already is not touched");
        for (local, line) in [("group", "\"group\""), ("jane.doe", "\"jane.doe\""), ("_x", "_x"), ("a b", "\"a b\"")] {
            let text = linked("token = \"t\"\nmachine_id = \"0123456789abcdef\"\n", &[entry(local, 5)]).unwrap();
            assert!(text.contains(&format!("\n{line} = \"5\"  # the {local}\n")), "{text}");
            let config = config::parse(&text, Path::new("x")).unwrap();
            assert_eq!(config.users.keys().collect::<Vec<_>>(), [local], "R78: {text}");
        }
        let first = linked("token = \"t\"\n", &[entry("erin", 5)]).unwrap();
        assert_eq!(first, "token = \"t\"\n\n[users]\nerin = \"5\"  # the erin\n");
    }

    #[test]
    fn removing_an_entry_changes_no_other_line() {
        assert_eq!(unlinked(TEXT, "alice").unwrap(), TEXT.replace("alice = \"7\" # A\n", ""));
        assert_eq!(unlinked(TEXT, "bob").unwrap(), TEXT.replace("  bob=\"bob@example.org\"\n", ""));
        assert_eq!(unlinked(TEXT, "erin").unwrap(), TEXT);
        assert_eq!(unlinked("token = \"t\"\n", "erin").unwrap(), "token = \"t\"\n");
        let dotted = "users.alice = \"7\"\nusers.'bob' = \"3\"";
        assert_eq!(unlinked(dotted, "bob").unwrap(), "users.alice = \"7\"\n");
        let braces = "users = { alice = \"7\", bob = \"3\" } # two\n";
        assert_eq!(unlinked(braces, "alice").unwrap(), "users = { bob = \"3\" } # two\n");
    }

    #[test]
    fn a_name_from_plex_cannot_add_a_line() {
        let hostile = UserEntry { name: "x\nmallory = \"9\" # \u{1b}[31m".into(), ..entry("erin", 5) };
        let text = linked("token = \"t\"\nstrict_friends = false\n", &[hostile]).unwrap();
        let config = config::parse(&text, Path::new("x")).unwrap();
        assert_eq!(config.users.keys().collect::<Vec<_>>(), ["erin"], "{text}");
    }
}
