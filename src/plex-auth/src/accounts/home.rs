//! Homes of removed accounts: renamed within their directory and given to root. The tree below, which the former user
//! controlled, is never entered.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::fstat;
use rustix::io::Errno;

use super::directory::{Directory, is_directory};
use super::file_error::FileError;
use system::accounts::PasswdLine;

/// A home that can be set aside.
pub(crate) struct Home {
    parent: Directory,
    opened: OwnedFd,
    name: OsString,
    /// User id of its owner.
    pub uid: u32,
}

impl Home {
    /// Finds the home at a path; `None` if there is none. Nothing is changed. It must belong to `owner`, or to no existing
    /// account.
    ///
    /// # Errors
    /// [`FileError`] if the directory cannot be identified with certainty.
    pub(crate) fn find(path: &str, owner: Option<&str>, accounts: &[PasswdLine]) -> Result<Option<Self>, FileError> {
        let shown = protocol::printable(path, 200);
        let path = Path::new(path);
        let (Some(above), Some(name), true) = (path.parent(), path.file_name(), is_plain(path)) else {
            return Err(FileError::NotAHome(shown));
        };
        if let Some(other) = accounts.iter().find(|other| owner != Some(&other.name) && is_in(path, &other.home)) {
            let home = protocol::printable(&other.home, 200);
            return Err(FileError::SharedHome { account: other.name.clone(), home });
        }
        let Some(parent) = Directory::open(above)? else { return Ok(None) };
        parent.must_be_roots()?;
        if parent.stat(name)?.is_none() {
            return Ok(None);
        }
        let opened = parent.open_name(name).map_err(|error| match error {
            Errno::LOOP => FileError::LinkedHome(shown.clone()),
            error => FileError::UnreadableHome(shown.clone(), error),
        })?;
        let failed = FileError::io(path);
        let (about, around) = (fstat(&opened).map_err(&failed)?, parent.about().map_err(&failed)?);
        if !is_directory(about.st_mode) {
            return Err(FileError::FileAsHome(shown));
        }
        if about.st_dev != around.st_dev || is_mount_point(&parent.path.join(name)) {
            return Err(FileError::MountedHome(shown));
        }
        let owners = accounts.iter().filter(|account| account.uid == about.st_uid);
        match (owner, owners.map(|account| account.name.as_str()).collect::<Vec<_>>().as_slice()) {
            (Some(owner), [only]) if *only == owner => {}
            (Some(_), _) => return Err(FileError::ForeignHome(shown, about.st_uid)),
            (None, [] | ["root"]) => {}
            (None, [other, ..]) => return Err(FileError::OccupiedHome(shown, (*other).to_owned())),
        }
        Ok(Some(Self { parent, opened, name: name.to_owned(), uid: about.st_uid }))
    }

    /// Sets the home aside, accessible to root alone, and returns its new path.
    ///
    /// # Errors
    /// [`FileError`]; the home is unchanged then.
    pub(crate) fn set_aside(&self, account: &str) -> Result<PathBuf, FileError> {
        self.parent.set_aside(&self.name, &self.opened, account, self.uid)
    }
}

/// Tests whether a path is absolute, below the root, and without `.` and `..`.
fn is_plain(path: &Path) -> bool {
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.all(|component| matches!(component, Component::Normal(_)))
}

/// Tests whether a home is this directory or below it.
fn is_in(directory: &Path, home: &str) -> bool {
    Path::new(home).starts_with(directory)
}

/// Tests for a mount point, which a bind mount from the same file system hides from `stat`. Without `/proc`, the rename fails
/// instead.
fn is_mount_point(path: &Path) -> bool {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return false };
    let escaped = path.to_string_lossy().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_cannot_be_a_home_are_rejected() {
        for path in ["/", "", "home/a", "/home/../a", "."] {
            assert!(Home::find(path, Some("a"), &[]).is_err(), "{path}");
        }
    }

    #[test]
    fn a_home_of_another_account_at_or_below_the_path_is_detected() {
        let home = Path::new("/home/a");
        assert!(is_in(home, "/home/a") && is_in(home, "/home/a/") && is_in(home, "/home/a/b"));
        assert!(!is_in(home, "/home/ab") && !is_in(home, "/home"));
    }
}
