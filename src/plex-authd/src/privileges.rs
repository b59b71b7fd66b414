//! The user that the daemon runs as, and the directories that only this user may change.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use nix::unistd::{User, geteuid};
use system::listener::{self, Listener};
use system::privileges::daemon_user;

use crate::error::Error;

/// Mode of the state directory.
pub(crate) const STATE_DIRECTORY: u32 = 0o700;

/// The mode of the directory of the socket, through which everybody may go.
pub(crate) const SOCKET_DIRECTORY: u32 = 0o755;

/// The user to become, or `None` when the daemon was started as an ordinary one.
///
/// # Errors
/// [`Error::System`]: root without `--user`. [`Error::Privileges`]: a user that does not exist or is root.
pub(crate) fn intended(name: Option<&str>) -> Result<Option<User>, Error> {
    match (geteuid().is_root(), name) {
        (true, None) => {
            Err(Error::System("refuses to run as root; add --user plex-auth, or start it as the user plex-auth".into()))
        }
        (false, None) => Ok(None),
        (false, Some(_)) => {
            Err(Error::System("--user needs root; leave it away when starting as the user itself".into()))
        }
        (true, Some(name)) => Ok(Some(daemon_user(name)?)),
    }
}

/// Makes a directory for the user to become, as root, and only where root alone can write: there no process of that user
/// can put anything else in its place. An existing one is not changed.
///
/// # Errors
/// A sentence for the log. The user may still be able to make the directory.
pub(crate) fn prepare(path: &Path, mode: u32, user: &User) -> Result<(), String> {
    system::prepare(path, mode, user.uid, user.gid).map_err(|error| match error.fix() {
        Some(fix) => format!("{error}; {fix}"),
        None => error.to_string(),
    })
}

/// Makes a directory as the user that the daemon runs as, and checks that only this user and root can change its content. An
/// existing one is not changed.
///
/// # Errors
/// A sentence for the administrator, with the command that fixes it.
pub(crate) fn directory(path: &Path, mode: u32) -> Result<Metadata, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be made: {error}", path.display());
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(mode).create(path).map_err(failed)?;
        // The umask was applied to this mode.
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    }
    let about = fs::metadata(path).map_err(failed)?;
    if ![0, geteuid().as_raw()].contains(&about.uid()) {
        let what = format!("belongs to uid {}, who could change what the daemon keeps there", about.uid());
        return Err(format!("{}: {what}; {}", path.display(), give(path)));
    }
    if about.mode() & 0o022 != 0 {
        let what = format!("has mode {:04o}: others could change what the daemon keeps there", about.mode() & 0o7777);
        return Err(format!("{0}: {what}; run: chmod go-w {0}", path.display()));
    }
    Ok(about)
}

/// The command that gives a directory to the user that the daemon runs as.
fn give(path: &Path) -> String {
    let user = User::from_uid(geteuid()).ok().flatten().map_or_else(|| geteuid().to_string(), |user| user.name);
    format!("run: chown {user}: {}", path.display())
}

/// The socket: systemd's, or one in a directory of the daemon's own user. Every user may connect; the caller is checked for
/// each connection.
///
/// # Errors
/// [`Error::Listener`], and [`Error::System`] for a directory that another user can change.
pub(crate) fn listen(passed: Option<Listener>, path: &Path) -> Result<Listener, Error> {
    if let Some(listener) = passed {
        return Ok(listener);
    }
    let parent = listener::directory(path)?;
    if directory(parent, SOCKET_DIRECTORY)?.uid() != geteuid().as_raw() {
        let what = "belongs to root, but the daemon makes its socket there as its own user";
        return Err(Error::System(format!("{}: {what}; {}", parent.display(), give(parent))));
    }
    Ok(Listener::bind(path, 0o666, None)?)
}
