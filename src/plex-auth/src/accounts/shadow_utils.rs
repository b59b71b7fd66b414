//! The system's own tools for accounts, run by absolute path and without a shell.

use system::command::{CHANGE_LIMIT, Command, find};

use super::created;
use super::expiry_locks::AccountsLock;
use super::ids::{self, Ids};
use crate::error::Error;

/// Expiry date that locks an account, in days since 1970, as in the manual of `usermod`.
pub(crate) const LOCKED: i64 = 1;

/// Default of useradd's `HOME` setting.
const HOMES: &str = "/home";

/// Path of a new account's home, by useradd's own settings.
///
/// # Errors
/// The tool fails.
pub(crate) fn home_of_new(name: &str) -> Result<String, Error> {
    let base = default_of_new("HOME")?;
    let base = base.as_deref().unwrap_or(HOMES);
    Ok(format!("{}/{name}", base.trim_end_matches('/')))
}

/// One of useradd's own settings for new accounts; `None` where it is not set.
///
/// # Errors
/// The tool fails.
pub(super) fn default_of_new(setting: &str) -> Result<Option<String>, Error> {
    let settings = tool("useradd", &["--defaults"])?;
    let mut lines = settings.lines().filter_map(|line| line.split_once('='));
    Ok(lines.find(|(name, value)| *name == setting && !value.is_empty()).map(|(_, value)| value.to_owned()))
}

/// Arguments of useradd for an account.
pub(super) struct NewAccount<'a> {
    pub name: &'a str,
    pub home: &'a str,
    /// useradd creates the home, with the usual files in it.
    pub create_home: bool,
    pub shell: &'a str,
    pub comment: &'a str,
}

/// Creates an account without a local password. Its shadow field is `*`: with useradd's own `!`, an sshd without PAM
/// regards the account as locked and refuses keys. Nothing in it expires, since the account phase would demand a new local
/// password. Its ids were never used, and nothing may be at its home's path.
///
/// # Errors
/// The tool fails, or no id is left.
pub(super) fn add(turn: &AccountsLock, account: &NewAccount, groups: &[&str]) -> Result<(), Error> {
    let &NewAccount { name, home, create_home, shell, comment } = account;
    // Before an id is used up: the list that it is noted in may be damaged.
    created::read()?;
    let Ids { uid, gid, sub_user, sub_group } = ids::next(turn)?;
    created::note(turn, name, uid)?;
    let with_home = if create_home { "--create-home" } else { "--no-create-home" };
    let mut arguments = vec![with_home, "--home-dir", home, "--shell", shell, "--password", "*", "--comment", comment];
    let uid = uid.to_string();
    arguments.extend(["--uid", &uid]);
    // Leaves one number for the user's own group, where the system creates one.
    let keys = [("GID_MIN", gid), ("GID_MAX", gid), ("SUB_UID_MIN", sub_user), ("SUB_GID_MIN", sub_group)];
    let keys = keys.map(|(key, id)| format!("{key}={id}"));
    arguments.extend(keys.iter().flat_map(|key| ["--key", key]));
    arguments.extend(["--inactive", "-1", "--expiredate", "", "--key", "PASS_MAX_DAYS=-1"]);
    let groups = groups.join(",");
    if !groups.is_empty() {
        arguments.extend(["--groups", &groups]);
    }
    arguments.extend(["--", name]);
    tool("useradd", &arguments)?;
    // The subordinate ids are known only now. The next command records them too, should this fail.
    let _ = ids::note(turn);
    Ok(())
}

/// Locks an account completely, keys included, and leaves its password field as it is.
///
/// # Errors
/// The tool fails.
pub(crate) fn lock(name: &str) -> Result<(), Error> {
    tool("usermod", &["--expiredate", &LOCKED.to_string(), "--", name]).map(drop)
}

/// Restores an account's previous expiry date.
///
/// # Errors
/// The tool fails.
pub(crate) fn unlock(name: &str, expires: Option<i64>) -> Result<(), Error> {
    let day = expires.map(|day| day.to_string()).unwrap_or_default();
    tool("usermod", &["--expiredate", &day, "--", name]).map(drop)
}

/// Removes an account, but not its home: userdel would walk through a tree that the friend controls.
///
/// # Errors
/// The tool fails.
pub(crate) fn remove(name: &str) -> Result<(), Error> {
    tool("userdel", &["--", name]).map(drop)
}

/// Removes an account that nobody has used, with its home. The tool refuses while the account has a process.
///
/// # Errors
/// The tool fails.
pub(crate) fn remove_with_home(name: &str) -> Result<(), Error> {
    tool("userdel", &["--remove", "--", name]).map(drop)
}

/// Creates a group with an id from the system's range, as the package does.
///
/// # Errors
/// The tool fails.
pub(crate) fn create_group(name: &str) -> Result<(), Error> {
    tool("groupadd", &["--system", "--", name]).map(drop)
}

/// Adds an account to a group.
///
/// # Errors
/// The tool fails.
pub(crate) fn join(name: &str, group: &str) -> Result<(), Error> {
    tool("gpasswd", &["--add", name, "--", group]).map(drop)
}

/// Removes an account from a group.
///
/// # Errors
/// The tool fails.
pub(crate) fn leave(name: &str, group: &str) -> Result<(), Error> {
    tool("gpasswd", &["--delete", name, "--", group]).map(drop)
}

fn tool(program: &str, arguments: &[&str]) -> Result<String, Error> {
    let candidates = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(|directory| format!("{directory}/{program}"));
    let path = find(&candidates.each_ref().map(String::as_str))
        .ok_or_else(|| Error::new(format!("there is no {program}")).hint("install it: apt install passwd"))?;
    Command::tool(path, arguments).limit(CHANGE_LIMIT).stdout().map_err(|error| Error::new(error.to_string()))
}
