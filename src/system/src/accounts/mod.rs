//! The local account database, by the system's own name service.

mod group;

use nix::unistd::{Uid, User};
use policy::Account;

pub use group::{group, group_exists, groups_of, is_member, is_too_long_for_pam, members, text};

/// Where `UID_MIN` is set.
const LOGIN_DEFS: &str = "/etc/login.defs";

/// `UID_MIN` where login.defs does not say.
const DEFAULT_UID_MIN: u32 = 1000;

/// An account and whether it is in the group. The system's own, below `uid_min`, are never managed, so that nothing is
/// asked about them.
///
/// # Errors
/// When the name service cannot say. A group that is not there is an error too: nobody can then tell whose accounts are
/// managed, and one that is must not pass for one that is not.
pub fn look_up(name: &str, group: Option<&str>, uid_min: u32) -> Result<Option<Account>, String> {
    let failed = |error: nix::Error| error.desc().to_owned();
    let Some(user) = User::from_name(name).map_err(failed)? else { return Ok(None) };
    // A name service may answer to another spelling; the account is the one that it names.
    if user.name != name {
        return Ok(None);
    }
    let in_group = match group {
        Some(group) if user.uid.as_raw() >= uid_min => is_in(&user, group)?,
        _ => false,
    };
    Ok(Some(Account { name: user.name, uid: user.uid.as_raw(), in_group }))
}

fn is_in(user: &User, name: &str) -> Result<bool, String> {
    match group(name)? {
        Some(group) => is_member(user, &group),
        None => Err(format!("there is no group '{name}'; create it: groupadd {name}")),
    }
}

/// Whether the user with this id is one of these.
///
/// # Errors
/// When the name service cannot say who has this id.
pub fn is_one_of(uid: u32, names: &[String]) -> Result<bool, String> {
    if names.is_empty() {
        return Ok(false);
    }
    let user = User::from_uid(Uid::from_raw(uid)).map_err(|error| format!("uid {uid}: {}", error.desc()))?;
    Ok(user.is_some_and(|user| names.contains(&user.name)))
}

/// The first user id that is a person's.
#[must_use]
pub fn uid_min() -> u32 {
    login_defs("UID_MIN").unwrap_or(DEFAULT_UID_MIN)
}

/// A number of login.defs, such as `UID_MAX`, where it is set.
#[must_use]
pub fn login_defs(key: &str) -> Option<u32> {
    number_in(&text(LOGIN_DEFS).ok()?, key)
}

fn number_in(login_defs: &str, key: &str) -> Option<u32> {
    login_defs.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == key).then(|| words.next()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_min_is_read_past_comments_and_its_neighbours() {
        let uid_min_in = |login_defs: &str| number_in(login_defs, "UID_MIN");
        assert_eq!(uid_min_in("#UID_MIN 5\nSYS_UID_MIN 100\nUID_MIN\t\t 2000 # people\nUID_MIN 9\n"), Some(2000));
        assert_eq!(uid_min_in("UID_MAX 60000\n"), None);
        assert_eq!(uid_min_in("UID_MIN many\n"), None);
    }

    #[test]
    fn the_superuser_is_found_and_nobody_else_by_a_name_that_is_none() {
        assert!(matches!(look_up("root", None, 0), Ok(Some(Account { uid: 0, in_group: false, .. }))));
        for name in ["no-such-account", "", "root\n", "a:b"] {
            assert!(matches!(look_up(name, Some("root"), 0), Ok(None)), "{name}");
        }
        assert!(matches!(look_up("root", Some("root"), 0), Ok(Some(Account { in_group: true, .. }))));
        assert!(matches!(look_up("root", Some("no-such-group"), 1), Ok(Some(Account { in_group: false, .. }))));
        assert!(look_up("root", Some("no-such-group"), 0).is_err_and(|why| why.contains("groupadd no-such-group")));
        assert_eq!(is_one_of(0, &["root".to_owned()]), Ok(true));
        assert_eq!(is_one_of(0, &["daemon".to_owned()]), Ok(false));
    }
}
