//! Checks of /etc/shadow and /etc/shells for managed accounts. Measured with OpenSSH 9.2: with `UsePAM yes`, a locked password
//! (`!`) has the same effect as none (`*`); without PAM, keys of such an account are refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::User;
use system::accounts::{LocalPassword, ShadowLine, passwd_lines, shadow_lines};

use super::shell::argument;
use crate::ui::check::Checks;

/// Shells that refuse logins on purpose.
const CLOSED: [&str; 2] = ["nologin", "false"];

/// Meaning of an account's line of /etc/shadow for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Fine,
    /// Locked: fine with PAM, refused by sshd without.
    Locked,
    /// No password at all: any will do where `nullok` stands.
    Empty,
    /// The account has expired.
    Expired,
    /// Its local password must be changed first.
    PasswordExpired,
}

/// The meaning of a line, on a day since 1970.
pub(super) fn state(line: &ShadowLine, today: i64) -> State {
    let overdue = |(changed, max): (i64, i64)| max >= 0 && today > changed.saturating_add(max);
    if line.expires.is_some_and(|expires| expires >= 0 && today >= expires) {
        return State::Expired;
    }
    if line.changed == Some(0) || line.changed.zip(line.max_days).is_some_and(overdue) {
        return State::PasswordExpired;
    }
    match line.password {
        LocalPassword::Empty => State::Empty,
        LocalPassword::Locked => State::Locked,
        LocalPassword::Impossible | LocalPassword::Set => State::Fine,
    }
}

/// Checks the password fields, expiry dates and shells of these accounts.
pub(super) fn check(users: &[User], checks: &mut Checks) {
    let (shadow, passwd) = match (shadow_lines(), passwd_lines()) {
        (Ok(shadow), Ok(passwd)) => (shadow, passwd),
        (Err(why), _) | (_, Err(why)) => {
            checks.error(
                "passwords",
                why.to_string(),
                "make it readable for root; nobody with a password of this machine logs in",
            );
            return;
        }
    };
    let before = checks.count();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let today = i64::try_from(seconds / 86_400).unwrap_or_default();
    for user in users {
        let name = user.name.as_str();
        match shadow.get(name) {
            Some(line) => say(name, state(line, today), checks),
            // Accounts of another source have their passwords there.
            None if passwd.iter().find(|line| line.name == name).is_some_and(|line| line.in_shadow) => {
                let what = format!("'{name}' has no line in /etc/shadow: PAM turns it away");
                checks.error("passwords", what, format!("run: pwconv && usermod --password '*' {}", argument(name)));
            }
            None => {}
        }
        shell(user, checks);
    }
    if !users.is_empty() {
        checks.ok_unless(before, "passwords", "no account has expired, and every shell lets its user in");
    }
}

fn say(name: &str, state: State, checks: &mut Checks) {
    match state {
        // Relevant only for sshd, which is checked separately.
        State::Fine | State::Locked => {}
        State::Empty => {
            let what = format!("'{name}' has an empty local password: any password lets in where pam_unix has nullok");
            checks.error("passwords", what, format!("run: usermod --password '*' {}", argument(name)));
        }
        State::Expired => {
            let what = format!("the account '{name}' has expired: PAM turns it away everywhere");
            checks.error("passwords", what, format!("run: chage --expiredate -1 {}", argument(name)));
        }
        State::PasswordExpired => {
            let what = format!("the local password of '{name}' has expired: a new one is asked for at every login");
            checks.error("passwords", what, format!("run: chage --lastday -1 --maxdays -1 {}", argument(name)));
        }
    }
}

/// Names of those accounts that are locked in the sense of an sshd without PAM.
pub(super) fn locked(users: &[User]) -> Vec<&str> {
    // An unreadable file was reported before.
    let shadow = shadow_lines().unwrap_or_default();
    let is_locked = |name: &str| shadow.get(name).is_some_and(|line| state(line, 0) == State::Locked);
    users.iter().map(|user| user.name.as_str()).filter(|name| is_locked(name)).collect()
}

/// Names of those accounts that are in /etc/passwd and have no password in /etc/shadow.
pub(super) fn without_password(users: &[User]) -> Vec<&str> {
    // An unreadable file was reported before.
    let (shadow, passwd) = (shadow_lines().unwrap_or_default(), passwd_lines().unwrap_or_default());
    let has_none = |user: &&User| {
        let is_local =
            passwd.iter().any(|line| line.name == user.name && line.uid == user.uid.as_raw() && line.in_shadow);
        let field = shadow.get(&user.name).map(|line| line.password);
        is_local && matches!(field, Some(LocalPassword::Impossible | LocalPassword::Locked))
    };
    users.iter().filter(has_none).map(|user| user.name.as_str()).collect()
}

fn shell(user: &User, checks: &mut Checks) {
    let (name, shell) = (&user.name, &user.shell);
    let shown = shell.display();
    // An empty field means /bin/sh.
    if shell.as_os_str().is_empty() {
        return;
    }
    if shell.file_name().is_some_and(|file| CLOSED.iter().any(|closed| file == *closed)) {
        let hint = format!("where that is not meant, run: usermod --shell /bin/sh {}", argument(name));
        checks.info("shell", format!("'{name}' has {shown}: it can sign in, but gets no shell"), hint);
    } else if !runs(shell) {
        let what = format!("'{name}' has the shell {shown}, which cannot be run: sshd turns it away");
        checks.error("shell", what, format!("run: usermod --shell /bin/sh {}", argument(name)));
    } else if fs::read_to_string("/etc/shells")
        .is_ok_and(|shells| !shells.lines().any(|line| Path::new(line.trim()) == shell))
    {
        let what =
            format!("'{name}' has the shell {shown}, which does not stand in /etc/shells: some services turn it away");
        checks.warning("shell", what, format!("run: echo {} >>/etc/shells", argument(&shown.to_string())));
    }
}

fn runs(shell: &Path) -> bool {
    fs::metadata(shell).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_shadow_line_has_its_state() {
        let today = 20_000;
        let cases = [
            ("a:*:19000:0:99999:7:::", State::Fine),
            ("a:x:19000:0:99999:7:::", State::Fine),
            ("a:$y$j9T$x:19000:0:99999:7:::", State::Fine),
            ("a:*:::::::", State::Fine),
            ("a:!:19000:0:99999:7:::", State::Locked),
            ("a:!!:19000:0:99999:7:::", State::Locked),
            ("a:!*:19000:0:99999:7:::", State::Locked),
            ("a:!$y$j9T$x:19000:0:99999:7:::", State::Locked),
            ("a::19000:0:99999:7:::", State::Empty),
            ("a:*:19000:0:99999:7::19999:", State::Expired),
            ("a:*:19000:0:99999:7::20000:", State::Expired),
            ("a:*:19000:0:99999:7::20001:", State::Fine),
            ("a:*:19000:0:99999:7::-1:", State::Fine),
            ("a:*:0:0:99999:7:::", State::PasswordExpired),
            ("a:*:19000:0:999:7:::", State::PasswordExpired),
            ("a:*:19000:0:1000:7:::", State::Fine),
            ("a:*:19000:0:-1:7:::", State::Fine),
        ];
        for (line, expected) in cases {
            assert_eq!(ShadowLine::parse(line).map(|(_, line)| state(&line, today)), Some(expected), "{line}");
        }
    }
}
