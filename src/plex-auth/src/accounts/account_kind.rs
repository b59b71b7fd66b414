//! The local accounts, as far as it matters whose they may become.

use nix::unistd::{Group, User};
use system::accounts::uid_min;

use super::powers;
use crate::error::Error;

/// What there is under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// No account: it can be created.
    Free,
    /// Somebody's.
    Person,
    /// Somebody's who can become root.
    Powerful,
    /// root's or the system's: nobody ever signs in to it with Plex.
    System,
}

/// What there is under a name.
///
/// # Errors
/// When the account database cannot say.
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
    fn r15_root_and_the_systems_accounts_are_nobodys() {
        assert_eq!((look_up("root").unwrap(), look_up("daemon").unwrap()), (AccountKind::System, AccountKind::System));
        assert_eq!(look_up("no-such-account").unwrap(), AccountKind::Free);
    }
}
