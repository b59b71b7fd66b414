//! Errors of files that are set aside or removed as root in directories where other users have files.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A file cannot be set aside or removed safely.
#[derive(Debug)]
pub(crate) enum FileError {
    /// The kernel refused an operation on this path.
    Io(PathBuf, Errno),
    /// The path is not absolute, too deep, or leads through something that is no directory.
    Unsafe(system::Error),
    /// Group or others can write to this directory of root's.
    Writable(PathBuf),
    /// This directory on the path belongs to another user than root.
    Owner(PathBuf, u32),
    /// The path is a mount point, found so by the kernel during a rename.
    Busy(PathBuf),
    /// All names for a file set aside as this path are taken.
    NoFreeName(PathBuf, u32),
    /// The text is no path of a home.
    NotAHome(String),
    /// Another account has its home at or below the path.
    SharedHome {
        /// Name of the other account.
        account: String,
        /// Its home.
        home: String,
    },
    /// The home is a symbolic link.
    LinkedHome(String),
    /// The home cannot be opened.
    UnreadableHome(String, Errno),
    /// The home is no directory.
    FileAsHome(String),
    /// The home is on a file system of its own.
    MountedHome(String),
    /// This mount point is in the home.
    MountInHome(PathBuf),
    /// The home belongs to another user id than its account's.
    ForeignHome(String, u32),
    /// The home of a new account belongs to this account.
    OccupiedHome(String, String),
}

impl FileError {
    pub(crate) fn io(path: &Path) -> impl Fn(Errno) -> Self {
        move |error| Self::Io(path.to_owned(), error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Unsafe(error) => error.fmt(f),
            Self::Writable(path) => {
                let path = path.display();
                write!(f, "others can write to {path} (if that is not intended: chmod go-w {path})")
            }
            Self::Owner(path, uid) => write!(f, "others can write to {} (it belongs to user id {uid})", path.display()),
            Self::Busy(path) => write!(f, "{} is a mount point, or in use by the kernel", path.display()),
            Self::NoFreeName(path, count) => write!(f, "{} and {count} further names are taken", path.display()),
            Self::NotAHome(path) => write!(f, "'{path}' is not a home directory"),
            Self::SharedHome { account, home } => write!(f, "{account} has its home there too, at {home}"),
            Self::LinkedHome(path) => write!(f, "{path} is a symbolic link"),
            Self::UnreadableHome(path, error) => write!(f, "{path} cannot be opened: {error}"),
            Self::FileAsHome(path) => write!(f, "{path} is no directory"),
            Self::MountedHome(path) => write!(f, "{path} is a mount point, with a file system of its own"),
            Self::MountInHome(path) => write!(f, "{} is mounted in it", path.display()),
            Self::ForeignHome(path, uid) => write!(f, "{path} belongs to another user, by id {uid}"),
            Self::OccupiedHome(path, account) => write!(f, "{path} belongs to {account}"),
        }
    }
}
