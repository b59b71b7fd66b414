//! Directories by descriptor: entries are checked, removed and set aside without following a path again.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, openat, renameat, statat};
use rustix::io::Errno;
use system::{OpenDirectory, Problem};

/// How often a name may be taken that something is set aside under.
const TRIES: u32 = 1000;

/// An open directory.
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Where it is, without any symbolic link.
    pub path: PathBuf,
}

impl Directory {
    /// Opens one. Nothing comes back when it is not there.
    ///
    /// # Errors
    /// When another user than root could change where the path leads to, or when it cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, String> {
        match system::open_among_others(path) {
            Ok(opened) => Ok(opened.map(|OpenDirectory { fd, path }| Self { fd, path })),
            Err(error) => Err(match error.problem {
                Problem::Owner(owner, _) => others_can_write(&error.path, owner),
                Problem::Writable(_) => others_can_write(&error.path, 0),
                _ => error.to_string(),
            }),
        }
    }

    /// What it is itself.
    ///
    /// # Errors
    /// When the kernel cannot say.
    pub(crate) fn about(&self) -> Result<rustix::fs::Stat, Errno> {
        fstat(&self.fd)
    }

    /// What a name in it is, without following a link. Nothing comes back when it is not there.
    ///
    /// # Errors
    /// When the kernel cannot say.
    pub(crate) fn stat(&self, name: &OsStr) -> Result<Option<rustix::fs::Stat>, String> {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(format!("{}: {error}", self.path.join(name).display())),
        }
    }

    /// Opens a name in it that is no link, and waits for nothing while it does.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn open_name(&self, name: &OsStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        openat(&self.fd, name, flags, Mode::empty())
    }

    /// Removes a name that is no directory. A link goes, and what it leads to stays.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn unlink(&self, name: &OsStr) -> Result<(), String> {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())
            .map_err(|error| format!("{}: {error}", self.path.join(name).display()))
    }

    /// The names in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<OsString>, String> {
        let failed = |error: Errno| format!("{}: {error}", self.path.display());
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(failed)? {
            names.push(OsString::from_vec(entry.map_err(failed)?.file_name().to_bytes().to_vec()));
        }
        names.retain(|name| name != "." && name != "..");
        Ok(names)
    }

    /// Makes sure that only root can change names in it.
    ///
    /// # Errors
    /// When others can.
    pub(crate) fn must_be_roots(&self) -> Result<(), String> {
        let stat = fstat(&self.fd).map_err(|error| format!("{}: {error}", self.path.display()))?;
        if stat.st_uid == 0 && stat.st_mode & 0o022 == 0 {
            return Ok(());
        }
        Err(others_can_write(&self.path, stat.st_uid))
    }

    /// Gives what `opened` is, under this name, another name that only root uses, and makes it root's alone. Nothing below it
    /// is touched. Returns the new path.
    ///
    /// # Errors
    /// When it cannot be done; the name is as it was then.
    pub(crate) fn set_aside(&self, name: &OsStr, opened: &OwnedFd, account: &str, uid: u32) -> Result<PathBuf, String> {
        let path = self.path.join(name);
        let failed = |error: Errno| format!("{}: {error}", path.display());
        let about = fstat(opened).map_err(failed)?;
        let to = self.free_name(account, uid)?;
        renameat(&self.fd, name, &self.fd, &to).map_err(|error| match error {
            Errno::BUSY => format!("{} is a mount point, or in use by the kernel", path.display()),
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

    fn free_name(&self, account: &str, uid: u32) -> Result<OsString, String> {
        let plain = format!(".removed-{account}-{uid}");
        let names = std::iter::once(plain.clone()).chain((2..TRIES).map(|number| format!("{plain}-{number}")));
        for name in names.map(OsString::from) {
            if self.stat(&name)?.is_none() {
                return Ok(name);
            }
        }
        Err(format!("{} and {TRIES} further names are taken", self.path.join(plain).display()))
    }
}

/// Whether this mode is a directory's.
pub(crate) fn is_directory(mode: u32) -> bool {
    rustix::fs::FileType::from_raw_mode(mode).is_dir()
}

fn others_can_write(path: &Path, owner: u32) -> String {
    let path = path.display();
    let why = if owner == 0 {
        format!("if that is not meant: chmod go-w {path}")
    } else {
        format!("it belongs to user id {owner}")
    };
    format!("others can write to {path} ({why})")
}
