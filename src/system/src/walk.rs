//! Follows a path from the root directory by descriptors, one component at a time, as far as nobody could have prepared a
//! trap on the way: a symbolic link counts only in a directory that root (or the calling user) alone can write to.
//!
//! Neither of the ready-made ways fits: the crate `fs-mistrust` checks names and opens them again afterwards, and `openat2`
//! (Linux 5.6) cannot follow only those links that root itself put there, such as `/var/run`.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::libc::{S_IFDIR, S_IFLNK, S_IFMT, S_ISVTX};
use nix::sys::stat::{FileStat, Mode, fstat};
use nix::unistd::geteuid;

use crate::error::{Error, Problem};

/// How many symbolic links one path may go through; the kernel's own limit.
const MAX_LINKS: u32 = 40;

/// A directory on the way, open.
pub(crate) struct Directory {
    /// Opened with `O_PATH`: good for `openat` and `fstat`, not for reading or changing it.
    pub fd: OwnedFd,
    /// Its path, without links.
    pub path: PathBuf,
    /// The only user, other than root and the caller, who owns a directory on the way.
    pub owner: Option<u32>,
    /// Nobody but root and the caller can write to any directory on the way.
    pub own: bool,
}

/// What is at the end of a path.
pub(crate) enum End {
    /// A directory.
    Directory(Directory),
    /// Something else, or nothing yet, with this name in this directory. Never a link that may be followed.
    Entry(Directory, OsString),
    /// Nothing at this name, and further components after it.
    Missing(Directory, OsString, VecDeque<OsString>),
}

/// Follows a path.
///
/// # Errors
/// [`Problem::Path`], [`Problem::Link`], [`Problem::NotADirectory`], [`Problem::Owner`], [`Problem::Writable`],
/// [`Problem::Io`].
pub(crate) fn walk(path: &Path) -> Result<End, Error> {
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(Error::new(path, Problem::Path));
    }
    let mut here = root()?;
    let mut rest = parts(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        let there = here.path.join(&name);
        let fd = match open_path(&here, &name) {
            Ok(fd) => fd,
            Err(nix::Error::ENOENT) if rest.is_empty() => return Ok(End::Entry(here, name)),
            Err(nix::Error::ENOENT) => return Ok(End::Missing(here, name, rest)),
            Err(error) => return Err(Error::io(&there, error)),
        };
        let about = fstat(&fd).map_err(|error| Error::io(&there, error))?;
        match about.st_mode & S_IFMT {
            S_IFLNK if !here.own => return Err(Error::new(&there, Problem::Link)),
            S_IFLNK => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::io(&there, nix::Error::ELOOP));
                }
                let target = PathBuf::from(readlinkat(&fd, "").map_err(|error| Error::io(&there, error))?);
                if target.is_absolute() {
                    here = root()?;
                }
                for part in parts(&target).into_iter().rev() {
                    rest.push_front(part);
                }
            }
            S_IFDIR => here = Directory::judge(fd, there, &about, here.owner, here.own)?,
            _ if rest.is_empty() => return Ok(End::Entry(here, name)),
            _ => return Err(Error::new(&there, Problem::NotADirectory)),
        }
    }
    Ok(End::Directory(here))
}

fn root() -> Result<Directory, Error> {
    let path = PathBuf::from("/");
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let fd = open(&path, flags, Mode::empty()).map_err(|error| Error::io(&path, error))?;
    let about = fstat(&fd).map_err(|error| Error::io(&path, error))?;
    Directory::judge(fd, path, &about, None, true)
}

/// The components, `..` among them: a link that root made may lead upwards, as `/var/run` does.
fn parts(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    named.map(|part| part.as_os_str().to_owned()).collect()
}

fn open_path(directory: &Directory, name: &OsStr) -> nix::Result<OwnedFd> {
    openat(&directory.fd, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())
}

impl Directory {
    /// A directory below others that have this `owner` and are our `own`.
    fn judge(fd: OwnedFd, path: PathBuf, about: &FileStat, owner: Option<u32>, own: bool) -> Result<Self, Error> {
        let shared = is_writable_by_others(about);
        // In a directory like /tmp everybody can add names, but nobody can replace those of others.
        if shared && about.st_mode & S_ISVTX == 0 {
            return Err(Error::new(&path, Problem::Writable(about.st_mode)));
        }
        let ours = is_ours(about.st_uid);
        let owner = match owner {
            Some(known) if !ours && known != about.st_uid => {
                return Err(Error::new(&path, Problem::Owner(about.st_uid, known)));
            }
            known => known.or((!ours).then_some(about.st_uid)),
        };
        Ok(Self { fd, path, owner, own: own && ours && !shared })
    }
}

/// Whether this user id is root's or the caller's.
pub(crate) fn is_ours(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Whether somebody who is neither root nor the owner may write there. Members of root's group are as good as root.
pub(crate) fn is_writable_by_others(about: &FileStat) -> bool {
    about.st_mode & 0o002 != 0 || (about.st_mode & 0o020 != 0 && about.st_gid != 0)
}
