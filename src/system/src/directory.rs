//! Directories that root makes for another user, and files that root makes in them.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::{Gid, Uid, fchown, getegid, geteuid};

use crate::error::{Error, Problem};
use crate::walk::{Directory, End, walk};

/// The mode of directories above the one that is wanted.
const ABOVE: Mode = Mode::from_bits_truncate(0o755);

/// Makes a directory for a user, and those above it for root, wherever root alone can write. What is there already is left
/// as it is; so is a place where another user can write: that user can make the directory without root.
///
/// # Errors
/// [`Error`], also for a place where another user could interfere.
pub fn prepare(path: &Path, mode: u32, owner: Uid, group: Gid) -> Result<(), Error> {
    let (directory, first, rest) = match walk(path)? {
        End::Directory(_) => return Ok(()),
        End::Entry(directory, name) => (directory, name, VecDeque::new()),
        End::Missing(directory, name, rest) => (directory, name, rest),
    };
    if !directory.own {
        return Ok(());
    }
    let mut path = directory.path;
    let mut above = directory.fd;
    let mut names: VecDeque<OsString> = rest;
    names.push_front(first);
    while let Some(name) = names.pop_front() {
        path.push(&name);
        let failed = |error| Error::io(&path, error);
        let Some(fresh) = make(&above, &name, &path)? else {
            // Another process of root's was faster.
            return prepare(&with(&path, &names), mode, owner, group);
        };
        if names.is_empty() {
            fchmod(&fresh, Mode::from_bits_truncate(mode)).map_err(failed)?;
            fchown(&fresh, Some(owner), Some(group)).map_err(failed)?;
        } else {
            fchmod(&fresh, ABOVE).map_err(failed)?;
        }
        above = fresh;
    }
    Ok(())
}

/// Makes sure of a directory in which the caller can do things by path: it is there, and nobody but root and the caller can
/// change it, or anything above it.
///
/// # Errors
/// [`Error`] names the directory that somebody else could change.
pub fn prepare_own(path: &Path, mode: u32) -> Result<(), Error> {
    prepare(path, mode, geteuid(), getegid())?;
    match walk(path)? {
        End::Directory(directory) if directory.own => Ok(()),
        End::Directory(Directory { path, .. })
        | End::Entry(Directory { path, .. }, _)
        | End::Missing(Directory { path, .. }, ..) => Err(Error::new(&path, Problem::NotOwn)),
    }
}

/// Makes one directory below one that root alone can write to, so that nobody can put another in its place before it is
/// opened. Nothing when there is one already.
fn make(above: &OwnedFd, name: &OsStr, path: &Path) -> Result<Option<OwnedFd>, Error> {
    match mkdirat(above, name, Mode::S_IRWXU) {
        Ok(()) => {}
        Err(nix::Error::EEXIST) if is_directory(above, name) => return Ok(None),
        Err(nix::Error::EEXIST) => return Err(Error::new(path, Problem::NotADirectory)),
        Err(error) => return Err(Error::io(path, error)),
    }
    open_directory(above, name).map(Some).map_err(|error| Error::io(path, error))
}

fn is_directory(above: &OwnedFd, name: &OsStr) -> bool {
    open_directory(above, name).is_ok()
}

fn open_directory(above: &OwnedFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(above, name, flags, Mode::empty())
}

fn with(path: &Path, names: &VecDeque<OsString>) -> PathBuf {
    names.iter().fold(path.to_owned(), |path, name| path.join(name))
}

/// Makes a file of mode 0600 that was not there before, for the user who owns the directory that it is in.
///
/// # Errors
/// [`Error`]; also when the file is there already.
pub fn create_in(path: &Path) -> Result<File, Error> {
    let End::Entry(directory, name) = walk(path)? else { return Err(Error::new(path, Problem::NotAFile)) };
    let failed = |error| Error::io(path, error);
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let made = openat(&directory.fd, name.as_os_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR).map_err(failed)?;
    hand_over(&made, &directory).map_err(failed)?;
    Ok(File::from(made))
}

fn hand_over(file: &OwnedFd, directory: &Directory) -> nix::Result<()> {
    let about = fstat(&directory.fd)?;
    fchown(file, Some(Uid::from_raw(about.st_uid)), Some(Gid::from_raw(about.st_gid)))
}
