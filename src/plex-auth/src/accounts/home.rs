//! Homes that outlive their account: renamed within their directory and given to root, without a step into the tree, where
//! everything is the former user's.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::fstat;
use rustix::io::Errno;

use super::directory::{Directory, is_directory};
use system::accounts::PasswdLine;

/// A home that can be set aside.
pub(crate) struct Home {
    parent: Directory,
    opened: OwnedFd,
    name: OsString,
    /// Whose files are in it, by user id.
    pub uid: u32,
}

impl Home {
    /// The home at a path, if there is one; nothing is changed. `owner` is whose it must be: one account, or one that is
    /// there no more.
    ///
    /// # Errors
    /// Why root cannot be sure what would be set aside.
    pub(crate) fn find(path: &str, owner: Option<&str>, accounts: &[PasswdLine]) -> Result<Option<Self>, String> {
        let shown = protocol::printable(path, 200);
        let path = Path::new(path);
        let (Some(above), Some(name), true) = (path.parent(), path.file_name(), is_plain(path)) else {
            return Err(format!("'{shown}' is no home"));
        };
        if let Some(other) = accounts.iter().find(|other| owner != Some(&other.name) && is_in(path, &other.home)) {
            return Err(format!("{} has its home there too, at {}", other.name, protocol::printable(&other.home, 200)));
        }
        let Some(parent) = Directory::open(above)? else { return Ok(None) };
        parent.must_be_roots()?;
        if parent.stat(name)?.is_none() {
            return Ok(None);
        }
        let opened = parent.open_name(name).map_err(|error| match error {
            Errno::LOOP => format!("{shown} is a symbolic link"),
            error => format!("{shown} cannot be opened: {error}"),
        })?;
        let failed = |error: Errno| format!("{shown}: {error}");
        let (about, around) = (fstat(&opened).map_err(failed)?, parent.about().map_err(failed)?);
        if !is_directory(about.st_mode) {
            return Err(format!("{shown} is no directory"));
        }
        if about.st_dev != around.st_dev || is_mount_point(&parent.path.join(name)) {
            return Err(format!("{shown} is a mount point, with a file system of its own"));
        }
        let owners = accounts.iter().filter(|account| account.uid == about.st_uid);
        match (owner, owners.map(|account| account.name.as_str()).collect::<Vec<_>>().as_slice()) {
            (Some(owner), [only]) if *only == owner => {}
            (Some(_), _) => return Err(format!("{shown} belongs to another user, by id {}", about.st_uid)),
            (None, [] | ["root"]) => {}
            (None, [other, ..]) => return Err(format!("{shown} belongs to {other}")),
        }
        Ok(Some(Self { parent, opened, name: name.to_owned(), uid: about.st_uid }))
    }

    /// Sets it aside, as root's alone, and says where it is now.
    ///
    /// # Errors
    /// When it cannot be done; it is as it was then.
    pub(crate) fn set_aside(&self, account: &str) -> Result<PathBuf, String> {
        self.parent.set_aside(&self.name, &self.opened, account, self.uid)
    }
}

/// Absolute, below the root, and without `.` and `..`.
fn is_plain(path: &Path) -> bool {
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.all(|component| matches!(component, Component::Normal(_)))
}

/// Whether an account's home is this directory or below it.
fn is_in(directory: &Path, home: &str) -> bool {
    Path::new(home).starts_with(directory)
}

/// A directory that is mounted within its own file system looks like any other. Where the kernel does not say, a rename
/// refuses it.
fn is_mount_point(path: &Path) -> bool {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return false };
    let escaped = path.to_string_lossy().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_of_a_home_is_none() {
        for path in ["/", "", "home/a", "/home/../a", "."] {
            assert!(Home::find(path, Some("a"), &[]).is_err(), "{path}");
        }
    }

    #[test]
    fn a_home_that_another_account_lives_in_is_found() {
        let home = Path::new("/home/a");
        assert!(is_in(home, "/home/a") && is_in(home, "/home/a/") && is_in(home, "/home/a/b"));
        assert!(!is_in(home, "/home/ab") && !is_in(home, "/home"));
    }
}
