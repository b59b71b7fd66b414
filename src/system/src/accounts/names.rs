//! Names of new users and groups.

/// Longest name that useradd and groupadd accept, in bytes.
const LONGEST: usize = 32;

/// Tests whether a new user or group can have a name: Debian's adduser, useradd and groupadd of all distributions accept it. Existing
/// ones, of a directory for instance, may have others, such as `domain users`.
#[must_use]
pub fn can_be_created(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    begins && name.len() <= LONGEST && name.bytes().all(plain)
}

/// How to get a missing group, for a message.
#[must_use]
pub fn missing_group_fix(name: &str) -> String {
    if can_be_created(name) {
        format!("create it: groupadd {name}")
    } else {
        "a new group cannot have that name: getent group has to show it if it is a directory's; or choose another one: \
         plex-auth setup --group NAME"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r78_a_missing_group_is_to_be_created_only_under_a_name_that_groupadd_accepts() {
        for name in ["plex-users", "a", "friends_2", &"a".repeat(32)] {
            assert_eq!(missing_group_fix(name), format!("create it: groupadd {name}"));
        }
        for name in ["domain users", "Friends", "2fast", "-o", "_x", "a.b", "j\u{f6}rg", "a$", "", &"a".repeat(33)] {
            assert!(!missing_group_fix(name).contains("groupadd"), "{name}");
        }
    }
}
