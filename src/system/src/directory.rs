//! Directories that root makes for another user or opens among those of others, and files that root makes in them.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::{Gid, Uid, fchown, getegid, geteuid};

use crate::error::{Error, Problem};
use crate::walk::{Directory, End, Rule, walk};

/// The mode of the directories above.
const ABOVE: Mode = Mode::from_bits_truncate(0o755);

/// Makes a directory for a user, and those above it for root, wherever root alone can write. Existing ones are not changed, and
/// none is made where another user can write: that user can make it without root.
///
/// # Errors
/// [`Error`], also for a place where another user could interfere.
pub fn prepare(path: &Path, mode: u32, owner: Uid, group: Gid) -> Result<(), Error> {
    let (directory, first, rest) = match walk(path, Rule::OneOwner)? {
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
            // Another process of root made it meanwhile.
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

/// Makes a directory in which the caller can work by path: only root and the caller can change it and the directories above.
///
/// # Errors
/// [`Error`] names the directory that another user could change.
pub fn prepare_own(path: &Path, mode: u32) -> Result<(), Error> {
    prepare(path, mode, geteuid(), getegid())?;
    match walk(path, Rule::OneOwner)? {
        End::Directory(directory) if directory.own => Ok(()),
        End::Directory(Directory { path, .. })
        | End::Entry(Directory { path, .. }, _)
        | End::Missing(Directory { path, .. }, ..) => Err(Error::new(&path, Problem::NotOwn)),
    }
}

/// Makes one directory below one that root alone can write to, so that it cannot be replaced before it is opened. `None` for an
/// existing one.
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

/// An open directory, good for reading.
#[derive(Debug)]
pub struct OpenDirectory {
    /// Its descriptor.
    pub fd: OwnedFd,
    /// Its path, without symbolic links.
    pub path: PathBuf,
}

/// Opens a directory that is reached through directories which root alone can write to; the last one may be anyone's, as the
/// spool directories are. `None` where there is none.
///
/// # Errors
/// [`Problem::Owner`] and [`Problem::Writable`] name the directory where another user could redirect the path;
/// [`Problem::Path`], [`Problem::NotADirectory`], [`Problem::Io`].
pub fn open_among_others(path: &Path) -> Result<Option<OpenDirectory>, Error> {
    let (fd, path) = match walk(path, Rule::OwnExceptLast)? {
        // Reopened, because O_PATH does not allow reading.
        End::Directory(Directory { fd, path, .. }) => (open_directory(&fd, OsStr::new(".")), path),
        End::Entry(directory, name) => (open_directory(&directory.fd, &name), directory.path.join(&name)),
        End::Missing(..) => return Ok(None),
    };
    match fd {
        Ok(fd) => Ok(Some(OpenDirectory { fd, path })),
        Err(nix::Error::ENOENT) => Ok(None),
        Err(nix::Error::ENOTDIR | nix::Error::ELOOP) => Err(Error::new(&path, Problem::NotADirectory)),
        Err(error) => Err(Error::io(&path, error)),
    }
}

/// Makes a new file of mode 0600 for the user who owns its directory.
///
/// # Errors
/// [`Error`], also for an existing file.
pub fn create_in(path: &Path) -> Result<File, Error> {
    let End::Entry(directory, name) = walk(path, Rule::OneOwner)? else {
        return Err(Error::new(path, Problem::NotAFile));
    };
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A directory that only this user can write to. Unlike one below /tmp, it is reached through such directories alone.
    fn place() -> tempfile::TempDir {
        tempfile::tempdir_in("/run").unwrap()
    }

    #[test]
    fn r68_only_the_last_directory_may_be_writable_by_others() {
        if !geteuid().is_root() {
            return;
        }
        let place = place();
        let spool = place.path().join("spool");
        create_dir(&spool).unwrap();
        set_permissions(&spool, Permissions::from_mode(0o2777)).unwrap();
        assert_eq!(open_among_others(&spool).unwrap().unwrap().path, spool);
        create_dir(spool.join("below")).unwrap();
        let error = open_among_others(&spool.join("below")).unwrap_err();
        assert!(matches!(error.problem, Problem::Writable(_)) && error.path == spool, "{error}");
        // Sticky: nobody can replace the names of others there, but anybody could have made this one.
        set_permissions(&spool, Permissions::from_mode(0o1777)).unwrap();
        assert!(matches!(open_among_others(&spool.join("below")).unwrap_err().problem, Problem::Writable(_)));
        assert!(matches!(open_among_others(&spool.join("none")).unwrap_err().problem, Problem::Writable(_)));
        nix::unistd::chown(&spool, Some(Uid::from_raw(1)), None).unwrap();
        assert!(matches!(open_among_others(&spool.join("below")).unwrap_err().problem, Problem::Owner(1, 0)));
        let link = place.path().join("link");
        symlink(Path::new("..").join(place.path().file_name().unwrap()).join("spool"), &link).unwrap();
        assert_eq!(open_among_others(&link).unwrap().unwrap().path, spool);
    }

    #[test]
    fn a_missing_directory_is_none_and_a_file_is_an_error() {
        if !geteuid().is_root() {
            return;
        }
        let place = place();
        for missing in ["none", "none/below"] {
            assert!(open_among_others(&place.path().join(missing)).unwrap().is_none(), "{missing}");
        }
        write(place.path().join("file"), "").unwrap();
        let error = open_among_others(&place.path().join("file")).unwrap_err();
        assert!(matches!(error.problem, Problem::NotADirectory), "{error}");
        assert!(matches!(open_among_others(Path::new("run")).unwrap_err().problem, Problem::Path));
    }
}
