//! Checks of /etc/shadow and /etc/shells for managed accounts. Measured with OpenSSH 9.2: with `UsePAM yes`, a locked password
//! (`!`) has the same effect as none (`*`); without PAM, keys of such an account are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::User;
use system::accounts::{self, LocalPassword, ShadowLine, passwd_lines, shadow_lines};

use super::names::{each, number, quoted};
use super::shell::argument;
use crate::accounts::expiry_locks;
use crate::accounts::shadow_utils::LOCKED;
use crate::ui::check::Checks;

/// Shells that refuse logins on purpose.
const CLOSED: [&str; 2] = ["nologin", "false"];

/// Meaning of an account's line of /etc/shadow for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Fine,
    /// Locked: fine with PAM, refused by sshd without.
    Locked,
    /// No password at all: any will do where `pam_unix` has `nullok`.
    Empty,
    /// The account has expired.
    Expired,
    /// Its local password must be changed first.
    PasswordExpired,
    /// There is no line.
    Missing,
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
    let locked = locked_by_sync(users);
    let mut found: BTreeMap<State, Vec<&str>> = BTreeMap::new();
    for user in users {
        let name = user.name.as_str();
        match shadow.get(name) {
            // `user sync` ends its own locks.
            Some(line) if locked.contains(name) && state(line, today()) == State::Expired => {}
            Some(line) => found.entry(state(line, today())).or_default().push(name),
            // Accounts of another source have their passwords there.
            None if passwd.iter().find(|line| line.name == name).is_some_and(|line| line.in_shadow) => {
                found.entry(State::Missing).or_default().push(name);
            }
            None => {}
        }
    }
    for (state, names) in found {
        say(state, &names, checks);
    }
    shells(users, checks);
    if !users.is_empty() {
        checks.ok_unless(before, "passwords", "no account has expired, and every shell lets its user in");
    }
}

/// Today, in days since 1970.
fn today() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds / 86_400).unwrap_or_default()
}

/// Those of these accounts that `user sync` has locked, by an expiry date, and that nobody has unlocked since.
pub(super) fn locked_by_sync(users: &[User]) -> BTreeSet<String> {
    // Files that cannot be read are reported by others.
    let (locks, shadow) = (expiry_locks::read().unwrap_or_default(), shadow_lines().unwrap_or_default());
    let is_locked = |user: &&User| {
        locks.get(&user.name).is_some_and(|lock| lock.uid == user.uid.as_raw())
            && shadow.get(&user.name).is_some_and(|line| line.expires == Some(LOCKED))
    };
    users.iter().filter(is_locked).map(|user| user.name.clone()).collect()
}

fn say(state: State, names: &[&str], checks: &mut Checks) {
    let shown = quoted(names);
    let of = |one: &'static str, several: &'static str| number(names, one, several);
    let (what, fix): (String, fn(&str) -> String) = match state {
        // Relevant only for sshd, which is checked separately.
        State::Fine | State::Locked => return,
        State::Missing => (
            format!("{shown} {} no line in /etc/shadow: PAM refuses {}", of("has", "have"), of("it", "them")),
            |name| format!("pwconv && usermod --password '*' {name}"),
        ),
        State::Empty => (
            format!(
                "{shown} {} an empty local password: with nullok, pam_unix accepts any password",
                of("has", "have")
            ),
            |name| format!("usermod --password '*' {name}"),
        ),
        State::Expired => {
            (format!("{shown} {} expired: PAM refuses {} everywhere", of("has", "have"), of("it", "them")), |name| {
                format!("chage --expiredate -1 {name}")
            })
        }
        State::PasswordExpired => {
            (format!("the local password of {shown} has expired: each login prompts for a new one"), |name| {
                format!("chage --lastday -1 --maxdays -1 {name}")
            })
        }
    };
    checks.error("passwords", what, each(names, |name| fix(&argument(name))));
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

/// Fault of a shell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shell {
    /// It refuses logins on purpose.
    Closed,
    CannotRun,
    /// `/etc/shells` does not list it.
    Unlisted,
}

/// Checks the shells: one finding for each kind of fault and each shell.
fn shells(users: &[User], checks: &mut Checks) {
    let listed = fs::read_to_string("/etc/shells").ok();
    let files = accounts::group(config::FILES_GROUP).ok().flatten();
    let is_for_files =
        |user: &User| files.as_ref().is_some_and(|group| accounts::is_member(user, group).unwrap_or(false));
    let mut found: BTreeMap<(Shell, &Path), Vec<&str>> = BTreeMap::new();
    for user in users {
        let fault = fault_of(&user.shell, listed.as_deref());
        // An account for files has none on purpose.
        if let Some(fault) = fault.filter(|fault| *fault != Shell::Closed || !is_for_files(user)) {
            found.entry((fault, &user.shell)).or_default().push(&user.name);
        }
    }
    for ((fault, shell), names) in found {
        let (who, shown) = (quoted(&names), shell.display());
        let change = |name: &&str| format!("usermod --shell /bin/sh {}", argument(name));
        match fault {
            Shell::Closed => {
                let what = format!("{who}: {shown} lets them sign in, for files for instance, and gives no shell");
                checks.info("shell", what, "if that is not intended: usermod --shell /bin/sh NAME");
            }
            Shell::CannotRun => {
                let what = format!("{who}: {shown} is the shell, which cannot be run: sshd refuses them");
                checks.error("shell", what, each(&names, change));
            }
            Shell::Unlisted => {
                let what = format!(
                    "{who}: {shown} is the shell, which is not listed in /etc/shells: some services refuse them"
                );
                let fix = format!("run: echo {} >>/etc/shells", argument(&shown.to_string()));
                checks.warning("shell", what, fix);
            }
        }
    }
}

/// The fault of a shell, by the text of `/etc/shells`. An empty field means /bin/sh.
fn fault_of(shell: &Path, listed: Option<&str>) -> Option<Shell> {
    if shell.as_os_str().is_empty() {
        None
    } else if shell.file_name().is_some_and(|file| CLOSED.iter().any(|closed| file == *closed)) {
        Some(Shell::Closed)
    } else if !runs(shell) {
        Some(Shell::CannotRun)
    } else {
        let is_listed = |shells: &str| shells.lines().any(|line| Path::new(line.trim()) == shell);
        listed.is_some_and(|shells| !is_listed(shells)).then_some(Shell::Unlisted)
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
