//! Warnings about configurations that are valid and leave a gap.

use policy::{PlexRef, Rules};

use crate::keys::Config;

/// The group's usual name: the package creates it, and the shipped PAM stacks name it.
pub const USUAL_GROUP: &str = "plex-users";

/// Group of the accounts that transfer files and can do nothing else, as a section of `sshd_config(5)` says. Only accounts that
/// plex-auth creates for it are members.
pub const FILES_GROUP: &str = "plex-files";

/// A warning about the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The gap in a sentence.
    pub what: String,
    /// How to close it.
    pub fix: String,
}

impl Config {
    /// True if a Plex account is the owner's, as far as the file says so: `admin_account` is set, and the account is
    /// `owner_id` or the name in `admin_account`.
    #[must_use]
    pub fn is_owners(&self, reference: &PlexRef) -> bool {
        self.rules().is_owners(None, reference, None)
    }

    /// The rules that decide who has access.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules { strict: self.strict_friends, admin: self.admin_account.clone(), owner_id: self.owner_id }
    }

    /// The gaps that the file alone shows.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let outside: Vec<_> =
            self.users.iter().filter(|(_, plex)| !self.is_owners(plex)).map(|(local, _)| local.as_str()).collect();
        if self.group.is_some() || outside.is_empty() {
            return Vec::new();
        }
        let what = format!(
            "[users] is set without group: while plex-authd is stopped, PAM takes {} for ordinary local accounts",
            outside.join(", ")
        );
        vec![Warning { what, fix: format!("run: plex-auth setup --yes --pam=no --group {USUAL_GROUP}") }]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::path::Path;

    use super::*;

    fn parsed(further: &str) -> Config {
        let text = format!("token = \"t\"\nmachine_id = \"0123456789abcdef\"\nowner_id = 1\n{further}");
        crate::validate::parse(&text, Path::new("x")).unwrap()
    }

    #[test]
    fn r65_the_owners_account_is_the_one_of_the_id_or_of_admin_account() {
        let config = parsed("admin_account = \"Olga\"\n");
        let owners = ["1", "olga", "OLGA"].map(PlexRef::parse);
        for reference in owners.iter().chain(&[PlexRef::Member("olga".into()), PlexRef::Member("Olga".into())]) {
            assert!(config.is_owners(reference), "{reference:?}");
            assert!(!parsed("").is_owners(reference), "without admin_account nobody is: {reference:?}");
        }
        for reference in [PlexRef::parse("2"), PlexRef::parse("alice"), PlexRef::Member("OLGA".into())] {
            assert!(!config.is_owners(&reference), "{reference:?}");
        }
    }

    #[test]
    fn r65_users_without_a_group_are_a_warning_unless_all_are_the_owner() {
        let alice = "[users]\nalice = \"2\"\nolga = \"1\"\n";
        let warnings = parsed(&format!("admin_account = \"olga\"\n{alice}")).warnings();
        assert!(matches!(warnings.as_slice(), [one] if one.what.contains("takes alice for")), "{warnings:?}");
        assert!(matches!(parsed(alice).warnings().as_slice(), [one] if one.what.contains("alice, olga")));
        assert_eq!(parsed(&format!("group = \"friends\"\n{alice}")).warnings(), []);
        assert_eq!(parsed("admin_account = \"olga\"\n[users]\nolga = \"1\"\n").warnings(), []);
        assert_eq!(parsed("").warnings(), []);
    }
}
