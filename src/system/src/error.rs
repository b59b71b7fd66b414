//! Refusals to use a file or a directory.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file or a directory is not used.
#[derive(Debug)]
pub struct Error {
    /// The file, or the directory above it that is the reason.
    pub path: PathBuf,
    /// The reason.
    pub problem: Problem,
}

/// The reason not to use a file or a directory.
#[derive(Debug)]
pub enum Problem {
    /// The path is relative or contains `..`.
    Path,
    /// A symbolic link in a directory where users other than root could have made it.
    Link,
    /// A file of another kind, where a directory is needed.
    NotADirectory,
    /// Not a regular file: a pipe or a device, for example.
    NotAFile,
    /// The owner is the first id, which is neither root's nor that of the owner of the directories above (the second id).
    Owner(u32, u32),
    /// Users other than the owner can change it, by this mode.
    Writable(u32),
    /// Users other than root could change it, or a directory above.
    NotOwn,
    /// The file has several names (hard links), and may belong to another place.
    Links,
    /// Larger than this many bytes.
    TooLarge(u64),
    /// Not UTF-8 text.
    NotText,
    /// An error of the kernel.
    Io(io::Error),
}

impl Error {
    pub(crate) fn new(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), problem }
    }

    pub(crate) fn io(path: &Path, error: nix::Error) -> Self {
        Self::new(path, Problem::Io(error.into()))
    }

    /// There is no such file.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Advice or a command that fixes it, where there is one.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        let path = self.path.display();
        match self.problem {
            Problem::Path => Some("give an absolute path without '..'".into()),
            Problem::Link => Some(format!("find out who put it there (ls -l '{path}'), then remove it")),
            Problem::NotADirectory | Problem::NotAFile | Problem::TooLarge(_) | Problem::NotText => {
                Some(format!("find out what it is (ls -l '{path}'), then move it away"))
            }
            Problem::Owner(_, 0) => Some(format!("if it should be there, run: chown root '{path}'")),
            Problem::Owner(_, expected) => Some(format!("if it should be there, run: chown {expected} '{path}'")),
            Problem::Writable(_) => Some(format!("run: chmod go-w '{path}'")),
            Problem::NotOwn => Some(format!("choose a directory like /run, or run: chown root '{path}'")),
            Problem::Links => Some(format!("copy it: cp -p '{path}' '{path}.new' && mv '{path}.new' '{path}'")),
            Problem::Io(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.problem {
            Problem::Path => f.write_str("is not an absolute path without '..'"),
            Problem::Link => f.write_str("is a symbolic link that a user other than root could have created"),
            Problem::NotADirectory => f.write_str("is not a directory"),
            Problem::NotAFile => f.write_str("is not a regular file"),
            Problem::Owner(owner, 0) => write!(f, "belongs to uid {owner}, not to root"),
            Problem::Owner(owner, expected) => {
                write!(f, "belongs to uid {owner}, neither to root nor to uid {expected}, who owns its directory")
            }
            Problem::Writable(mode) => {
                write!(f, "has mode {:04o}: users other than its owner can change it", mode & 0o7777)
            }
            Problem::NotOwn => f.write_str("a user other than root could change it or a directory above it"),
            Problem::Links => f.write_str("has several names (hard links), so it may be a file from another place"),
            Problem::TooLarge(max) => write!(f, "is larger than {max} bytes"),
            Problem::NotText => f.write_str("is not UTF-8 text"),
            Problem::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {}
