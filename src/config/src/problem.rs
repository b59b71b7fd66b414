//! What is wrong with a configuration: where, what, and how to mend it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A configuration that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Line and column, both counted from one, when it is about one place in the file.
    pub position: Option<(usize, usize)>,
    /// What is wrong, without a word of the file's values.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Problem {
    /// A problem with the file as a whole.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: file.to_owned(), position: None, what: what.into(), mend: mend.into() }
    }

    /// A problem at a byte of the file's text.
    pub(crate) fn at(file: &Path, text: &str, offset: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { position: Some(line_and_column(text, offset)), ..Self::of_file(file, what, mend) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}; {}", self.what, self.mend)
    }
}

impl std::error::Error for Problem {}

/// The line and the column, counted in characters, of a byte.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
