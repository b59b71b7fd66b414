//! Who the daemon is: never root while it works, and never a core dump.

use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{User, chown, geteuid, initgroups, setgid, setuid};

/// The user to become, or `None` when the daemon was started as an ordinary one.
///
/// # Errors
/// A sentence for the administrator: root without `--user`, or a user that does not exist or is root.
pub(crate) fn intended(name: Option<&str>) -> Result<Option<User>, String> {
    match (geteuid().is_root(), name) {
        (true, None) => Err("refuses to run as root; add --user plex-auth, or start it as the user plex-auth".into()),
        (false, None) => Ok(None),
        (false, Some(_)) => Err("--user needs root; leave it away when starting as the user itself".into()),
        (true, Some(name)) => match User::from_name(name) {
            Ok(Some(user)) if user.uid.is_root() => Err("--user must name another user than root".into()),
            Ok(Some(user)) => Ok(Some(user)),
            Ok(None) => Err(format!("there is no user '{name}'; create it: useradd --system --no-create-home {name}")),
            Err(error) => Err(format!("the user '{name}' cannot be looked up: {error}")),
        },
    }
}

/// Makes a directory that belongs to the user to become, unless there is one.
///
/// # Errors
/// Why it cannot be made.
pub(crate) fn directory(path: &Path, mode: u32, user: Option<&User>) -> Result<(), String> {
    if path.is_dir() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| format!("{}: cannot be made: {error}", path.display());
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| failed(&error))?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).map_err(|error| failed(&error))?;
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid)).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Becomes the user for good, with every thread there is: the C library sees to that.
///
/// # Errors
/// Why it cannot; the daemon must then end.
pub(crate) fn become_user(user: &User) -> Result<(), String> {
    let failed = |error: nix::Error| format!("cannot become user '{}': {error}", user.name);
    let name = CString::new(user.name.as_str()).map_err(|_| failed(nix::Error::EINVAL))?;
    initgroups(&name, user.gid).map_err(failed)?;
    setgid(user.gid).map_err(failed)?;
    setuid(user.uid).map_err(failed)?;
    if setuid(nix::unistd::ROOT).is_ok() || geteuid().is_root() {
        return Err("could become root again; refusing to go on".into());
    }
    Ok(())
}

/// Nothing that is written is for others, and what is in memory is never written at all.
///
/// # Errors
/// Why the kernel does not let it.
pub(crate) fn harden() -> Result<(), String> {
    umask(Mode::from_bits_truncate(0o077));
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| format!("core dumps cannot be turned off: {error}"))?;
    set_dumpable(false).map_err(|error| format!("core dumps cannot be turned off: {error}"))
}
