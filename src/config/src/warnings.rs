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
        self.ordinary_accounts().into_iter().chain(self.small_part()).chain(self.no_link_codes()).collect()
    }

    fn ordinary_accounts(&self) -> Option<Warning> {
        let outside: Vec<_> =
            self.users.iter().filter(|(_, plex)| !self.is_owners(plex)).map(|(local, _)| local.as_str()).collect();
        if self.group.is_some() || outside.is_empty() {
            return None;
        }
        let what = format!(
            "[users] is set without group: while plex-authd is stopped, PAM takes {} for ordinary local accounts",
            outside.join(", ")
        );
        Some(Warning { what, fix: format!("run: plex-auth setup --yes --pam=no --group {USUAL_GROUP}") })
    }

    /// With many hosts, the part of one of them may be too small for anybody's first sign-in. It is not rounded up: all hosts
    /// together would get their address blocked.
    fn small_part(&self) -> Option<Warning> {
        let limits = &self.throttle;
        let consequence = match limits.strangers_here() {
            0 => "0, so nobody can sign in with a password where they have not signed in before",
            1 => {
                "1, so one failed sign-in keeps out everybody who has not signed in from the same place before, and nobody \
                  with a verification code can sign in for the first time"
            }
            _ => return None,
        };
        let what = format!(
            "[throttle] hosts = {} leaves this host, of rejected_per_hour = {}, a part for strangers of {consequence}",
            limits.hosts, limits.rejected_per_hour
        );
        let fix = format!(
            "set rejected_per_hour = {} or more on every host, if plex.tv accepts so many from one address, or let fewer hosts \
             sign in at plex.tv",
            limits.least_rejected_per_hour()
        );
        Some(Warning { what, fix })
    }

    fn no_link_codes(&self) -> Option<Warning> {
        let limits = &self.throttle;
        if !self.link_sign_in || limits.strangers_codes_here() > 0 {
            return None;
        }
        let what = format!(
            "[throttle] hosts = {} leaves this host no link code, of link_codes_per_hour = {}, for anybody who has not signed \
             in from the same place before",
            limits.hosts, limits.link_codes_per_hour
        );
        let fix = format!("set link_codes_per_hour = {} or more on every host", limits.least_link_codes_per_hour());
        Some(Warning { what, fix })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
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

    #[test]
    fn r85_a_part_too_small_for_a_first_sign_in_is_a_warning_with_the_number_that_is_needed() {
        let warnings = |hosts: u32, further: &str| parsed(&format!("{further}throttle.hosts = {hosts}\n")).warnings();
        assert_eq!(warnings(10, ""), []);
        for (hosts, part, needed) in [(11, "a part for strangers of 1,", 33), (40, "a part for strangers of 0,", 120)] {
            let found = warnings(hosts, "");
            let [one] = found.as_slice() else { panic!("{found:?}") };
            assert!(one.what.contains(part) && one.fix.contains(&format!("rejected_per_hour = {needed} ")), "{one:?}");
            assert_eq!(warnings(hosts, &format!("throttle.rejected_per_hour = {needed}\n")), [], "{hosts}");
        }
        let link = "link_sign_in = true\nthrottle.rejected_per_hour = 500\nthrottle.sign_ins_per_hour = 500\n";
        assert_eq!(warnings(40, link), []);
        let found = warnings(41, link);
        assert!(matches!(found.as_slice(), [one] if one.fix.contains("link_codes_per_hour = 62 ")), "{found:?}");
        assert_eq!(warnings(41, &format!("{link}throttle.link_codes_per_hour = 62\n")), []);
    }
}
