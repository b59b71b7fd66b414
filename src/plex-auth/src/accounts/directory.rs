//! Directories by descriptor, opened from `/` one component at a time, so that only root can determine where a path leads.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, openat, renameat, statat};
use rustix::io::Errno;
use system::{OpenDirectory, Problem};

use super::file_error::FileError;

/// Most attempts to find a free name for a file that is set aside.
const TRIES: u32 = 1000;

/// An open directory.
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Its path, without symbolic links.
    pub path: PathBuf,
}

impl Directory {
    /// Opens a directory; `None` if it does not exist.
    ///
    /// # Errors
    /// [`FileError`], also if a user other than root could change where the path leads.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, FileError> {
        match system::open_among_others(path) {
            Ok(opened) => Ok(opened.map(|OpenDirectory { fd, path }| Self { fd, path })),
            Err(error) => Err(match error.problem {
                Problem::Owner(owner, _) => FileError::Owner(error.path, owner),
                Problem::Writable(_) => FileError::Writable(error.path),
                _ => FileError::Unsafe(error),
            }),
        }
    }

    /// Metadata of the directory itself.
    ///
    /// # Errors
    /// As the kernel.
    pub(crate) fn about(&self) -> Result<rustix::fs::Stat, Errno> {
        fstat(&self.fd)
    }

    /// Metadata of an entry, without following a link; `None` if it does not exist.
    ///
    /// # Errors
    /// [`FileError::Io`]
    pub(crate) fn stat(&self, name: &OsStr) -> Result<Option<rustix::fs::Stat>, FileError> {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(FileError::Io(self.path.join(name), error)),
        }
    }

    /// Opens an entry that is no link, without blocking.
    ///
    /// # Errors
    /// As the kernel; [`Errno::LOOP`] for a link.
    pub(crate) fn open_name(&self, name: &OsStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        openat(&self.fd, name, flags, Mode::empty())
    }

    /// Removes an entry that is no directory. Links are not followed.
    ///
    /// # Errors
    /// [`FileError::Io`]
    pub(crate) fn unlink(&self, name: &OsStr) -> Result<(), FileError> {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()).map_err(FileError::io(&self.path.join(name)))
    }

    /// Names of the entries.
    ///
    /// # Errors
    /// [`FileError::Io`]
    pub(crate) fn names(&self) -> Result<Vec<OsString>, FileError> {
        let failed = FileError::io(&self.path);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(&failed)? {
            names.push(OsString::from_vec(entry.map_err(&failed)?.file_name().to_bytes().to_vec()));
        }
        names.retain(|name| name != "." && name != "..");
        Ok(names)
    }

    /// Checks that only root can change entries.
    ///
    /// # Errors
    /// [`FileError::Writable`], [`FileError::Owner`]
    pub(crate) fn must_be_roots(&self) -> Result<(), FileError> {
        let stat = fstat(&self.fd).map_err(FileError::io(&self.path))?;
        match stat.st_uid {
            0 if stat.st_mode & 0o022 == 0 => Ok(()),
            0 => Err(FileError::Writable(self.path.clone())),
            uid => Err(FileError::Owner(self.path.clone(), uid)),
        }
    }

    /// Renames the entry that `opened` is, under this name, to a name for root, and makes it accessible to root alone. Nothing
    /// below it is changed. Returns the new path.
    ///
    /// # Errors
    /// [`FileError`]; the entry keeps its name then.
    pub(crate) fn set_aside(
        &self,
        name: &OsStr,
        opened: &OwnedFd,
        account: &str,
        uid: u32,
    ) -> Result<PathBuf, FileError> {
        let path = self.path.join(name);
        let failed = FileError::io(&path);
        let about = fstat(opened).map_err(&failed)?;
        let to = self.free_name(account, uid)?;
        renameat(&self.fd, name, &self.fd, &to).map_err(|error| match error {
            Errno::BUSY => FileError::Busy(path.clone()),
            error => failed(error),
        })?;
        let is_it = statat(&self.fd, &to, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|moved| (moved.st_dev, moved.st_ino) == (about.st_dev, about.st_ino));
        let mode = if is_directory(about.st_mode) { Mode::RWXU } else { Mode::RUSR | Mode::WUSR };
        let owned = if is_it { fchown(opened, Some(Uid::ROOT), Some(Gid::ROOT)) } else { Err(Errno::AGAIN) };
        match owned.and_then(|()| fchmod(opened, mode)) {
            Ok(()) => Ok(self.path.join(to)),
            Err(error) => {
                let _ = renameat(&self.fd, &to, &self.fd, name);
                Err(failed(error))
            }
        }
    }

    fn free_name(&self, account: &str, uid: u32) -> Result<OsString, FileError> {
        let plain = format!(".removed-{account}-{uid}");
        let names = std::iter::once(plain.clone()).chain((2..TRIES).map(|number| format!("{plain}-{number}")));
        for name in names.map(OsString::from) {
            if self.stat(&name)?.is_none() {
                return Ok(name);
            }
        }
        Err(FileError::NoFreeName(self.path.join(plain), TRIES))
    }
}

/// Tests whether this mode is a directory's.
pub(crate) fn is_directory(mode: u32) -> bool {
    rustix::fs::FileType::from_raw_mode(mode).is_dir()
}
