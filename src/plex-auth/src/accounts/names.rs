//! Rules for the names of local accounts.

use nix::unistd::User;
use system::accounts;

use super::powers::POWERFUL;
use super::sysusers;
use crate::error::Error;

/// Names that systems and packages create. An account of such a name would become the package's, or could get a group of the
/// same name, with rights that the owner did not mean to give. Each is reserved as a user's name and as a group's.
const RESERVED: &str = include_str!("system-names.txt");

/// Beginnings of further reserved names.
const FAMILIES: [&str; 2] = ["systemd-", "plex-auth"];

/// Files whose lines begin with the name of an account that owns subordinate ids.
const SUBORDINATE_IDS: [&str; 2] = ["/etc/subuid", "/etc/subgid"];

/// Names of new accounts and groups, for a hint.
const NEW_NAME: &str = "use a to z, 0 to 9, - and _, begin with a letter, and end after 32 characters at most";

/// Longest prefix for new accounts, in bytes.
const LONGEST_PREFIX: usize = 16;

/// The local name for a Plex username, if a new account can have it.
pub(crate) fn local_name(username: &str) -> Option<String> {
    Some(username.to_ascii_lowercase()).filter(|name| accounts::can_be_created(name))
}

/// Tests whether a name is reserved: no friend's account has it.
pub(crate) fn is_reserved(name: &str) -> bool {
    POWERFUL.contains(&name)
        || reserved().any(|reserved| reserved == name)
        || FAMILIES.iter().any(|family| name.starts_with(family))
}

fn reserved() -> impl Iterator<Item = &'static str> {
    RESERVED.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace)
}

/// Checks the name of a new account.
///
/// # Errors
/// The name is malformed or reserved.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    let shown = protocol::printable(name, 64);
    if !accounts::can_be_created(name) {
        return Err(Error::new(format!("'{shown}' cannot be a local name")).hint(NEW_NAME));
    }
    if is_reserved(name) || [config::USUAL_GROUP, config::FILES_GROUP].contains(&name) {
        return Err(
            Error::new(format!("'{shown}' is a name with a special meaning to the system")).hint("choose another one")
        );
    }
    Ok(())
}

/// Checks the name of a group that does not exist, before it is created.
///
/// # Errors
/// The name is malformed or reserved.
pub(crate) fn check_group(name: &str) -> Result<(), Error> {
    let shown = protocol::printable(name, 64);
    if !accounts::can_be_created(name) {
        return Err(Error::new(format!("there is no group '{shown}', and a new one cannot have that name")).hint(format!(
            "choose another one, such as {}: {NEW_NAME}; or correct the directory that it is from, until this shows it: \
             getent group",
            config::USUAL_GROUP
        )));
    }
    if is_reserved(name) {
        return Err(Error::new(format!(
            "there is no group {shown}, and packages create one of that name for themselves"
        ))
        .hint(format!("set another group: plex-auth setup --group {}", config::USUAL_GROUP)));
    }
    Ok(())
}

/// Whether a new account can have a name.
#[derive(Debug)]
pub(crate) enum Availability {
    /// It can.
    Free,
    /// The name is malformed or reserved.
    Unsuitable(Error),
    /// A user or a group has it.
    Exists,
    /// It belongs to the system otherwise, as this text says.
    Claimed(String),
}

/// Tests whether a new account can have a name. `group` is the configured group, whose name no account has, even before the
/// group exists: the account's own group would have that name.
///
/// # Errors
/// The account database, `/etc/subuid` or `/etc/subgid` cannot be read.
pub(crate) fn availability(name: &str, group: Option<&str>) -> Result<Availability, Error> {
    if let Err(error) = check(name) {
        return Ok(Availability::Unsuitable(error));
    }
    if group == Some(name) {
        let error = Error::new(format!("'{name}' is the name of the friends' group")).hint("choose another name");
        return Ok(Availability::Unsuitable(error));
    }
    if is_taken(name)? {
        return Ok(Availability::Exists);
    }
    Ok(claim(name)?.map_or(Availability::Free, Availability::Claimed))
}

fn is_taken(name: &str) -> Result<bool, Error> {
    let failed = |why: &str| Error::new(format!("the system cannot say who '{name}' is: {why}"));
    let user = User::from_name(name).map_err(|error| failed(error.desc()))?;
    Ok(user.is_some() || accounts::group_exists(name).map_err(|why| failed(&why.to_string()))?)
}

