//! Checks of sshd's effective settings, as `sshd -T` reports them.

use std::collections::BTreeMap;
use std::time::Duration;

use config::Config;
use nix::unistd::User;
use system::command::{self, Command};

use super::shadow;
use super::shell::argument;
use crate::ui::check::Checks;

const CHECK: &str = "sshd";

/// Paths of sshd.
const PATHS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"];

/// Longest duration of a link sign-in, in seconds.
const LINK: u64 = 110;

/// Command that puts a setting at the beginning of the file: sshd uses the first.
fn set(line: &str) -> String {
    format!("run: sed -i '1i {line}' /etc/ssh/sshd_config; systemctl reload ssh")
}

/// Checks the settings that apply to one of the managed accounts.
pub(super) fn check(config: Option<&Config>, users: &[User], checks: &mut Checks) {
    let Some(sshd) = command::find(&PATHS) else { return };
    let who = users.first().map_or("nobody", |user| user.name.as_str());
    let connection = format!("user={who},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22");
    let said = match Command::tool(sshd, &["-T", "-C", &connection]).run() {
        Ok(said) if said.is_ok() => said.stdout,
        Ok(said) => {
            let why = said.stderr.lines().next().unwrap_or("it does not say why").to_owned();
            checks.error(
                CHECK,
                format!("its configuration is refused: {why}"),
                "run: sshd -t; then mend what it names",
            );
            return;
        }
        Err(why) => {
            checks.warning(CHECK, format!("its settings cannot be read: {why}"), "run: sshd -T");
            return;
        }
    };
    let before = checks.count();
    judge(&settings(&said), config, &shadow::locked(users), checks);
    checks.ok_unless(before, CHECK, "it asks PAM, for passwords and for keys");
}

/// Settings by name, in lower case; the first of each counts.
fn settings(said: &str) -> BTreeMap<&str, &str> {
    said.lines().rev().filter_map(|line| line.split_once(' ')).map(|(name, value)| (name, value.trim())).collect()
}

fn judge(settings: &BTreeMap<&str, &str>, config: Option<&Config>, locked: &[&str], checks: &mut Checks) {
    let is = |name: &str, value: &str| settings.get(name).is_some_and(|set| set.eq_ignore_ascii_case(value));
    let number = |name: &str| settings.get(name).and_then(|set| set.parse::<u64>().ok());
    let link = config.is_some_and(|config| config.link_sign_in);
    if !is("usepam", "yes") {
        checks.error(
            CHECK,
            "UsePAM is off: nobody can sign in with Plex, and removed friends keep their keys",
            set("UsePAM yes"),
        );
        if !locked.is_empty() {
            let what = format!("without UsePAM it takes a locked password for a locked account: {}", locked.join(", "));
            let commands: Vec<_> =
                locked.iter().map(|name| format!("usermod --password '*' {}", argument(name))).collect();
            checks.warning(CHECK, what, format!("run: {}", commands.join(" && ")));
        }
    }
    match (is("kbdinteractiveauthentication", "yes"), is("passwordauthentication", "yes")) {
        (true, _) => {}
        (false, false) => {
            let what = "KbdInteractiveAuthentication and PasswordAuthentication are off: no password is asked for";
            checks.error(CHECK, what, set("KbdInteractiveAuthentication yes"));
        }
        (false, true) if link => {
            let what = "KbdInteractiveAuthentication is off: link sign-in and verification codes cannot be shown";
            checks.error(CHECK, what, set("KbdInteractiveAuthentication yes"));
        }
        (false, true) => {
            let what = "KbdInteractiveAuthentication is off: users with two-factor authentication must type the code right behind the password";
            checks.info(CHECK, what, set("KbdInteractiveAuthentication yes"));
        }
    }
    grace(number("logingracetime"), config, checks);
    if let Some(tries) = number("maxauthtries").filter(|tries| *tries < 3) {
        let what =
            format!("MaxAuthTries is {tries}: keys that the client offers count too, and leave no try for a password");
        checks.warning(CHECK, what, set("MaxAuthTries 6"));
    }
    if is("permitemptypasswords", "yes") {
        let what = "PermitEmptyPasswords is on: an account without a password is open to everybody";
        checks.warning(CHECK, what, set("PermitEmptyPasswords no"));
    }
    if is("usedns", "yes") {
        let what = "UseDNS is on: sshd passes on host names, which clients choose in their own DNS, so all of them share the limits \
                    of one origin";
        checks.warning(CHECK, what, set("UseDNS no"));
    }
}

/// Checks `LoginGraceTime`, in seconds; zero means no limit.
fn grace(seconds: Option<u64>, config: Option<&Config>, checks: &mut Checks) {
    let (Some(seconds @ 1..), Some(config)) = (seconds, config) else { return };
    let login = config.timeouts.login;
    if config.link_sign_in && config.link_services.iter().any(|service| service == "sshd") && seconds < LINK {
        let what = format!("LoginGraceTime is {seconds}s: link sign-in may take {LINK}s, and is cut off");
        checks.warning(CHECK, what, set("LoginGraceTime 120"));
    } else if Duration::from_secs(seconds) <= login {
        let login = humantime::format_duration(login);
        let what = format!("LoginGraceTime is {seconds}s: a login may wait {login} for plex.tv alone, and is cut off");
        checks.warning(CHECK, what, set("LoginGraceTime 120"));
    }
}
