//! Homes of removed accounts: renamed within their directory and given to root. The tree below, which the former user
//! controlled, is never entered.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::fstat;
use rustix::io::Errno;

use super::directory::{Directory, is_directory};
use super::file_error::FileError;
use super::mounts;
use system::accounts::PasswdLine;

/// Expected owner of a home.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// The account with this name.
    Account(&'a str),
    /// root, for the account for files with this name and user id.
    RootFor(&'a str, u32),
    /// No existing account.
    Nobody,
}

impl<'a> Owner<'a> {
    /// The account whose home it is.
    fn account(self) -> Option<&'a str> {
        match self {
            Self::Account(name) | Self::RootFor(name, _) => Some(name),
            Self::Nobody => None,
        }
    }
}

/// A home that can be set aside.
pub(crate) struct Home {
    parent: Directory,
    opened: OwnedFd,
    name: OsString,
    /// User id of the account that it belonged to.
    pub uid: u32,
}

impl Home {
    /// Finds the home at a path; `None` if there is none. Nothing is changed. Its owner must be the expected
    /// one.
    ///
    /// # Errors
    /// [`FileError`] if the directory cannot be identified with certainty.
    pub(crate) fn find(path: &str, owner: Owner, accounts: &[PasswdLine]) -> Result<Option<Self>, FileError> {
        let shown = protocol::printable(path, 200);
        let path = Path::new(path);
        let (Some(above), Some(name), true) = (path.parent(), path.file_name(), is_plain(path)) else {
            return Err(FileError::NotAHome(shown));
        };
        if let Some(other) =
            accounts.iter().find(|other| owner.account() != Some(&other.name) && is_in(path, &other.home))
        {
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
        // A bind mount from the same file system is hidden from `stat`. Without `/proc`, the rename fails instead.
        if about.st_dev != around.st_dev || mounts::at(&parent.path.join(name)).is_some() {
            return Err(FileError::MountedHome(shown));
        }
        // The owner's media would be deleted with it.
        if matches!(owner, Owner::RootFor(..))
            && let Some(mounted) = mounts::below(&parent.path.join(name))
        {
            return Err(FileError::MountInHome(mounted));
        }
        let owners = accounts.iter().filter(|account| account.uid == about.st_uid);
        let uid = if let Owner::RootFor(_, uid) = owner { uid } else { about.st_uid };
        match (owner, owners.map(|account| account.name.as_str()).collect::<Vec<_>>().as_slice()) {
            (Owner::Account(owner), [only]) if *only == owner => {}
            (Owner::RootFor(..), _) if about.st_uid == 0 && about.st_mode & 0o022 == 0 => {}
            (Owner::Account(_) | Owner::RootFor(..), _) => return Err(FileError::ForeignHome(shown, about.st_uid)),
            (Owner::Nobody, [] | ["root"]) => {}
            (Owner::Nobody, [other, ..]) => return Err(FileError::OccupiedHome(shown, (*other).to_owned())),
        }
        Ok(Some(Self { parent, opened, name: name.to_owned(), uid }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_cannot_be_a_home_are_rejected() {
        for path in ["/", "", "home/a", "/home/../a", "."] {
            assert!(Home::find(path, Owner::Account("a"), &[]).is_err(), "{path}");
        }
    }

    #[test]
    fn a_home_of_another_account_at_or_below_the_path_is_detected() {
        let home = Path::new("/home/a");
        assert!(is_in(home, "/home/a") && is_in(home, "/home/a/") && is_in(home, "/home/a/b"));
        assert!(!is_in(home, "/home/ab") && !is_in(home, "/home"));
    }
}
