//! Who the daemon is: never root while it works, and never a core dump.

use std::ffi::CString;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{User, geteuid, initgroups, setgid, setuid};

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

/// Makes a directory for the user to become, as root, and only where root alone can write: there no process of that user
/// can put anything else in its place. What is there already is left as it is.
///
/// # Errors
/// Why root does not make it. The user may still be able to.
pub(crate) fn prepare(path: &Path, mode: u32, user: &User) -> Result<(), String> {
    system::prepare(path, mode, user.uid, user.gid).map_err(|error| match error.fix() {
        Some(fix) => format!("{error}; {fix}"),
        None => error.to_string(),
    })
}

/// Makes sure of a directory as the user that the daemon runs as: it is there, and nobody but that user and root could
/// change what is in it. One that was there before is not changed.
///
/// # Errors
/// A sentence for the administrator, with the command that fixes it.
pub(crate) fn directory(path: &Path, mode: u32) -> Result<Metadata, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be made: {error}", path.display());
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(mode).create(path).map_err(failed)?;
        // The umask is for files, and takes from this too.
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    }
    let about = fs::metadata(path).map_err(failed)?;
    if ![0, geteuid().as_raw()].contains(&about.uid()) {
        let what = format!("belongs to uid {}, who could change what the daemon keeps there", about.uid());
        return Err(format!("{}: {what}; {}", path.display(), give(path)));
    }
    if about.mode() & 0o022 != 0 {
        let what = format!("has mode {:04o}: others could change what the daemon keeps there", about.mode() & 0o7777);
        return Err(format!("{0}: {what}; run: chmod go-w {0}", path.display()));
    }
    Ok(about)
}

/// How to give a directory to the user that the daemon runs as.
pub(crate) fn give(path: &Path) -> String {
    let user = User::from_uid(geteuid()).ok().flatten().map_or_else(|| geteuid().to_string(), |user| user.name);
    format!("run: chown {user}: {}", path.display())
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
