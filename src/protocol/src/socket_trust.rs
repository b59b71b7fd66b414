//! Trust in a socket: the users who could have created it, and the one who listens.

use std::fmt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use crate::text::words;

/// The first user id that is not a system account (`SYS_UID_MAX` + 1 of login.defs everywhere this is packaged).
/// The daemon's account is a system account; a person's is never trusted with other people's passwords.
const FIRST_ORDINARY_UID: u32 = 1000;

/// Why a socket was not trusted.
#[derive(Debug)]
pub enum Untrusted {
    /// The path is relative or has `.` or `..` in it.
    Path(PathBuf),
    /// Something on the way cannot be looked at.
    Unreadable(PathBuf, std::io::Error),
    /// A part of the path is a link or not a directory.
    NotADirectory(PathBuf),
    /// A part of the path could be replaced by a user who is not trusted.
    Writable(PathBuf),
    /// The file is not a socket, or does not belong to the owner of its directory.
    Socket(PathBuf),
    /// The listening process is neither root's nor the directory owner's.
    Peer(u32),
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}: must be an absolute path without '..'", path.display()),
            Self::Unreadable(path, error) => write!(f, "{}: {}", path.display(), words(error)),
            Self::NotADirectory(path) => write!(f, "{}: is not a directory", path.display()),
            Self::Writable(path) => write!(
                f,
                "{}: can be changed by others; it must belong to root (the last directory: to root or the \
                 daemon's system account) and be writable by its owner only",
                path.display()
            ),
            Self::Socket(path) => {
                write!(f, "{}: is not a socket of root or of its directory's owner", path.display())
            }
            Self::Peer(uid) => write!(f, "the socket's other end runs as uid {uid}, not as root or plex-auth"),
        }
    }
}

impl std::error::Error for Untrusted {}

/// The user, other than root, who may listen on `socket`: the owner of the socket's directory.
///
/// Every directory above that one belongs to root and can be changed by root alone, so it was root who gave
/// the last directory to that account, and no one else can have put another socket in its place. This needs
/// no look-up of a name, which inside another program's process would read files and take locks.
///
/// # Errors
/// [`Untrusted`] with the part of the path that another user could change.
pub(crate) fn socket_owner(socket: &Path) -> Result<u32, Untrusted> {
    socket_owner_below(socket, None, 0)
}

/// [`socket_owner`] with a directory that is taken for granted and an account that plays root's part, so that
/// a test needs neither to be root nor to know who owns the directories above its own.
fn socket_owner_below(socket: &Path, granted: Option<&Path>, root: u32) -> Result<u32, Untrusted> {
    let plain = socket.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let (true, true, Some(directory)) = (socket.is_absolute(), plain, socket.parent()) else {
        return Err(Untrusted::Path(socket.to_owned()));
    };
    for above in directory.ancestors().skip(1).take_while(|above| Some(*above) != granted) {
        if directory_owner(above)? != root {
            return Err(Untrusted::Writable(above.to_owned()));
        }
    }
    let owner = directory_owner(directory)?;
    if owner >= FIRST_ORDINARY_UID && owner != root {
        return Err(Untrusted::Writable(directory.to_owned()));
    }
    let file = look(socket)?;
    let kept = [0, owner].contains(&file.uid());
    if !file.file_type().is_socket() || !kept {
        return Err(Untrusted::Socket(socket.to_owned()));
    }
    Ok(owner)
}

/// Owner of a directory that only its owner can write to.
fn directory_owner(path: &Path) -> Result<u32, Untrusted> {
    let directory = look(path)?;
    if !directory.is_dir() {
        return Err(Untrusted::NotADirectory(path.to_owned()));
    }
    if directory.mode() & 0o022 != 0 {
        return Err(Untrusted::Writable(path.to_owned()));
    }
    Ok(directory.uid())
}

fn look(path: &Path) -> Result<std::fs::Metadata, Untrusted> {
    std::fs::symlink_metadata(path).map_err(|error| Untrusted::Unreadable(path.to_owned(), error))
}

