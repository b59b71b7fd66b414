//! Check of fail2ban, where it is installed: a filter and a jail for plex-authd's log lines.

use std::path::Path;

use crate::ui::check::Checks;

/// File of fail2ban itself; its directories may also exist because a package, such as ours, installs a filter.
const ITSELF: &str = "/etc/fail2ban/fail2ban.conf";

/// Checks for the filter and the jail.
pub(super) fn check(checks: &mut Checks) {
    if !Path::new(ITSELF).exists() {
        return;
    }
    let there = |file: &str| Path::new("/etc/fail2ban").join(file).exists();
    if !there("filter.d/plex-auth.conf") {
        let hint = "copy packaging/fail2ban/filter.d/plex-auth.conf to /etc/fail2ban/filter.d/, and enable a jail";
        checks.info("fail2ban", "it is installed and has no filter for plex-authd", hint);
    } else if !there("jail.d/plex-auth.conf") && !there("jail.d/plex-auth.local") && !there("jail.local") {
        let hint = "copy packaging/fail2ban/jail.d/plex-auth.conf to /etc/fail2ban/jail.d/";
        checks.info("fail2ban", "the filter for plex-authd is installed, but no jail uses it", hint);
    } else {
        checks.ok("fail2ban", "a jail uses the filter for plex-authd");
    }
}
