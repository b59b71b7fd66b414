//! Single accounts, by name.

use nix::unistd::{Uid, User};
use policy::Account;

use super::error::Error;
use super::group::{group, is_member};

/// The account with this canonical name; `None` also for another spelling to which a name service answers.
///
/// # Errors
/// [`Error::NameService`]
pub fn user(name: &str) -> Result<Option<User>, Error> {
    let user = User::from_name(name).map_err(Error::NameService)?;
    Ok(user.filter(|user| user.name == name))
}

/// The account with this canonical name, and its membership in the group. Accounts below `uid_min` are the system's and never
/// managed, so the group is not read for them.
///
/// # Errors
/// [`Error`]. [`Error::NoGroup`] too: nobody can then tell which accounts are managed, and a managed one must not pass for one
/// that is not.
pub fn look_up(name: &str, group: Option<&str>, uid_min: u32) -> Result<Option<Account>, Error> {
    let Some(user) = user(name)? else { return Ok(None) };
    let in_group = match group {
        Some(group) if user.uid.as_raw() >= uid_min => is_in(&user, group)?,
        _ => false,
    };
    Ok(Some(Account { name: user.name, uid: user.uid.as_raw(), in_group }))
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
}
