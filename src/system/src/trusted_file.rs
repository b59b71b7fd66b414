//! Reads a small file that another user could have prepared: a pipe that never ends, a link to a secret, a file of
//! unbounded size.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::libc::{S_IFMT, S_IFREG};
use nix::sys::stat::{Mode, fstat};

use crate::error::{Error, Problem};
use crate::walk::{Directory, End, Rule, is_ours, is_writable_by_others, walk};

/// The text of a file of at most `max` bytes that belongs to root, to the caller, or to the one user who owns the
/// directories it is in, and that nobody else can change. Symbolic links count only where root alone could have put them;
/// a file in another user's directory must have one name.
///
/// # Errors
/// [`Error`] gives the reason and the fix. A missing file is an error too ([`Error::is_not_found`]).
pub fn read(path: &Path, max: u64) -> Result<String, Error> {
    let (directory, name) = match walk(path, Rule::OneOwner)? {
        End::Entry(directory, name) => (directory, name),
        End::Directory(directory) => return Err(Error::new(&directory.path, Problem::NotAFile)),
        End::Missing(..) => return Err(Error::io(path, nix::Error::ENOENT)),
    };
    let path = directory.path.join(&name);
    let io = |error: io::Error| Error::new(&path, Problem::Io(error));
    let file = open(&directory, &name).map_err(|problem| Error::new(&path, problem))?;
    check(&file, &directory, max).map_err(|problem| Error::new(&path, problem))?;
    // The file may have grown since.
    let mut bytes = Vec::new();
    File::from(file).take(max + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > max {
        return Err(Error::new(&path, Problem::TooLarge(max)));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(&path, Problem::NotText))
}

/// Opens a file for reading without waiting: opening a pipe would otherwise wait for a writer.
///
/// For files that root names and whose descriptor the caller checks; unlike in [`read`], links are followed.
///
/// # Errors
/// The kernel's error.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

/// Opens a file for reading as [`open_without_waiting`] does, unless its name is a symbolic link.
///
/// # Errors
/// The kernel's error, `ELOOP` for a link.
fn open_without_following(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

/// The last `bytes` of a log as text, with bytes that are not UTF-8 replaced; empty if it cannot be read. The log's daemon may
/// own the directory, so that links and pipes there are not read.
#[must_use]
pub fn tail(log: &Path, bytes: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = open_without_following(log)?;
        let about = file.metadata()?;
        let mut text = Vec::new();
        if about.is_file() {
            file.seek(SeekFrom::Start(about.len().saturating_sub(bytes)))?;
            file.take(bytes).read_to_end(&mut text)?;
        }
        Ok(text)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

fn open(directory: &Directory, name: &OsStr) -> Result<OwnedFd, Problem> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    openat(&directory.fd, name, flags, Mode::empty()).map_err(|error| match error {
        // It has become a link meanwhile.
        nix::Error::ELOOP => Problem::Link,
        // A socket.
        nix::Error::ENXIO => Problem::NotAFile,
        other => Problem::Io(other.into()),
    })
}

/// Checks the open file, not a name.
fn check(file: &OwnedFd, directory: &Directory, max: u64) -> Result<(), Problem> {
    let about = fstat(file).map_err(|error| Problem::Io(error.into()))?;
    if about.st_mode & S_IFMT != S_IFREG {
        return Err(Problem::NotAFile);
    }
    if !is_ours(about.st_uid) && Some(about.st_uid) != directory.owner {
        return Err(Problem::Owner(about.st_uid, directory.owner.unwrap_or(0)));
    }
    if is_writable_by_others(&about) {
        return Err(Problem::Writable(about.st_mode));
    }
    // A hard link to a file of root is root's too, whichever user made it.
    if !directory.own && about.st_nlink != 1 {
        return Err(Problem::Links);
    }
    if u64::try_from(about.st_size).unwrap_or(0) > max {
        return Err(Problem::TooLarge(max));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::fs::{Permissions, hard_link, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use nix::unistd::mkfifo;

    use super::*;

    /// Far more than any of these files has.
    const MAX: u64 = 64;

    /// A directory below /tmp, where everybody may write: links do not count there.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        let file = directory.path().join("file");
        (directory, file)
    }

    fn wrong(file: &Path) -> Problem {
        read(file, MAX).unwrap_err().problem
    }

    #[test]
    fn r67_an_own_file_is_read_and_a_missing_one_is_a_named_error() {
        let (directory, file) = place();
        assert!(read(&file, MAX).unwrap_err().is_not_found());
        assert!(read(&directory.path().join("no/such"), MAX).unwrap_err().is_not_found());
        write(&file, "word").unwrap();
        assert_eq!(read(&file, MAX).unwrap(), "word");
        assert!(matches!(wrong(directory.path()), Problem::NotAFile));
        for path in ["file", "/tmp/../etc/hostname", ""] {
            assert!(matches!(wrong(Path::new(path)), Problem::Path), "{path}");
        }
    }

    #[test]
    fn r67_symbolic_links_are_followed_only_below_directories_of_root_alone() {
        let (directory, file) = place();
        symlink("/dev/zero", &file).unwrap();
        assert!(matches!(wrong(&file), Problem::Link));
        let way = directory.path().join("way");
        symlink("/etc", &way).unwrap();
        let error = read(&way.join("passwd"), MAX).unwrap_err();
        assert!(matches!(error.problem, Problem::Link) && error.path == way, "{error}");
        // /proc/self is a link, and the kernel's.
        assert!(read(Path::new("/proc/self/comm"), MAX).is_ok());
    }

    #[test]
    fn r67_pipes_devices_and_large_files_are_refused_at_once() {
        let (_directory, file) = place();
        mkfifo(&file, Mode::S_IRWXU).unwrap();
        assert!(matches!(wrong(&file), Problem::NotAFile));
        assert!(matches!(wrong(Path::new("/dev/zero")), Problem::NotAFile));
        std::fs::remove_file(&file).unwrap();
        File::create(&file).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(wrong(&file), Problem::TooLarge(MAX)));
        write(&file, vec![b'a'; 65]).unwrap();
        assert!(matches!(wrong(&file), Problem::TooLarge(MAX)));
        write(&file, [0xff, 0xfe]).unwrap();
        assert!(matches!(wrong(&file), Problem::NotText));
    }

    #[test]
    fn r67_files_writable_by_others_or_with_hard_links_are_refused() {
        let (directory, file) = place();
        write(&file, "word").unwrap();
        hard_link(&file, directory.path().join("other")).unwrap();
        assert!(matches!(wrong(&file), Problem::Links));
        std::fs::remove_file(directory.path().join("other")).unwrap();
        set_permissions(&file, Permissions::from_mode(0o602)).unwrap();
        assert!(matches!(wrong(&file), Problem::Writable(_)));
        set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        set_permissions(directory.path(), Permissions::from_mode(0o707)).unwrap();
        let error = read(&file, MAX).unwrap_err();
        assert!(matches!(error.problem, Problem::Writable(_)) && error.path == directory.path(), "{error}");
    }

    #[test]
    fn r67_every_refusal_names_the_file_and_a_fix() {
        let (_directory, file) = place();
        for problem in [
            Problem::Link,
            Problem::NotAFile,
            Problem::NotADirectory,
            Problem::Owner(1001, 0),
            Problem::Owner(1001, 999),
            Problem::Writable(0o100_666),
            Problem::Links,
            Problem::TooLarge(1),
            Problem::NotText,
        ] {
            let error = Error::new(&file, problem);
            let name = file.display().to_string();
            assert!(error.to_string().starts_with(&name), "{error}");
            assert!(error.fix().is_some_and(|fix| fix.contains(&name)), "{error}");
        }
    }

    #[test]
    fn a_pipe_is_opened_without_a_writer() {
        let (_directory, file) = place();
        mkfifo(&file, Mode::S_IRWXU).unwrap();
        assert!(!open_without_waiting(&file).unwrap().metadata().unwrap().is_file());
        assert!(!open_without_following(&file).unwrap().metadata().unwrap().is_file());
        let link = file.with_file_name("link");
        symlink("/dev/zero", &link).unwrap();
        assert!(open_without_following(&link).is_err() && open_without_waiting(&link).is_ok());
    }
}