/// Why a name that no user or group has cannot be a new account's: `sysusers.d` creates it, or it owns subordinate ids.
fn claim(name: &str) -> Result<Option<String>, Error> {
    if let Some(file) = sysusers::file_with(name) {
        return Ok(Some(format!("{} creates a user or a group '{name}'", file.display())));
    }
    for file in SUBORDINATE_IDS {
        match std::fs::read(file) {
            Ok(text) if String::from_utf8_lossy(&text).lines().any(|line| line.split(':').next() == Some(name)) => {
                return Ok(Some(format!("'{name}' has subordinate ids in {file}")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::new(format!("{file}: {error}"))),
        }
    }
    Ok(None)
}

/// Checks a prefix for names of new accounts. It ends with a mark, and no name of the system's begins with it, so that what
/// a friend puts behind it is no such name.
///
/// # Errors
/// It cannot be a prefix.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), Error> {
    let shown = protocol::printable(prefix, 64);
    let is_name = accounts::can_be_created(prefix) && (2..=LONGEST_PREFIX).contains(&prefix.len());
    if !is_name || !prefix.ends_with(['-', '_']) {
        return Err(Error::new(format!("'{shown}' cannot be a prefix"))
            .hint("use a to z, 0 to 9, - and _, begin with a letter, end with - or _, for example plex-"));
    }
    let is_reserved = FAMILIES.iter().any(|family| prefix.starts_with(family));
    if is_reserved || reserved().any(|reserved| reserved.starts_with(prefix)) {
        return Err(Error::new(format!("names of system accounts begin with '{shown}'"))
            .hint("choose another prefix, such as plex-"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    /// The local name that a Plex username gives, unless it is reserved.
    fn from_plex(username: &str) -> Option<String> {
        local_name(username).filter(|name| check(name).is_ok())
    }

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

    /// Users and groups that a distribution registers.
    const REGISTERED: &str = include_str!("../../tests/nixos-ids.txt");

    /// Users and groups of packages and images of Arch, Fedora, Debian and Alpine, and of cloud images.
    const OF_PACKAGES: &str = "abuild alpm buildkit cadvisor clevis cloudflared cockpit-ws cockpit-wsinstance dev \
        dockerroot flashrom gdm git http input insights jenkins libvirt-dbus lxd microk8s minio mock nbd netbird opc \
        pesign redmine render rhsm runner seat seatd setroubleshoot tang test ubuntu user ydotool zfs";

    #[test]
    fn r73_names_that_distributions_register_or_their_packages_create_are_reserved() {
        let registered: Vec<_> =
            REGISTERED.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
        assert!(registered.len() > 200 && registered.is_sorted_by(|one, next| one < next), "{}", registered.len());
        for name in registered.into_iter().chain(OF_PACKAGES.split_whitespace()) {
            assert_eq!(from_plex(name), None, "{name}");
        }
    }

    #[test]
    fn r73_name_of_the_friends_group_is_nobodys_before_the_group_exists() {
        assert!(matches!(availability("plex-users", None).unwrap(), Availability::Unsuitable(_)));
        assert!(matches!(availability("plex-files", None).unwrap(), Availability::Unsuitable(_)));
        assert!(matches!(availability("my-friends", Some("my-friends")).unwrap(), Availability::Unsuitable(_)));
        assert!(matches!(availability("my-friends", Some("plex-users")).unwrap(), Availability::Free));
        // The group itself can be created, and names of friends may begin like it.
        assert!(!is_reserved("plex-users") && check_prefix("plex-").is_ok());
    }

    #[test]
    fn r73_the_list_of_reserved_names_is_sorted_and_has_only_names_that_could_be_chosen() {
        let names: Vec<_> = reserved().collect();
        assert!(names.len() > 1900 && names.is_sorted());
        for name in names {
            assert_eq!(local_name(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn r78_a_new_group_has_a_name_that_groupadd_accepts_and_that_no_package_uses() {
        assert!(check_group("plex-users").is_ok() && check_group("my-friends").is_ok());
        for name in ["a b", "domain users", "Friends", "1st", "-x", "docker", "plex-authd", &"a".repeat(33)] {
            assert!(check_group(name).is_err(), "{name}");
        }
    }

    #[test]
    fn r73_a_prefix_keeps_new_accounts_apart_from_the_systems() {
        for prefix in ["plex-", "p_", "friend-of-olga-"] {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        let malformed = ["", "-", "m", "mo", "plex", "Plex-", "7-", "_x-", "a b-", "a-very-long-prefix-"];
        let reserved = ["systemd-", "systemd-x-", "plex-auth-", "plex-auth_", "plex-authd-", "gitlab-"];
        for prefix in malformed.into_iter().chain(reserved) {
            assert!(check_prefix(prefix).is_err(), "{prefix}");
        }
    }

    #[test]
    fn a_name_in_use_or_reserved_is_not_free() {
        assert!(is_taken("root").unwrap());
        assert!(matches!(availability("no-such-account", None).unwrap(), Availability::Free));
        assert!(matches!(availability("jenkins", None).unwrap(), Availability::Unsuitable(_)));
    }
}
