//! The members that a group's entry and `/etc/passwd` list. A group may have others, such as those of a directory that answers
//! for single users alone.

use std::collections::BTreeSet;

use nix::unistd::{Group, User};

use super::error::Error;
use super::files::{PasswdLine, passwd_lines};
use super::look_up::user;

/// The most names that are looked up, apart from those of `/etc/passwd`. Names beyond it stay as the group has them.
const MAX_LOOK_UPS: usize = 100;

/// The listed members of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedMembers {
    /// Canonical names, which are those that log in (R66). A name that no account answers to is as the group has it.
    pub names: BTreeSet<String>,
    /// Each name could be looked up: an account that is not in [`Self::names`] is not listed.
    pub is_complete: bool,
}

/// The names in a group's entry, and those of the accounts in `/etc/passwd` whose primary group it is.
///
/// # Errors
/// [`Error::File`]
pub fn listed_members(group: &Group) -> Result<ListedMembers, Error> {
    Ok(listed(group, &passwd_lines()?, user))
}

fn listed(group: &Group, passwd: &[PasswdLine], find: impl Fn(&str) -> Result<Option<User>, Error>) -> ListedMembers {
    let primary = passwd.iter().filter(|line| line.gid == group.gid.as_raw()).map(|line| line.name.clone());
    let mut members = ListedMembers { names: primary.collect(), is_complete: true };
    let local: BTreeSet<_> = passwd.iter().map(|line| line.name.as_str()).collect();
    let (here, elsewhere): (Vec<_>, Vec<_>) = group.mem.iter().partition(|name| local.contains(name.as_str()));
    members.names.extend(here.into_iter().cloned());
    for (number, name) in elsewhere.into_iter().enumerate() {
        let found = if number < MAX_LOOK_UPS { find(name) } else { Ok(None) };
        match found {
            Ok(found) => {
                members.names.insert(found.map_or_else(|| name.clone(), |user| user.name));
            }
            // No login has such a name.
            Err(Error::NoCanonicalName) => {}
            Err(_) => members.is_complete = false,
        }
    }
    members
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::cell::Cell;
    use std::ffi::CString;

    use nix::errno::Errno;
    use nix::unistd::Gid;

    use super::*;

    fn group(names: impl IntoIterator<Item = String>) -> Group {
        let mem = names.into_iter().collect();
        Group { name: "friends".into(), passwd: CString::default(), gid: Gid::from_raw(990), mem }
    }

    #[test]
    fn r66_r74_members_are_listed_under_the_names_that_log_in() {
        let root = User::from_name("root").unwrap().unwrap();
        let passwd = ["alice:x:1000:990::/:/bin/sh", "bob:x:1001:1001::/:/bin/sh", "eve:x:1002:1002::/:/bin/sh"];
        let passwd: Vec<_> = passwd.into_iter().filter_map(PasswdLine::parse).collect();
        let directory = |name: &str| match name {
            "Dora" | "dora@example.org" => Ok(Some(User { name: "dora".into(), ..root.clone() })),
            "twin" => Err(Error::NoCanonicalName),
            "down" => Err(Error::NameService(Errno::ECONNREFUSED)),
            "bob" => Ok(Some(User { name: "not asked".into(), ..root.clone() })),
            _ => Ok(None),
        };
        let names = |members: &ListedMembers| members.names.iter().cloned().collect::<Vec<_>>().join(" ");
        let entry = |text: &str| group(text.split(' ').map(str::to_owned));
        let members = listed(&entry("bob Dora dora@example.org Gone twin"), &passwd, directory);
        assert_eq!((names(&members).as_str(), members.is_complete), ("Gone alice bob dora", true));
        let members = listed(&entry("bob down Dora"), &passwd, directory);
        assert_eq!((names(&members).as_str(), members.is_complete), ("alice bob dora", false));
    }

    #[test]
    fn r65_a_long_group_causes_a_limited_number_of_look_ups() {
        let (names, asked) = ((0..80_000).map(|number| format!("member{number:05}")), Cell::new(0));
        let find = |_: &str| {
            asked.set(asked.get() + 1);
            Ok(None)
        };
        assert_eq!(listed(&group(names), &[], find).names.len(), 80_000);
        assert_eq!(asked.get(), MAX_LOOK_UPS);
    }
}
