//! Root, really and in every respect, with nothing inherited from whoever started the service, and never a core dump.

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, ROOT, User, chdir, getegid, geteuid, getgid, getuid, setgid, setresuid};

/// The first descriptor that is not one of the standard ones.
const FIRST_FD: i32 = 3;

/// Prepares the process, and with it every child of its.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn settle() -> Result<(), String> {
    if !geteuid().is_root() {
        return Err("only root can do this work; start it as root".into());
    }
    let failed = |error: nix::Error| format!("cannot become root in every respect: {error}");
    // smbpasswd takes whoever has another real user id for somebody who may change nothing but their own password.
    if !getuid().is_root() {
        setresuid(ROOT, ROOT, ROOT).map_err(failed)?;
    }
    // Not asked for in vain: a service that needs no right to do so has none.
    let group = Gid::from_raw(0);
    if (getgid(), getegid()) != (group, group) {
        setgid(group).map_err(failed)?;
    }
    umask(Mode::from_bits_truncate(0o077));
    chdir("/").map_err(failed)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| format!("core dumps cannot be turned off: {error}"))?;
    set_dumpable(false).map_err(|error| format!("core dumps cannot be turned off: {error}"))?;
    // What the starting program has left open is not passed on. The service's own are marked when they are opened.
    close_fds::set_fds_cloexec(FIRST_FD, &[]);
    Ok(())
}

/// The user that plex-authd runs as.
///
/// # Errors
/// When there is no such user, or when it is root: then anybody who is root could not be told from plex-authd.
pub(crate) fn daemon(name: &str) -> Result<User, String> {
    match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() => {
            Err("--user must name the user that plex-authd runs as, not root".into())
        }
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(format!("there is no user '{name}'; create it: useradd --system --no-create-home {name}")),
        Err(error) => Err(format!("the user '{name}' cannot be looked up: {error}")),
    }
}
