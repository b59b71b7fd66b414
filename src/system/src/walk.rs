//! Follows a path from the root directory by descriptors, one component at a time. A symbolic link is followed only in a
//! directory that root (or the calling user) alone can write to, so that no other user can redirect the path.
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

/// Maximum number of symbolic links on one path; the kernel's own limit.
const MAX_LINKS: u32 = 40;

/// An open directory of the path.
pub(crate) struct Directory {
    /// Opened with `O_PATH`: good for `openat` and `fstat`, not for reading or changing it.
    pub fd: OwnedFd,
    /// Its path, without links.
    pub path: PathBuf,
    /// The only user, other than root and the caller, who owns a directory of the path.
    pub owner: Option<u32>,
    /// Only root and the caller can write to the directories of the path.
    pub own: bool,
}

/// The end of a path.
pub(crate) enum End {
    /// The path leads to a directory.
    Directory(Directory),
    /// Another kind of file, or none yet, with this name in this directory. Never a link that may be followed.
    Entry(Directory, OsString),
    /// No file with this name, and further components after it.
    Missing(Directory, OsString, VecDeque<OsString>),
}

/// Directories through which a path may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Those of root, of the caller, and of one other user; also shared ones in which nobody can replace the names of others.
    OneOwner,
    /// Those that only root and the caller can write to. The last one may be anyone's, as a spool directory is.
    OwnExceptLast,
}

/// Follows a path.
///
/// # Errors
/// [`Problem::Path`], [`Problem::Link`], [`Problem::NotADirectory`], [`Problem::Owner`], [`Problem::Writable`],
/// [`Problem::Io`].
pub(crate) fn walk(path: &Path, rule: Rule) -> Result<End, Error> {
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(Error::new(path, Problem::Path));
    }
    let mut here = root()?;
    let mut rest = parts(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if rule == Rule::OwnExceptLast && !here.own {
            return Err(here.not_own());
        }
        // The path has no links, so its parent is the one that `..` means.
        let there = if name == ".." { above(&here.path) } else { here.path.join(&name) };
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
            S_IFDIR if rule == Rule::OwnExceptLast && rest.is_empty() => {
                return Ok(End::Directory(Directory { fd, path: there, owner: here.owner, own: false }));
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

fn above(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
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
    /// Checks a directory below others that have this `owner` and are `own`.
    fn judge(fd: OwnedFd, path: PathBuf, about: &FileStat, owner: Option<u32>, own: bool) -> Result<Self, Error> {
        let shared = is_writable_by_others(about);
        // In a directory like /tmp everybody can add names, but not replace those of others.
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

    /// The error about a directory that is not [`Directory::own`].
    fn not_own(&self) -> Error {
        match fstat(&self.fd) {
            Ok(about) if !is_ours(about.st_uid) => Error::new(&self.path, Problem::Owner(about.st_uid, 0)),
            Ok(about) => Error::new(&self.path, Problem::Writable(about.st_mode)),
            Err(error) => Error::io(&self.path, error),
        }
    }
}

/// The user id is root's or the caller's.
pub(crate) fn is_ours(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Users other than root and the owner can write there. Members of root's group count as root.
pub(crate) fn is_writable_by_others(about: &FileStat) -> bool {
    about.st_mode & 0o002 != 0 || (about.st_mode & 0o020 != 0 && about.st_gid != 0)
}
