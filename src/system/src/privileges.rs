//! User ids of a service's process, and its protection against core dumps.

use std::ffi::CString;

use nix::errno::Errno;
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, ROOT, User, getegid, geteuid, getgid, getuid, initgroups, setgid, setresuid, setuid};

/// The process does not have the ids or the protection that it needs, and must end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--user` names a user that does not exist.
    #[error("there is no user '{0}'; create it: useradd --system --no-create-home {0}")]
    NoUser(String),
    /// `--user` names root, or another user with its id.
    #[error("--user must name another user than root")]
    UserIsRoot,
    /// The name service failed to look up the user that `--user` names.
    #[error("the user '{0}' cannot be looked up: {1}")]
    LookUp(String, Errno),
    /// The kernel refused the ids of this user.
    #[error("cannot become user '{0}': {1}")]
    BecomeUser(String, Errno),
    /// After the change to another user, the process could become root again.
    #[error("could become root again; refusing to go on")]
    RootAgain,
    /// The process is not root's.
    #[error("only root can do this work; start it as root")]
    NotRoot,
    /// The kernel refused root's ids.
    #[error("cannot become root in every respect: {0}")]
    BecomeRoot(Errno),
    /// The kernel did not turn off core dumps.
    #[error("core dumps cannot be turned off: {0}")]
    CoreDumps(Errno),
}

/// The user that `--user` names, as whom plex-authd runs. Root is refused: it could not be told from other processes of root.
///
/// # Errors
/// [`Error::NoUser`], [`Error::UserIsRoot`], [`Error::LookUp`]
pub fn daemon_user(name: &str) -> Result<User, Error> {
    match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() => Err(Error::UserIsRoot),
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(Error::NoUser(name.to_owned())),
        Err(error) => Err(Error::LookUp(name.to_owned(), error)),
    }
}

/// Changes to another user for good. The C library does so in every thread.
///
/// # Errors
/// [`Error::BecomeUser`], [`Error::RootAgain`]
pub fn become_user(user: &User) -> Result<(), Error> {
    let failed = |error| Error::BecomeUser(user.name.clone(), error);
    let name = CString::new(user.name.as_str()).map_err(|_| failed(Errno::EINVAL))?;
    initgroups(&name, user.gid).map_err(failed)?;
    setgid(user.gid).map_err(failed)?;
    setuid(user.uid).map_err(failed)?;
    if setuid(ROOT).is_ok() || geteuid().is_root() { Err(Error::RootAgain) } else { Ok(()) }
}

/// Makes the real and saved ids root's too. `smbpasswd` lets callers with another real user id change only their own password.
///
/// # Errors
/// [`Error::NotRoot`], [`Error::BecomeRoot`]
pub fn become_root() -> Result<(), Error> {
    if !geteuid().is_root() {
        return Err(Error::NotRoot);
    }
    if !getuid().is_root() {
        setresuid(ROOT, ROOT, ROOT).map_err(Error::BecomeRoot)?;
    }
    // Only where necessary: a service that needs no right to do so has none.
    let group = Gid::from_raw(0);
    if (getgid(), getegid()) != (group, group) {
        setgid(group).map_err(Error::BecomeRoot)?;
    }
    Ok(())
}

/// Keeps new files from other users, and the memory of the process from core dumps and debuggers.
///
/// # Errors
/// [`Error::CoreDumps`]
pub fn harden() -> Result<(), Error> {
    umask(Mode::from_bits_truncate(0o077));
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(Error::CoreDumps)?;
    set_dumpable(false).map_err(Error::CoreDumps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemons_user_exists_and_is_not_root() {
        assert!(daemon_user("daemon").is_ok());
        assert!(matches!(daemon_user("root"), Err(Error::UserIsRoot)));
        assert!(matches!(daemon_user("no-such-user"), Err(Error::NoUser(name)) if name == "no-such-user"));
    }
}
