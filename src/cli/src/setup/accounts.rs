//! The local accounts, as far as it matters whose they may become.

use std::ffi::CString;

use facts::accounts::uid_min;
use nix::unistd::{Group, User, getgrouplist};

/// Groups whose members can become root, or as good as.
pub(crate) const POWERFUL: [&str; 11] =
    ["root", "sudo", "wheel", "admin", "adm", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"];

/// The longest name that Linux's tools take.
const LONGEST: usize = 32;

/// What there is under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    /// No account: it can be created.
    Free,
    /// Somebody's.
    Person,
    /// Somebody's who can become root.
    Powerful,
    /// root's or the system's: nobody ever signs in to it with Plex.
    System,
}

/// What there is under a name. A name service that cannot say counts as no account; `plex-auth doctor` looks closer.
pub(crate) fn look_up(name: &str) -> Local {
    match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() || user.uid.as_raw() < uid_min() => Local::System,
        Ok(Some(user)) if is_powerful(&user) => Local::Powerful,
        Ok(Some(_)) => Local::Person,
        _ => Local::Free,
    }
}

fn is_powerful(user: &User) -> bool {
    let Ok(name) = CString::new(user.name.as_str()) else { return true };
    // Whoever cannot be looked at closely is not given away by default.
    let Ok(groups) = getgrouplist(&name, user.gid) else { return true };
    POWERFUL.iter().filter_map(|group| Group::from_name(group).ok().flatten()).any(|group| groups.contains(&group.gid))
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
pub(crate) fn is_of_a_user(group: &Group) -> bool {
    User::from_name(&group.name).ok().flatten().is_some_and(|user| user.gid == group.gid)
}

#[cfg(test)]
mod tests {
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
        assert_eq!((look_up("root"), look_up("daemon")), (Local::System, Local::System));
        assert_eq!(look_up("no-such-account"), Local::Free);
    }
}
