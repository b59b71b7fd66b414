//! Check for passwords that are kept elsewhere: in Kerberos, in a directory, or by systemd-homed.

use std::collections::BTreeMap;

use nix::unistd::User;

use super::shadow;
use super::stacks::Service;
use crate::ui::check::Checks;

const CHECK: &str = "passwords elsewhere";

/// Modules that have passwords of accounts without one in /etc/shadow.
const MODULES: [&str; 5] = ["pam_krb5", "pam_ldap", "pam_sss", "pam_systemd_home", "pam_winbind"];

/// The most accounts that are named.
const MOST: usize = 8;

/// Warns of stacks that send such a password to plex.tv first: without one in /etc/shadow, an account counts as one that has
/// the Plex password alone.
pub(super) fn check(services: &[Service], users: &[User], checks: &mut Checks) {
    let accounts = shadow::without_password(users);
    if accounts.is_empty() {
        return;
    }
    let mut found: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for service in services {
        let modules = service.behind_plex(&MODULES);
        if !modules.is_empty() {
            found.entry(modules).or_default().push(&service.name);
        }
    }
    let named = if accounts.len() <= MOST { accounts.join(", ") } else { format!("{} accounts", accounts.len()) };
    for (modules, services) in found {
        let (modules, services) = (modules.join(" and "), services.join(", "));
        let what = format!(
            "{services}: passwords of {named} that {modules} checks are sent to plex.tv first, since there is none in /etc/shadow"
        );
        let hint = format!(
            "if these accounts have one there, remove the line `pam_plex.so plex_only`, and put {modules} before \
             `pam_plex.so try_first_pass`"
        );
        checks.warning(CHECK, what, hint);
    }
}
