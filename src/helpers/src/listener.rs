//! The socket: systemd's, or our own. The kernel lets root and plex-authd's group reach it; who asks is checked again.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use listenfd::ListenFd;
use nix::unistd::{Gid, ROOT, chown};

/// A socket, and whether it is systemd's, which starts the service again when somebody asks.
pub(crate) struct Listener {
    pub socket: UnixListener,
    pub passed: bool,
}

/// Takes the socket that systemd passes, or makes one at `path` for a group.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn open(path: &Path, group: Gid) -> Result<Listener, String> {
    let passed = ListenFd::from_env().take_unix_listener(0).map_err(|error| format!("the passed socket: {error}"))?;
    let listener = match passed {
        Some(socket) => Listener { socket, passed: true },
        None => Listener { socket: bind(path, group)?, passed: false },
    };
    listener.socket.set_nonblocking(true).map_err(|error| format!("the socket: {error}"))?;
    Ok(listener)
}

fn bind(path: &Path, group: Gid) -> Result<UnixListener, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be listened on: {error}", path.display());
    let (true, Some(directory)) = (path.is_absolute(), path.parent()) else {
        return Err(format!("{}: the socket must be an absolute path", path.display()));
    };
    // Everything below is done by path, so it must be a path that nobody but root can change.
    system::prepare_own(directory, 0o755).map_err(|error| match error.fix() {
        Some(fix) => format!("{error}; {fix}"),
        None => error.to_string(),
    })?;
    let socket = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if UnixStream::connect(path).is_ok() {
                return Err(format!("{}: another process is listening there", path.display()));
            }
            fs::remove_file(path).map_err(failed)?;
            UnixListener::bind(path).map_err(failed)?
        }
        other => other.map_err(failed)?,
    };
    chown(path, Some(ROOT), Some(group)).map_err(|error| failed(error.into()))?;
    fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(socket)
}
