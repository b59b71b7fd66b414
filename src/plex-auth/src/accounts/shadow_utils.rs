//! The system's own tools for accounts: by absolute path, without a shell and without the caller's environment.

use policy::PlexId;
use system::command::{CHANGE_LIMIT, Command, find};

use super::created;
use super::expiry_locks::AccountsLock;
use super::ids::{self, Ids};
use crate::error::Error;

/// The day in the past with which `usermod` is told to lock an account, as its manual has it.
pub(crate) const LOCKED: i64 = 1;

/// Where useradd puts homes where its own settings do not say.
const HOMES: &str = "/home";

/// Where the home of a new account is to be, by useradd's own settings.
///
/// # Errors
/// What the tool says.
pub(crate) fn home_of_new(name: &str) -> Result<String, Error> {
    let settings = tool("useradd", &["--defaults"])?;
    let base = settings.lines().find_map(|line| line.strip_prefix("HOME=")).unwrap_or(HOMES);
    Ok(format!("{}/{name}", base.trim_end_matches('/')))
}

/// Creates an account that no local password opens. Its shadow field is `*`: the form with `!` is what useradd gives, and
/// sshd calls such an account locked, keys and all, where it runs without PAM. Nothing in it ever expires, or the account
/// phase would ask for a new local password. Its ids are new ones, and nothing may be in its home's place.
///
/// # Errors
/// What the tool says; or that no id is left.
pub(crate) fn add(turn: &AccountsLock, name: &str, home: &str, group: Option<&str>, plex: PlexId) -> Result<(), Error> {
    let Ids { uid, gid, sub_user, sub_group } = ids::next(turn)?;
    created::note(turn, name, uid)?;
    let comment = format!("Plex id {plex}");
    let mut arguments = vec!["--create-home", "--home-dir", home, "--password", "*", "--comment", &comment];
    let uid = uid.to_string();
    arguments.extend(["--uid", &uid]);
    // The only number that the group of its own can get, where the system makes one.
    let keys = [("GID_MIN", gid), ("GID_MAX", gid), ("SUB_UID_MIN", sub_user), ("SUB_GID_MIN", sub_group)];
    let keys = keys.map(|(key, id)| format!("{key}={id}"));
    arguments.extend(keys.iter().flat_map(|key| ["--key", key]));
    arguments.extend(["--inactive", "-1", "--expiredate", "", "--key", "PASS_MAX_DAYS=-1"]);
    if let Some(group) = group {
        arguments.extend(["--groups", group]);
    }
    arguments.extend(["--", name]);
    tool("useradd", &arguments)?;
    // Which subordinate ids it got is known only now. The next command notes them too, if this fails.
    let _ = ids::note(turn);
    Ok(())
}

/// Locks an account for everything, keys too. Its password field stays as it is.
///
/// # Errors
/// What the tool says.
pub(crate) fn lock(name: &str) -> Result<(), Error> {
    tool("usermod", &["--expiredate", &LOCKED.to_string(), "--", name]).map(drop)
}

/// Gives an account the day of expiry back that it had.
///
/// # Errors
/// What the tool says.
pub(crate) fn unlock(name: &str, expires: Option<i64>) -> Result<(), Error> {
    let day = expires.map(|day| day.to_string()).unwrap_or_default();
    tool("usermod", &["--expiredate", &day, "--", name]).map(drop)
}

/// Removes an account. userdel never sees the home: it would go through a tree that is the friend's.
///
/// # Errors
/// What the tool says.
pub(crate) fn remove(name: &str) -> Result<(), Error> {
    tool("userdel", &["--", name]).map(drop)
}

/// Creates a group, with an id from the system's range as the package does.
///
/// # Errors
/// What the tool says.
pub(crate) fn create_group(name: &str) -> Result<(), Error> {
    tool("groupadd", &["--system", "--", name]).map(drop)
}

/// Adds an account to a group.
///
/// # Errors
/// What the tool says.
pub(crate) fn join(name: &str, group: &str) -> Result<(), Error> {
    tool("gpasswd", &["--add", name, "--", group]).map(drop)
}

/// Takes an account out of a group.
///
/// # Errors
/// What the tool says.
pub(crate) fn leave(name: &str, group: &str) -> Result<(), Error> {
    tool("gpasswd", &["--delete", name, "--", group]).map(drop)
}

fn tool(program: &str, arguments: &[&str]) -> Result<String, Error> {
    let candidates = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(|directory| format!("{directory}/{program}"));
    let path = find(&candidates.each_ref().map(String::as_str))
        .ok_or_else(|| Error::new(format!("there is no {program}")).hint("install it: apt install passwd"))?;
    Command::tool(path, arguments).limit(CHANGE_LIMIT).stdout().map_err(|error| Error::new(error.to_string()))
}
