//! `/etc/login.defs`, login.defs(5).

use super::files::text;

const LOGIN_DEFS: &str = "/etc/login.defs";

/// `UID_MIN` where login.defs does not set it.
const DEFAULT_UID_MIN: u32 = 1000;

/// The first user id of people; those below belong to the system.
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
    fn uid_min_is_read_past_comments_and_similar_keys() {
        let uid_min_in = |login_defs: &str| number_in(login_defs, "UID_MIN");
        assert_eq!(uid_min_in("#UID_MIN 5\nSYS_UID_MIN 100\nUID_MIN\t\t 2000 # people\nUID_MIN 9\n"), Some(2000));
        assert_eq!(uid_min_in("UID_MAX 60000\n"), None);
        assert_eq!(uid_min_in("UID_MIN many\n"), None);
    }
}