/// Accepts a listening process that may receive passwords: root's, or that of the directory's owner.
pub(crate) fn check_peer(peer: u32, owner: u32) -> Result<(), Untrusted> {
    if peer == 0 || peer == owner { Ok(()) } else { Err(Untrusted::Peer(peer)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A directory as /run is to root.
    fn run_directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        chmod(directory.path(), 0o755);
        directory
    }

    /// The owner of a socket somewhere below such a directory, with this user as root.
    fn owner_in(run: &tempfile::TempDir, socket: &Path) -> Result<u32, Untrusted> {
        socket_owner_below(socket, run.path().parent(), me(run.path()))
    }

    fn chmod(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn me(path: &Path) -> u32 {
        look(path).unwrap().uid()
    }

    #[test]
    fn r42_a_socket_below_directories_of_one_owner_is_trusted() {
        let run = run_directory();
        let path = run.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(owner_in(&run, &path).unwrap(), me(run.path()));
    }

    #[test]
    fn r42_a_path_that_others_may_write_is_refused() {
        let run = run_directory();
        let inner = run.path().join("plex-auth");
        create_dir(&inner).unwrap();
        let path = inner.join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        for (writable, mode) in [(run.path(), 0o777), (run.path(), 0o1777), (run.path(), 0o775), (&inner, 0o757)] {
            chmod(writable, mode);
            let refused = owner_in(&run, &path);
            assert!(matches!(refused, Err(Untrusted::Writable(_))), "{mode:o}: {refused:?}");
            chmod(writable, 0o755);
        }
        assert!(owner_in(&run, &path).is_ok());
    }

    #[test]
    fn r42_links_files_and_relative_paths_are_refused() {
        let run = run_directory();
        let real = run.path().join("real");
        create_dir(&real).unwrap();
        let _listener = UnixListener::bind(real.join("socket")).unwrap();
        symlink(&real, run.path().join("link")).unwrap();
        std::fs::write(real.join("file"), "").unwrap();
        let refused = |path: &Path| owner_in(&run, path).unwrap_err();
        assert!(matches!(refused(&run.path().join("link/socket")), Untrusted::NotADirectory(_)));
        assert!(matches!(refused(&real.join("file")), Untrusted::Socket(_)));
        assert!(matches!(refused(&real.join("none")), Untrusted::Unreadable(..)));
        assert!(matches!(refused(&real.join("../real/socket")), Untrusted::Path(_)));
        assert!(matches!(refused(Path::new("run/socket")), Untrusted::Path(_)));
    }

    #[test]
    fn r42_nothing_is_taken_for_granted_about_the_path_of_the_daemon() {
        assert!(matches!(socket_owner(Path::new("run/socket")), Err(Untrusted::Path(_))));
        let run = run_directory();
        let path = run.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        chmod(run.path(), 0o777);
        // Any user may write to one of the directories, whichever the test's directory is in.
        let refused = socket_owner(&path);
        assert!(matches!(refused, Err(Untrusted::Writable(_))), "{refused:?}");
    }

    #[test]
    fn r42_each_reason_is_a_sentence_with_the_path() {
        let path = || PathBuf::from("/run/x");
        let error = std::io::Error::from_raw_os_error(2);
        let said = |why: Untrusted| why.to_string();
        assert_eq!(said(Untrusted::Path(path())), "/run/x: must be an absolute path without '..'");
        assert_eq!(said(Untrusted::Unreadable(path(), error)), "/run/x: No such file or directory");
        assert_eq!(said(Untrusted::NotADirectory(path())), "/run/x: is not a directory");
        assert!(said(Untrusted::Writable(path())).starts_with("/run/x: can be changed by others; "));
        assert_eq!(said(Untrusted::Socket(path())), "/run/x: is not a socket of root or of its directory's owner");
        assert!(said(Untrusted::Peer(7)).ends_with("runs as uid 7, not as root or plex-auth"));
    }

    /// A directory with a socket, below a directory that is taken for granted.
    fn given_to(owner: u32, socket_owner: u32, kind: &str) -> (tempfile::TempDir, PathBuf) {
        use std::os::unix::fs::{chown, lchown};
        let run = run_directory();
        let path = run.path().join("socket");
        match kind {
            "socket" => drop(UnixListener::bind(&path).unwrap()),
            "file" => std::fs::write(&path, "").unwrap(),
            _ => symlink("/run/x", &path).unwrap(),
        }
        lchown(&path, Some(socket_owner), None).unwrap();
        chown(run.path(), Some(owner), None).unwrap();
        (run, path)
    }

    #[test]
    fn r42_the_last_directory_and_its_socket_belong_to_root_or_a_system_account() {
        if me(tempfile::tempdir().unwrap().path()) != 0 {
            // Only root can give files away.
            return;
        }
        let judged = |owner, socket_owner, kind| {
            let (run, path) = given_to(owner, socket_owner, kind);
            socket_owner_below(&path, run.path().parent(), 0)
        };
        for (owner, socket_owner) in [(0, 0), (990, 990), (990, 0), (1, 1), (999, 999)] {
            let trusted = judged(owner, socket_owner, "socket");
            assert!(matches!(trusted, Ok(found) if found == owner), "{owner} {socket_owner}: {trusted:?}");
        }
        for owner in [1000, 1001, 65_534] {
            for socket_owner in [owner, 0] {
                let refused = judged(owner, socket_owner, "socket");
                assert!(matches!(refused, Err(Untrusted::Writable(_))), "{owner}: {refused:?}");
            }
        }
        for (owner, socket_owner) in [(0, 990), (990, 991), (990, 1000), (0, 1000)] {
            let refused = judged(owner, socket_owner, "socket");
            assert!(matches!(refused, Err(Untrusted::Socket(_))), "{owner} {socket_owner}: {refused:?}");
        }
        for kind in ["file", "link"] {
            assert!(matches!(judged(0, 0, kind), Err(Untrusted::Socket(_))), "{kind}");
        }
    }

    #[test]
    fn r42_directories_above_the_last_belong_to_root() {
        let run = run_directory();
        let path = run.path().join("plex-auth/socket");
        create_dir(run.path().join("plex-auth")).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        let me = me(run.path());
        assert!(socket_owner_below(&path, run.path().parent(), me).is_ok());
        if me == 0 {
            std::os::unix::fs::chown(run.path(), Some(990), None).unwrap();
        }
        // A system account may have the last directory and none above it.
        let refused = socket_owner_below(&path, run.path().parent(), 0);
        assert!(matches!(&refused, Err(Untrusted::Writable(above)) if above == run.path()), "{refused:?}");
        let relative = socket_owner_below(Path::new("socket"), None, me);
        assert!(matches!(relative, Err(Untrusted::Path(_))));
        assert!(matches!(socket_owner_below(Path::new("/"), None, me), Err(Untrusted::Path(_))));
    }

    #[test]
    fn r42_only_root_and_the_directorys_owner_may_listen() {
        assert!(check_peer(0, 990).is_ok());
        assert!(check_peer(990, 990).is_ok());
        for stranger in [1000, 65_534, 989] {
            assert!(matches!(check_peer(stranger, 990), Err(Untrusted::Peer(_))));
        }
    }
}
