//! Checks of `SELinux` and `AppArmor`: denials for plex-auth within the last day.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ui::check::Checks;

/// Logs with the kernel's denials. One denial may be in several.
const LOGS: [&str; 4] = ["/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/messages", "/var/log/syslog"];

/// Part of a log that is read, in bytes from its end.
const TAIL: u64 = 2 * 1024 * 1024;

/// Greatest age of a denial, in seconds.
const DAY: u64 = 86_400;

/// Checks the logs for denials.
pub(super) fn check(checks: &mut Checks) {
    let enforcing = fs::read_to_string("/sys/fs/selinux/enforce").is_ok_and(|word| word.trim() == "1");
    let apparmor = fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|word| word.trim() == "Y");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (mut selinux, mut profiles) = (0_usize, 0_usize);
    for log in LOGS {
        let text = system::tail(Path::new(log), TAIL);
        selinux = selinux.max(refusals(&text, now, "avc:  denied"));
        profiles = profiles.max(refusals(&text, now, "apparmor=\"DENIED\""));
    }
    if selinux > 0 && enforcing {
        let what = format!("it has refused plex-auth something {} in the last day, and is enforcing", times(selinux));
        checks.error("SELinux", what, "see: ausearch -m avc -ts yesterday | grep plex | audit2why");
    } else if selinux > 0 {
        let what = format!(
            "it would have refused plex-auth something {} in the last day; it is not enforcing",
            times(selinux)
        );
        checks.warning("SELinux", what, "see: ausearch -m avc -ts yesterday | grep plex | audit2why");
    } else if enforcing {
        checks.ok("SELinux", "it is enforcing, and has refused plex-auth nothing in the last day");
    }
    if profiles > 0 {
        let what = format!("it has refused plex-auth something {} in the last day", times(profiles));
        checks.error(
            "AppArmor",
            what,
            "see: grep -h 'apparmor=\"DENIED\".*plex' /var/log/audit/audit.log /var/log/kern.log",
        );
    } else if apparmor {
        checks.ok("AppArmor", "it has refused plex-auth nothing in the last day");
    }
}

fn times(count: usize) -> String {
    protocol::counted(count, "time", "times")
}

/// Number of denials for plex-auth within the last day.
fn refusals(log: &str, now: u64, sign: &str) -> usize {
    let ours = |line: &&str| line.contains(sign) && ["plex-auth", "pam_plex"].iter().any(|name| line.contains(name));
    log.lines().filter(ours).filter(|line| when(line).is_none_or(|at| at + DAY >= now)).count()
}

/// The second of `audit(1700000000.123:45)`.
fn when(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("audit(")?;
    rest.split(['.', ':']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_denials_of_the_last_day_for_plex_auth_count() {
        let line = |at: u64, comm: &str| {
            format!(
                "type=AVC msg=audit({at}.123:45): avc:  denied  {{ connectto }} for  pid=7 comm=\"{comm}\" \
                 path=\"/run/plex-auth/socket\" scontext=a tcontext=b tclass=unix_stream_socket permissive=0\n"
            )
        };
        let (now, sign) = (1_800_000_000, "avc:  denied");
        assert_eq!(refusals(&line(now - 10, "sshd"), now, sign), 1);
        assert_eq!(refusals(&line(now - 2 * DAY, "sshd"), now, sign), 0);
        assert_eq!(refusals(&line(now, "sshd").replace("plex-auth", "other"), now, sign), 0);
        assert_eq!(refusals(&line(now, "plex-authd").replace("denied", "granted"), now, sign), 0);
        let apparmor = "Nov 25 den kernel: audit: type=1400 audit(1799999990.1:2): apparmor=\"DENIED\" operation=\"open\" \
                        profile=\"/usr/sbin/plex-authd\" name=\"/etc/x\" comm=\"plex-authd\"\n";
        assert_eq!(refusals(apparmor, now, "apparmor=\"DENIED\""), 1);
    }
}
