//! Checks before the first question that the file can be written at the end.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{AccessFlags, User, access, geteuid};
use system::accounts;

use crate::config_file::write::GROUP;
use crate::error::Error;

/// The package's declaration of the daemon's user.
const SYSUSERS: &str = "/usr/lib/sysusers.d/plex-auth.conf";

/// Checks that the file can be written.
///
/// # Errors
/// The caller is not root, the daemon's user is missing, or the directory is not writable.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    if !geteuid().is_root() {
        return Err(Error::new(format!("only root may write {}", path.display())).hint("run: sudo plex-auth setup"));
    }
    let unreadable = |why: &str| Error::new(format!("the user plex-auth cannot be looked up: {why}"));
    let user = User::from_name("plex-auth").map_err(|error| unreadable(error.desc()))?;
    if user.is_none() || !accounts::group_exists(GROUP)? {
        let hint = if Path::new(SYSUSERS).exists() {
            "run: systemd-sysusers plex-auth.conf"
        } else {
            "run: useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plex-auth"
        };
        return Err(Error::new("there is no user and group plex-auth, as which plex-authd runs").hint(hint));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    access(directory, AccessFlags::W_OK).map_err(|error| {
        let failure = Error::new(format!("nothing can be written to {}: {}", directory.display(), error.desc()));
        match error {
            Errno::EROFS => failure.hint(format!("make it writable: mount -o remount,rw {}", directory.display())),
            Errno::ENOENT => failure.hint(format!("create it: mkdir -p {}", directory.display())),
            _ => failure,
        }
    })
}
