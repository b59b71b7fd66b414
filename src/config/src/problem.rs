//! A [`Mistake`] and its place.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::mistake::Mistake;

/// A configuration that is refused. It is shown as one line: the place, the mistake, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The configuration, or the file that holds the token.
    pub file: PathBuf,
    /// Line and column (in characters), both counted from one, unless the problem is with the file as a whole.
    pub position: Option<(usize, usize)>,
    /// The mistake at this place.
    pub mistake: Mistake,
}

impl Problem {
    /// A problem with the file as a whole.
    pub(crate) fn of_file(file: &Path, mistake: Mistake) -> Self {
        Self { file: file.to_owned(), position: None, mistake }
    }

    /// A problem at a byte of the file's text.
    pub(crate) fn at(file: &Path, text: &str, offset: usize, mistake: Mistake) -> Self {
        Self { position: Some(line_and_column(text, offset)), ..Self::of_file(file, mistake) }
    }

    /// The mistake in a sentence, without its place.
    #[must_use]
    pub fn what(&self) -> String {
        self.mistake.what()
    }

    /// How to fix it.
    #[must_use]
    pub fn hint(&self) -> String {
        self.mistake.hint()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}; {}", self.what(), self.hint())
    }
}

impl std::error::Error for Problem {}

/// Line and column of a byte.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
