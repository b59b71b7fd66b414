//! The configuration as it is before anything is changed.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use crate::error::Error;

/// As much as the daemon reads.
const MAX_SIZE: u64 = 256 * 1024;

/// The file, or none.
pub(crate) struct Existing {
    /// Its text, byte for byte; `None` where there is no file.
    pub text: Option<String>,
    /// The same to be changed, with its comments; empty where there is no file.
    pub document: DocumentMut,
}

impl Existing {
    /// Reads it.
    ///
    /// # Errors
    /// When it is there and cannot be built upon. It stays as it is.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let Some(text) = text(path)? else {
            return Ok(Self { text: None, document: DocumentMut::new() });
        };
        // What is only missing is what setup is for; what is wrong is the owner's to mend.
        if let Err(problem) = config::parse(&text, path)
            && problem.position.is_some()
        {
            return Err(keep(path, problem.to_string()));
        }
        let document = text.parse().map_err(|_| keep(path, format!("{}: not valid TOML", path.display())))?;
        Ok(Self { text: Some(text), document })
    }

    /// Whether somebody has set this up before: then what is not asked stays as it is.
    pub(crate) fn is_configured(&self) -> bool {
        ["token", "token_file", "machine_id"].iter().any(|key| self.document.contains_key(key))
    }

    /// A value at the top of the file.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.document.get(key)?.as_str()
    }

    /// A value at the top of the file.
    pub(crate) fn truth_of(&self, key: &str) -> Option<bool> {
        self.document.get(key)?.as_bool()
    }

    /// The local accounts there are, and whom they belong to.
    pub(crate) fn users(&self) -> Vec<(String, String)> {
        let table = self.document.get("users").and_then(toml_edit::Item::as_table_like);
        let entries = table.into_iter().flat_map(toml_edit::TableLike::iter);
        entries.filter_map(|(local, plex)| Some((local.to_owned(), plex.as_str()?.to_owned()))).collect()
    }

    /// The owner's token, from the file itself or from the one that it names.
    pub(crate) fn token(&self) -> Option<plex::Token> {
        match (self.text_of("token"), self.text_of("token_file")) {
            (Some(token), _) => Some(plex::Token::from(token)),
            (None, Some(file)) => {
                text(&PathBuf::from(file)).ok().flatten().map(|text| plex::Token::from(text.trim_end()))
            }
            (None, None) => None,
        }
    }
}

fn keep(path: &Path, problem: String) -> Error {
    Error::new(problem)
        .hint(format!("nothing was changed; mend that place, or begin anew: mv {0} {0}.old", path.display()))
}

/// The text of a file, or nothing where there is none.
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
