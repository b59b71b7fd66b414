//! fail2ban, where it is installed: whether it knows plex-authd's lines.

use std::path::Path;

use super::checks::Findings;

/// Part of fail2ban itself; its directories are made by whoever brings it a filter, as our package does.
const ITSELF: &str = "/etc/fail2ban/fail2ban.conf";

/// Looks for the filter and the jail.
pub(super) fn check(findings: &mut Findings) {
    if !Path::new(ITSELF).exists() {
        return;
    }
    let there = |file: &str| Path::new("/etc/fail2ban").join(file).exists();
    if !there("filter.d/plex-auth.conf") {
        let mend = "copy packaging/fail2ban/filter.d/plex-auth.conf to /etc/fail2ban/filter.d/, and enable a jail";
        findings.note("fail2ban", "it is installed and does not know plex-authd's lines", mend);
    } else if !there("jail.d/plex-auth.conf") && !there("jail.d/plex-auth.local") && !there("jail.local") {
        let mend = "copy packaging/fail2ban/jail.d/plex-auth.conf to /etc/fail2ban/jail.d/";
        findings.note("fail2ban", "the filter for plex-authd is there, and no jail uses it", mend);
    } else {
        findings.good("fail2ban", "it knows plex-authd's lines");
    }
}
