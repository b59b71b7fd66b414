//! Checks of SMB password synchronisation, and of open SMB sessions without access.

use std::collections::BTreeMap;

use config::Config;
use protocol::{Phase, Verdict};
use system::command::{self, Command};

use super::helpers;
use super::names::{number, quoted};
use crate::client::conversation::explain;
use crate::context::Context;
use crate::ui::check::Checks;

/// Paths of smbstatus.
const SMBSTATUS: [&str; 2] = ["/usr/bin/smbstatus", "/usr/local/samba/bin/smbstatus"];

/// Paths of testparm.
const TESTPARM: [&str; 2] = ["/usr/bin/testparm", "/usr/local/samba/bin/testparm"];

/// The PAM stack of Samba.
const STACK: &str = "/etc/pam.d/samba";

pub(super) fn check(context: &Context, config: Option<&Config>, checks: &mut Checks) {
    if config.is_some_and(|config| config.samba.sync_password) {
        helpers::smb_passwords(checks);
        master(checks);
    }
    sessions(context, checks);
}

/// Checks that SMB clients cannot change the password.
fn master(checks: &mut Checks) {
    let Some(testparm) = command::find(&TESTPARM) else { return };
    let is_on = |name: &str| {
        let said = Command::tool(testparm, &["-s", &format!("--parameter-name={name}")]).run();
        said.is_ok_and(|said| said.is_ok() && said.stdout.trim().eq_ignore_ascii_case("yes"))
    };
    let through_pam = is_on("unix password sync") && is_on("pam password change");
    let stack = std::fs::read_to_string(STACK).unwrap_or_default();
    let asked = stack.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("password") && words.any(|word| word == "pam_plex.so" || word == "plex-auth")
    });
    if !through_pam {
        let what = "clients can change an SMB password, which is then not that of Plex until the next login";
        let hint = "set unix password sync = yes and pam password change = yes, as the example global.conf does";
        checks.warning("SMB passwords", what, hint);
    } else if !asked {
        let what = "a client that changes its password gets a local one in /etc/shadow";
        checks.error(
            "SMB passwords",
            what,
            format!("add `password include plex-auth` to {STACK}, before other lines of password"),
        );
    }
}

/// Reports sessions of users who have lost access: Samba does not close them.
fn sessions(context: &Context, checks: &mut Checks) {
    let Some(smbstatus) = command::find(&SMBSTATUS) else { return };
    let Ok(said) = Command::tool(smbstatus, &["-p"]).run() else { return };
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (process, user) in said.stdout.lines().filter_map(session) {
        open.entry(user).or_default().push(process.to_string());
    }
    open.retain(|user, _| is_refused(context, user));
    if open.is_empty() {
        return;
    }
    let names: Vec<_> = open.keys().copied().collect();
    let has = number(&names, "has a session", "have sessions");
    let what = format!("{} may not sign in any more and still {has} open", quoted(&names));
    let processes: Vec<_> = open.into_values().flatten().collect();
    checks.error("SMB sessions", what, format!("run: kill {}", processes.join(" ")));
}

/// The process and the user of a line of `smbstatus -p`.
fn session(line: &str) -> Option<(u32, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?))
}

fn is_refused(context: &Context, user: &str) -> bool {
    let verdict = explain(&context.socket, user, "plex-auth", Phase::Account, None, None);
    verdict.is_ok_and(|(verdict, _)| verdict == Verdict::NotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_parsed_and_headings_skipped() {
        let text = "\nSamba version 4.17.12-Debian\nPID     Username     Group        Machine\n-----------\n\
                    1234    alice        alice        127.0.0.1 (ipv4:127.0.0.1:40000)   SMB3_11   -   partial(AES-128-GMAC)\n";
        let found: Vec<_> = text.lines().filter_map(session).collect();
        assert_eq!(found, [(1234, "alice")]);
    }
}
