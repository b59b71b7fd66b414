//! The local accounts, as far as it matters whose they may become.

use nix::unistd::{Group, User};
use system::accounts::uid_min;

use crate::error::Error;
use crate::powers;

/// The longest name that Linux's tools take.
const LONGEST: usize = 32;

/// What there is under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    /// No account: it can be created.
    Free,
    /// Somebody's.
    PlexUser,
    /// Somebody's who can become root.
    Powerful,
    /// root's or the system's: nobody ever signs in to it with Plex.
    System,
}

/// What there is under a name.
///
/// # Errors
/// When the account database cannot say.
pub(crate) fn look_up(name: &str) -> Result<Local, Error> {
    let Some(user) = User::from_name(name).map_err(|error| unreadable(name, error.desc()))? else {
        return Ok(Local::Free);
    };
    if user.uid.is_root() || user.uid.as_raw() < uid_min() {
        return Ok(Local::System);
    }
    let groups = powers::groups(&user)?;
    Ok(if groups.is_empty() { Local::PlexUser } else { Local::Powerful })
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(format!("the account '{}' cannot be looked up: {why}", protocol::printable(name, 64)))
}

/// The local name for a Plex username, when it can be one: as Debian's adduser takes them.
pub(crate) fn local_name(username: &str) -> Option<String> {
    let name = username.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    Some(name).filter(|name| begins && name.len() <= LONGEST && name.bytes().all(plain))
}

/// Whether a group is a user's own. The Plex Media Server's package makes a user and a group of the name `plex`, and
/// people put accounts into that group for other reasons than to let friends sign in to them.
///
/// # Errors
/// When the account database cannot say.
pub(crate) fn is_of_a_user(group: &Group) -> Result<bool, Error> {
    let user = User::from_name(&group.name).map_err(|error| unreadable(&group.name, error.desc()))?;
    Ok(user.is_some_and(|user| user.gid == group.gid))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_username_becomes_a_local_name_only_if_debian_takes_it() {
        let cases = [
            ("alice", Some("alice")),
            ("Alice_7", Some("alice_7")),
            ("erin-x", Some("erin-x")),
            ("7up", None),
            ("-rf", None),
            ("_apt", None),
            ("a.b", None),
            ("a b", None),
            ("al\u{131}ce", None),
            ("\u{e9}mile", None),
            ("", None),
            ("a@example.org", None),
            ("abcdefghijklmnopqrstuvwxyz123456", Some("abcdefghijklmnopqrstuvwxyz123456")),
            ("abcdefghijklmnopqrstuvwxyz1234567", None),
        ];
        for (username, expected) in cases {
            assert_eq!(local_name(username).as_deref(), expected, "{username}");
        }
    }

    #[test]
    fn r15_root_and_the_systems_accounts_are_nobodys() {
        assert_eq!((look_up("root").unwrap(), look_up("daemon").unwrap()), (Local::System, Local::System));
        assert_eq!(look_up("no-such-account").unwrap(), Local::Free);
    }
}
