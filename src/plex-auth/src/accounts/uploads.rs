//! Directories of accounts for files. Each account has a chroot of root's, which is also its home, with a folder to upload to.
//! Nothing in the home itself is the friend's: systemd starts what a user has in `~/.config`, and mail servers run what is in
//! `~/.forward`, outside of the chroot.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User};
use system::accounts;

use super::created;
use super::purpose::FilesPlace;
use crate::error::Error;

/// Folder of an account's chroot that it can write to.
pub(crate) const UPLOAD: &str = "upload";

/// Folder of an account's chroot that shows the owner's media.
pub(crate) const MEDIA: &str = "media";

/// Checks that accounts can have their directories in this place; nothing is changed.
///
/// # Errors
/// A user other than root could change the place, or the media directory is none.
pub(crate) fn check(place: &FilesPlace) -> Result<(), Error> {
    let nearest = place.uploads.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    // Only directories of root's are above the result.
    system::open_among_others(&nearest.join(".plex-auth"))?;
    if !nearest.is_dir() {
        return Err(Error::new(format!("{} is no directory", nearest.display())));
    }
    match &place.media {
        Some(media) if !media.is_dir() => Err(Error::new(format!("{} is no directory", media.display()))),
        _ => Ok(()),
    }
}

/// Creates the directory that has all accounts' chroots.
///
/// # Errors
/// It cannot be created, or a user other than root could change it.
pub(crate) fn prepare(uploads: &Path) -> Result<(), Error> {
    system::prepare_own(uploads, 0o755).map_err(Error::from)
}

/// Creates an account's chroot with its upload folder, which is for the account alone. Nothing may be at its path.
///
/// # Errors
/// A directory cannot be created, or a user other than root could change the place. Created directories are removed again.
pub(super) fn create(home: &Path, uid: u32, gid: u32) -> Result<(), Error> {
    if let Some(uploads) = home.parent() {
        prepare(uploads)?;
    }
    let upload = home.join(UPLOAD);
    if home.symlink_metadata().is_ok() {
        return Err(Error::new(format!("{} exists already", home.display())));
    }
    let made = system::prepare_own(home, 0o755)
        .and_then(|()| system::prepare(&upload, 0o700, Uid::from_raw(uid), Gid::from_raw(gid)));
    made.map_err(Error::from).and_then(|()| is_theirs(&upload, uid)).inspect_err(|_| remove_empty(home))
}

fn is_theirs(upload: &Path, uid: u32) -> Result<(), Error> {
    let about = upload.symlink_metadata().map_err(|error| Error::new(format!("{}: {error}", upload.display())))?;
    let is_theirs = about.is_dir() && about.uid() == uid && about.mode() & 0o7777 == 0o700;
    if is_theirs { Ok(()) } else { Err(Error::new(format!("{} could not be created", upload.display()))) }
}

/// Removes an account's directories where they are empty.
pub(super) fn remove_empty(home: &Path) {
    for path in [home.join(UPLOAD), home.join(MEDIA), home.to_owned()] {
        let _ = fs::remove_dir(path);
    }
}

/// True if plex-auth created this account, and for files.
///
/// # Errors
/// The account database, or the list of created accounts, cannot be read.
pub(crate) fn is_for_files(user: &User) -> Result<bool, Error> {
    let Some(group) = accounts::group(config::FILES_GROUP)? else { return Ok(false) };
    Ok(created::is_ours(&user.name, user.uid.as_raw())? && accounts::is_member(user, &group)?)
}

/// All accounts that plex-auth created for files.
///
/// # Errors
/// As [`is_for_files`].
pub(crate) fn all() -> Result<Vec<User>, Error> {
    let mut all = Vec::new();
    for name in created::read()?.into_keys() {
        if let Some(user) = accounts::user(&name)?
            && is_for_files(&user)?
        {
            all.push(user);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn place() -> Option<tempfile::TempDir> {
        let place = nix::unistd::geteuid().is_root().then(|| tempfile::tempdir_in("/run").unwrap())?;
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Some(place)
    }

    #[test]
    fn r82_home_is_roots_and_only_the_upload_folder_is_the_accounts() {
        let Some(place) = place() else { return };
        let home = place.path().join("up/al");
        create(&home, 4711, 4712).unwrap();
        let about = |path: &Path| {
            let about = fs::metadata(path).unwrap();
            (about.uid(), about.gid(), about.mode() & 0o7777)
        };
        assert_eq!(about(&home), (0, 0, 0o755));
        assert_eq!(about(&home.join(UPLOAD)), (4711, 4712, 0o700));
        assert!(create(&home, 4711, 4712).unwrap_err().to_string().contains("exists already"));
        remove_empty(&home);
        assert!(!home.exists());
    }

    #[test]
    fn r67_place_that_others_can_change_is_refused_and_nothing_is_made() {
        let Some(place) = place() else { return };
        let files = |uploads: &Path| FilesPlace { uploads: uploads.to_owned(), media: None };
        let open = place.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        let theirs = place.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        std::os::unix::fs::chown(&theirs, Some(4711), None).unwrap();
        symlink("/etc", place.path().join("link")).unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        for bad in [open.join("up"), theirs.join("up"), open.clone(), theirs.clone(), place.path().join("file/up")] {
            assert!(check(&files(&bad)).is_err(), "{}", bad.display());
            assert!(create(&bad.join("al"), 4711, 4712).is_err(), "{}", bad.display());
            assert!(!bad.join("al").exists());
        }
        symlink("/etc", place.path().join("al")).unwrap();
        assert!(create(&place.path().join("al"), 4711, 4712).is_err() && !Path::new("/etc/upload").exists());
        assert!(check(&files(&place.path().join("new/up"))).is_ok());
    }
}
