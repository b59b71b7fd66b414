//! The configuration file before a change.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use crate::error::Error;

/// Limit on the file's size, in bytes: the daemon's.
const MAX_SIZE: u64 = 256 * 1024;

/// The existing configuration file, if there is one.
pub(crate) struct Existing {
    /// Its text; `None` without a file.
    pub text: Option<String>,
    /// Its parsed text, to be edited; empty without a file.
    pub document: DocumentMut,
}

impl Existing {
    /// Reads the file.
    ///
    /// # Errors
    /// The file exists and cannot be read or parsed.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let Some(text) = text(path)? else {
            return Ok(Self { text: None, document: DocumentMut::new() });
        };
        // setup adds missing settings, and corrects where the media server is contacted, which an earlier one wrote. Another wrong
        // setting, which has a position, is for the owner to fix.
        if let Err(problem) = config::parse(&text, path)
            && problem.position.is_some()
            && !problem.mistake.is_about_server_url()
        {
            return Err(keep(path, problem.to_string()));
        }
        let document = text.parse().map_err(|_| keep(path, format!("{}: not valid TOML", path.display())))?;
        Ok(Self { text: Some(text), document })
    }

    /// True if the file names a token or a server: settings that no question is about then stay as they are.
    pub(crate) fn is_configured(&self) -> bool {
        ["token", "token_file", "machine_id"].iter().any(|key| self.document.contains_key(key))
    }

    /// A top-level string.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.document.get(key)?.as_str()
    }

    /// A string of a section.
    pub(crate) fn text_in(&self, section: &str, key: &str) -> Option<&str> {
        self.document.get(section)?.get(key)?.as_str()
    }

    /// A top-level boolean.
    pub(crate) fn bool_of(&self, key: &str) -> Option<bool> {
        self.document.get(key)?.as_bool()
    }

    /// A top-level number.
    pub(crate) fn number_of(&self, key: &str) -> Option<u64> {
        self.document.get(key)?.as_integer()?.try_into().ok()
    }

    /// The comment behind a top-level value.
    pub(crate) fn comment_of(&self, key: &str) -> Option<String> {
        let suffix = self.document.get(key)?.as_value()?.decor().suffix()?.as_str()?;
        let comment = suffix.trim().strip_prefix('#')?.trim();
        Some(comment).filter(|comment| !comment.is_empty()).map(|comment| protocol::printable(comment, 40))
    }

    /// The entries of `[users]`: local account and reference.
    pub(crate) fn users(&self) -> Vec<(String, String)> {
        let table = self.document.get("users").and_then(toml_edit::Item::as_table_like);
        let entries = table.into_iter().flat_map(toml_edit::TableLike::iter);
        entries.filter_map(|(local, plex)| Some((local.to_owned(), plex.as_str()?.to_owned()))).collect()
    }

    /// The owner's token, from the file itself or from `token_file`.
    pub(crate) fn token(&self) -> Option<plex::Token> {
        let token = match (self.text_of("token"), self.text_of("token_file")) {
            (Some(token), _) => Some(plex::Token::from(token)),
            (None, Some(file)) => {
                text(&PathBuf::from(file)).ok().flatten().map(|text| plex::Token::from(text.trim_end()))
            }
            (None, None) => None,
        };
        token.filter(|token| !token.expose().is_empty())
    }
}

fn keep(path: &Path, problem: String) -> Error {
    Error::new(problem)
        .hint(format!("nothing was changed; correct that place, or start over: mv {0} {0}.old", path.display()))
}

/// The text of a file; `None` if it does not exist.
fn text(path: &Path) -> Result<Option<String>, Error> {
    let wrong = |why: &str| Error::new(format!("{}: {why}", path.display()));
    let unreadable = |error: std::io::Error| wrong(&format!("cannot be read: {error}"));
    let file = match system::open_without_waiting(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(unreadable)?,
    };
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(wrong("is not a regular file"));
    }
    if about.len() > MAX_SIZE {
        return Err(wrong("is too large for a configuration"));
    }
    let mut text = String::new();
    file.take(MAX_SIZE).read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some(text))
}
