//! The system's own tools for accounts: by absolute path, without a shell and without the caller's environment.

use policy::PlexId;

use super::smb;
use crate::failure::Failure;
use crate::setup::programs::{first, outcome, run};

/// The day in the past with which `usermod` is told to lock an account, as its manual has it.
pub(crate) const LOCKED: i64 = 1;

/// Creates an account that no local password opens. Its shadow field is `*`: the form with `!` is what useradd gives, and
/// sshd calls such an account locked, keys and all, where it runs without PAM. Nothing in it ever expires, or the account
/// phase would ask for a new local password.
///
/// # Errors
/// What the tool says.
pub(crate) fn add(name: &str, group: Option<&str>, plex: PlexId) -> Result<(), Failure> {
    let comment = format!("Plex id {plex}");
    let mut arguments = vec!["--create-home", "--password", "*", "--comment", &comment];
    arguments.extend(["--inactive", "-1", "--expiredate", "", "--key", "PASS_MAX_DAYS=-1"]);
    if let Some(group) = group {
        arguments.extend(["--groups", group]);
    }
    arguments.extend(["--", name]);
    tool("useradd", &arguments)
}

/// Locks an account for everything, keys too. Its password field stays as it is.
///
/// # Errors
/// What the tool says.
pub(crate) fn lock(name: &str) -> Result<(), Failure> {
    tool("usermod", &["--expiredate", &LOCKED.to_string(), "--", name])
}

/// Gives an account the day of expiry back that it had.
///
/// # Errors
/// What the tool says.
pub(crate) fn unlock(name: &str, expires: Option<i64>) -> Result<(), Failure> {
    let day = expires.map(|day| day.to_string()).unwrap_or_default();
    tool("usermod", &["--expiredate", &day, "--", name])
}

/// Removes an account, perhaps with its home, and its entry in Samba's database.
///
/// # Errors
/// What the tool says.
pub(crate) fn remove(name: &str, home: bool) -> Result<(), Failure> {
    smb::remove(name)?;
    let arguments: &[&str] = if home { &["--remove", "--", name] } else { &["--", name] };
    tool("userdel", arguments)
}

fn tool(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let candidates = ["/usr/sbin", "/sbin"].map(|directory| format!("{directory}/{program}"));
    let path = first(&candidates.each_ref().map(String::as_str))
        .ok_or_else(|| Failure::new(format!("there is no {program}")).mend("install it: apt install passwd"))?;
    outcome(run(path, arguments)).map(|_| ()).map_err(Failure::new)
}
