//! Kinds of local accounts: whether one can be given to a friend.

use nix::unistd::{Group, User};
use system::accounts::uid_min;

use super::powers;
use crate::error::Error;

/// Kind of account that a local name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// None: the account can be created.
    Free,
    /// An ordinary user's.
    Person,
    /// An ordinary user's who can become root.
    Powerful,
    /// root's or the system's, which never signs in with Plex.
    System,
}

/// Looks a local name up.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn look_up(name: &str) -> Result<AccountKind, Error> {
    let Some(user) = User::from_name(name).map_err(|error| unreadable(name, error.desc()))? else {
        return Ok(AccountKind::Free);
    };
    if user.uid.is_root() || user.uid.as_raw() < uid_min() {
        return Ok(AccountKind::System);
    }
    let groups = powers::groups(&user)?;
    Ok(if groups.is_empty() { AccountKind::Person } else { AccountKind::Powerful })
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(format!("the account '{}' cannot be looked up: {why}", protocol::printable(name, 64)))
}

/// Tests whether a group is a user's own. The package of Plex Media Server creates a user and a group `plex`, and accounts
/// become members of it for other reasons than to let friends sign in to them.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn is_of_a_user(group: &Group) -> Result<bool, Error> {
    let user = User::from_name(&group.name).map_err(|error| unreadable(&group.name, error.desc()))?;
    Ok(user.is_some_and(|user| user.gid == group.gid))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn r15_root_and_system_accounts_are_never_given_to_a_friend() {
        assert_eq!((look_up("root").unwrap(), look_up("daemon").unwrap()), (AccountKind::System, AccountKind::System));
        assert_eq!(look_up("no-such-account").unwrap(), AccountKind::Free);
    }
}
