//! The socket: systemd's, or our own.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use nix::unistd::User;

use crate::privileges;

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

/// Takes the socket that systemd passes, or makes one at `path`.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn open(path: &Path, user: Option<&User>) -> Result<Listener, String> {
    let passed = ListenFd::from_env().take_unix_listener(0).map_err(|error| format!("the passed socket: {error}"))?;
    let listener = match passed {
        Some(socket) => Listener { socket, file: None },
        None => bind(path, user)?,
    };
    listener.socket.set_nonblocking(true).map_err(|error| format!("the socket: {error}"))?;
    Ok(listener)
}

fn bind(path: &Path, user: Option<&User>) -> Result<Listener, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be listened on: {error}", path.display());
    let (true, Some(directory)) = (path.is_absolute(), path.parent()) else {
        return Err(format!("{}: the socket must be an absolute path", path.display()));
    };
    privileges::directory(directory, 0o755, user)?;
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
    if let Some(user) = user {
        nix::unistd::chown(path, Some(user.uid), Some(user.gid)).map_err(|error| failed(error.into()))?;
    }
    Ok(Listener { socket, file: Some(path.to_owned()) })
}
