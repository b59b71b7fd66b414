//! The socket of a service: systemd's, or one that the service makes itself.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, chown};

/// A listening socket, which does not block.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    /// The socket's file, removed at the end; `None` for systemd's socket.
    file: Option<PathBuf>,
}

/// A socket was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// systemd passed something else than one listening socket, or the socket was not taken over.
    #[error("the passed socket: {0}")]
    Passed(io::Error),
    /// The path is relative, or names no file.
    #[error("{}: the socket must be an absolute path", .0.display())]
    Path(PathBuf),
    /// Another process listens there.
    #[error("{}: another process is listening there", .0.display())]
    Taken(PathBuf),
    /// The socket could not be made at this path.
    #[error("{}: cannot be listened on: {}", .0.display(), .1)]
    Bind(PathBuf, io::Error),
    /// The socket could not be set to non-blocking mode.
    #[error("the socket: {0}")]
    NonBlocking(io::Error),
}

impl Listener {
    /// systemd's socket.
    pub(crate) fn passed(socket: UnixListener) -> Result<Self, Error> {
        Self::new(socket, None)
    }

    /// Makes a socket of this mode and group. Everything is done by path, so only this process may be able to change the
    /// [`directory`]. The file of a process that was killed is replaced.
    ///
    /// # Errors
    /// [`Error::Taken`], [`Error::Bind`], [`Error::NonBlocking`]
    pub fn bind(path: &Path, mode: u32, group: Option<Gid>) -> Result<Self, Error> {
        let failed = |error| Error::Bind(path.to_owned(), error);
        let socket = match UnixListener::bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                if UnixStream::connect(path).is_ok() {
                    return Err(Error::Taken(path.to_owned()));
                }
                fs::remove_file(path).map_err(failed)?;
                UnixListener::bind(path).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        let listener = Self::new(socket, Some(path.to_owned()))?;
        if group.is_some() {
            chown(path, None, group).map_err(|error| failed(error.into()))?;
        }
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
        Ok(listener)
    }

    fn new(socket: UnixListener, file: Option<PathBuf>) -> Result<Self, Error> {
        socket.set_nonblocking(true).map_err(Error::NonBlocking)?;
        Ok(Self { socket, file })
    }

    /// The socket to accept from.
    #[must_use]
    pub fn socket(&self) -> &UnixListener {
        &self.socket
    }

    /// The socket is systemd's, which starts the service again for the next connection.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.file.is_none()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // If that fails, the next start finds a stale socket and replaces it.
            let _ = fs::remove_file(file);
        }
    }
}

/// The directory of a socket's path.
///
/// # Errors
/// [`Error::Path`]
pub fn directory(path: &Path) -> Result<&Path, Error> {
    path.parent().filter(|_| path.is_absolute()).ok_or_else(|| Error::Path(path.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_one_in_use_is_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        // A socket whose process was killed: its file is left.
        drop(UnixListener::bind(&path).unwrap());
        let listener = Listener::bind(&path, 0o660, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(!listener.is_passed());
        assert!(matches!(Listener::bind(&path, 0o666, None), Err(Error::Taken(_))));
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_needs_an_absolute_path_of_a_file() {
        assert_eq!(directory(Path::new("/run/x/socket")).unwrap(), Path::new("/run/x"));
        for path in ["socket", "run/socket", "/", ""] {
            assert!(matches!(directory(Path::new(path)), Err(Error::Path(_))), "{path}");
        }
    }
}
