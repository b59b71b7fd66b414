//! Rules for the names of local accounts.

use nix::unistd::User;
use system::accounts;

use super::powers::POWERFUL;
use crate::error::Error;

/// Longest user name that useradd accepts, in bytes.
const LONGEST: usize = 32;

/// Names with a meaning on many machines. An account of such a name could get a group of the same name, with rights that
/// the owner did not mean to give.
const RESERVED: [&str; 12] = [
    "operator",
    "staff",
    "users",
    "nobody",
    "nogroup",
    "plex",
    "plexmediaserver",
    "kvm",
    "netdev",
    "plugdev",
    "postgres",
    "www-data",
];

/// The local name for a Plex username, if Debian's adduser would accept it.
pub(crate) fn local_name(username: &str) -> Option<String> {
    let name = username.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    Some(name).filter(|name| begins && name.len() <= LONGEST && name.bytes().all(plain))
}

/// Tests whether a name is reserved: no friend's account has it.
pub(crate) fn is_reserved(name: &str) -> bool {
    POWERFUL.contains(&name)
        || RESERVED.contains(&name)
        || ["systemd-", "plex-auth"].iter().any(|s| name.starts_with(s))
}

/// The local name derived from a Plex username, unless it is reserved.
pub(crate) fn from_plex(username: &str) -> Option<String> {
    local_name(username).filter(|name| !is_reserved(name))
}

/// Checks the name of a new account.
///
/// # Errors
/// The name is malformed or reserved.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    let shown = protocol::printable(name, 64);
    if local_name(name).as_deref() != Some(name) {
        return Err(Error::new(format!("'{shown}' cannot be a local name"))
            .hint("take a to z, 0 to 9, - and _, begin with a letter, and end after 32 characters at most"));
    }
    if is_reserved(name) {
        return Err(
            Error::new(format!("'{shown}' is a name that the system may give a meaning to")).hint("take another one")
        );
    }
    Ok(())
}

/// Tests whether a user or a group has this name.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn is_taken(name: &str) -> Result<bool, Error> {
    let failed = |why: &str| Error::new(format!("the system cannot say who '{name}' is: {why}"));
    let user = User::from_name(name).map_err(|error| failed(error.desc()))?;
    Ok(user.is_some() || accounts::group_exists(name).map_err(|why| failed(&why.to_string()))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_plex_username_becomes_a_local_name_only_if_debian_accepts_it() {
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
    fn malformed_and_reserved_names_are_rejected() {
        let long = "a".repeat(33);
        let bad =
            ["", "root", "sudo", "wheel", "admin", "docker", "systemd-x", "plex", "../x", "-o", "Alice", "7up", "a b"];
        for name in bad.into_iter().chain(["al\u{131}ce", "a:b", "a\nb", &long]) {
            assert!(check(name).is_err(), "{name}");
        }
        for name in ["alice", "a", "a-b_7", &"a".repeat(32)] {
            assert!(check(name).is_ok(), "{name}");
        }
        assert_eq!(from_plex("Alice_7").as_deref(), Some("alice_7"));
        for username in ["Root", "ADMIN", "-o", "\u{430}lice", &long] {
            assert_eq!(from_plex(username), None, "{username}");
        }
    }

    #[test]
    fn a_name_in_use_is_taken() {
        assert!(is_taken("root").unwrap());
        assert!(!is_taken("no-such-account").unwrap());
    }
}
