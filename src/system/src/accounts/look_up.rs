//! Single accounts, by name.

use nix::unistd::{Uid, User};
use policy::Account;

use super::error::Error;
use super::group::{group, is_member};

/// The most further look-ups until a name service returns an account under the name that it was asked for.
const MAX_LOOK_UPS: usize = 3;

/// The account that answers to this name, under its canonical name: the one under which the account database returns it.
/// A name service may answer to other spellings, such as capital letters or a name with a domain; with the canonical name,
/// each account has one mapping, one membership and one back-off (R66).
///
/// Two names that share a user id are two accounts, as they are for PAM and for the password files.
///
/// # Errors
/// [`Error::NameService`]; [`Error::NoCanonicalName`] if the canonical name has no account, or one with another id.
pub fn user(name: &str) -> Result<Option<User>, Error> {
    canonical(name, |name| User::from_name(name).map_err(Error::NameService))
}

fn canonical(name: &str, find: impl Fn(&str) -> Result<Option<User>, Error>) -> Result<Option<User>, Error> {
    let Some(mut user) = find(name)? else { return Ok(None) };
    let (mut asked, mut left) = (name.to_owned(), MAX_LOOK_UPS);
    while user.name != asked {
        left = left.checked_sub(1).ok_or(Error::NoCanonicalName)?;
        let uid = user.uid;
        asked = user.name;
        user = find(&asked)?.filter(|found| found.uid == uid).ok_or(Error::NoCanonicalName)?;
    }
    Ok(Some(user))
}

/// The account that answers to this name, under its canonical name, and its membership in the group. Accounts below `uid_min`
/// are the system's and never managed, so the group is not read for them.
///
/// # Errors
/// [`Error`]. [`Error::NoGroup`] too: nobody can then tell which accounts are managed, and a managed one must not pass for one
/// that is not.
pub fn look_up(name: &str, group: Option<&str>, uid_min: u32) -> Result<Option<Account>, Error> {
    user(name)?.map(|user| account(user, group, uid_min)).transpose()
}

/// An account and its membership in the group.
pub(super) fn account(user: User, group: Option<&str>, uid_min: u32) -> Result<Account, Error> {
    let in_group = match group {
        Some(group) if user.uid.as_raw() >= uid_min => is_in(&user, group)?,
        _ => false,
    };
    Ok(Account { name: user.name, uid: user.uid.as_raw(), in_group })
}

fn is_in(user: &User, name: &str) -> Result<bool, Error> {
    is_member(user, &group(name)?.ok_or_else(|| Error::NoGroup(name.to_owned()))?)
}

/// The user with this id has one of these names.
///
/// # Errors
/// [`Error::UserId`]
pub fn is_one_of(uid: u32, names: &[String]) -> Result<bool, Error> {
    if names.is_empty() {
        return Ok(false);
    }
    let user = User::from_uid(Uid::from_raw(uid)).map_err(|error| Error::UserId(uid, error))?;
    Ok(user.is_some_and(|user| names.contains(&user.name)))
}

/// Says that a configured name is not the name under which the account database has the account.
#[must_use]
pub fn another_spelling(name: &str, canonical: &str) -> String {
    format!(
        "'{name}' is another spelling of '{}', so its entry applies to no account",
        protocol::printable(canonical, 128)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn existing_accounts_are_found_and_a_missing_group_is_an_error() {
        assert!(matches!(look_up("root", None, 0), Ok(Some(Account { uid: 0, in_group: false, .. }))));
        for name in ["no-such-account", "", "root\n", "a:b"] {
            assert!(matches!(look_up(name, Some("root"), 0), Ok(None)), "{name}");
        }
        assert!(matches!(look_up("root", Some("root"), 0), Ok(Some(Account { in_group: true, .. }))));
        assert!(matches!(look_up("root", Some("no-such-group"), 1), Ok(Some(Account { in_group: false, .. }))));
        let error = look_up("root", Some("no-such-group"), 0).unwrap_err();
        assert!(matches!(&error, Error::NoGroup(_)) && error.to_string().contains("groupadd no-such-group"), "{error}");
        assert!(is_one_of(0, &["root".to_owned()]).unwrap());
        assert!(!is_one_of(0, &["daemon".to_owned()]).unwrap());
    }

    #[test]
    fn r66_an_account_has_the_name_that_the_database_returns_for_itself() {
        let root = User::from_name("root").unwrap().unwrap();
        let database = |asked: &str| {
            let (name, uid) = match asked {
                "dora" | "DORA" | "dora@example.org" => ("dora", 1000),
                "Dora" => ("DORA", 1000),
                "DOra" => ("Dora", 1000),
                "DORa" => ("DOra", 1000),
                // Another account, none, and one another in turn.
                "D\u{f3}ra" => ("dora", 1001),
                "DORIS" => ("doris", 1000),
                "ping" => ("pong", 1000),
                "pong" => ("ping", 1000),
                _ => return Ok(None),
            };
            Ok(Some(User { name: name.to_owned(), uid: Uid::from_raw(uid), ..root.clone() }))
        };
        for spelling in ["dora", "DORA", "Dora", "DOra", "dora@example.org"] {
            assert_eq!(canonical(spelling, database).unwrap().unwrap().name, "dora", "{spelling}");
        }
        assert!(canonical("doris", database).unwrap().is_none());
        // The last one needs a look-up too many.
        for odd in ["DORa", "D\u{f3}ra", "DORIS", "ping", "pong"] {
            let error = canonical(odd, database).unwrap_err();
            assert!(matches!(error, Error::NoCanonicalName), "{odd}: {error}");
        }
        let gone = |_: &str| Err(Error::NameService(nix::errno::Errno::ECONNREFUSED));
        assert!(matches!(canonical("dora", gone), Err(Error::NameService(_))));
    }
}
