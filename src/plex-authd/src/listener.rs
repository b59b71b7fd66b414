//! The socket: systemd's, or our own.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use nix::unistd::geteuid;

use crate::privileges;

/// The mode of the directory that the socket is in: everybody may go through it.
pub(crate) const DIRECTORY: u32 = 0o755;

/// A socket that logins can reach. Its own file goes with it.
pub(crate) struct Listener {
    /// What to accept from.
    pub socket: UnixListener,
    /// The file that was made for it, when it is not systemd's.
    file: Option<PathBuf>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // Whoever comes next finds a stale socket and removes it.
            let _ = fs::remove_file(file);
        }
    }
}

/// The socket that systemd passes, if it does.
///
/// # Errors
/// What was passed is not a socket.
pub(crate) fn passed() -> Result<Option<UnixListener>, String> {
    ListenFd::from_env().take_unix_listener(0).map_err(|error| format!("the passed socket: {error}"))
}

/// Takes the socket that was passed, or makes one at `path`, as the user that the daemon runs as.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn open(passed: Option<UnixListener>, path: &Path) -> Result<Listener, String> {
    let listener = match passed {
        Some(socket) => Listener { socket, file: None },
        None => bind(path)?,
    };
    listener.socket.set_nonblocking(true).map_err(|error| format!("the socket: {error}"))?;
    Ok(listener)
}

fn bind(path: &Path) -> Result<Listener, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be listened on: {error}", path.display());
    let (true, Some(directory)) = (path.is_absolute(), path.parent()) else {
        return Err(format!("{}: the socket must be an absolute path", path.display()));
    };
    let about = privileges::directory(directory, DIRECTORY)?;
    if about.uid() != geteuid().as_raw() {
        let what = "belongs to root, but the daemon makes its socket there as its own user";
        return Err(format!("{}: {what}; {}", directory.display(), privileges::give(directory)));
    }
    let socket = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if UnixStream::connect(path).is_ok() {
                return Err(format!("{}: another plex-authd is listening there", path.display()));
            }
            fs::remove_file(path).map_err(failed)?;
            UnixListener::bind(path).map_err(failed)?
        }
        other => other.map_err(failed)?,
    };
    // Anybody may ask; who asks is checked for every connection.
    fs::set_permissions(path, Permissions::from_mode(0o666)).map_err(failed)?;
    Ok(Listener { socket, file: Some(path.to_owned()) })
}
