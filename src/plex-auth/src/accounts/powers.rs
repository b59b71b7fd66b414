//! Accounts that can become root. A stopped plex-authd locks a managed one out.

use nix::unistd::{Gid, Group, User};
use system::accounts;
use system::command::{self, Command};

use crate::error::Error;

/// Groups whose members can become root, directly or in effect.
pub(crate) const POWERFUL: [&str; 11] =
    ["root", "sudo", "wheel", "admin", "adm", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"];

/// Paths of sudo.
const SUDO: [&str; 3] = ["/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo"];

/// Consequence of a stopped daemon for a managed account that can become root.
pub(crate) const STOPPED: &str = "while plex-authd is stopped, it can neither log in nor use sudo";

/// Precaution for that case.
pub(crate) const KEEP: &str =
    "keep a root password for the console, or an administrator whose account is not managed by plex-auth";

/// Accounts that can become root.
#[derive(Debug, Default)]
pub(crate) struct Powers {
    /// Their names, each with the reason, such as "group sudo".
    pub able: Vec<(String, String)>,
    /// Error because of which the list may be incomplete.
    pub unknown: Option<String>,
}

impl Powers {
    /// The names with their reasons, such as "dave (group sudo), erin (sudo rules)".
    pub(crate) fn listed(&self) -> String {
        shown(&self.able)
    }

    /// [`Self::listed`], of these accounts alone.
    pub(crate) fn listed_of(&self, names: &[&str]) -> String {
        shown(self.able.iter().filter(|(name, _)| names.contains(&name.as_str())))
    }
}

fn shown<'a>(able: impl IntoIterator<Item = &'a (String, String)>) -> String {
    able.into_iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join(", ")
}

/// Finds those of these accounts that can become root. sudo's rules may be in many places, so that sudo itself lists them
/// where it is installed; it does so for root only.
pub(crate) fn among<'a>(users: impl IntoIterator<Item = &'a User>) -> Powers {
    let mut powers = Powers::default();
    let mut sudo = command::find(&SUDO);
    for user in users {
        let mut reasons = match groups(user) {
            Ok(groups) => groups.iter().map(|group| format!("group {group}")).collect(),
            Err(why) => {
                powers.unknown = Some(why.to_string());
                Vec::new()
            }
        };
        match sudo.map_or(Ok(false), |sudo| sudo_rules(sudo, &user.name)) {
            Ok(true) => reasons.push("sudo rules".to_owned()),
            Ok(false) => {}
            Err(why) => {
                // Rules on a remote server may take long to read, for each account again.
                sudo = None;
                powers.unknown = Some(why.to_string());
            }
        }
        if !reasons.is_empty() {
            powers.able.push((user.name.clone(), reasons.join(", ")));
        }
    }
    powers
}

/// The groups through which a user can become root.
///
/// # Errors
/// A group cannot be read.
pub(crate) fn groups(user: &User) -> Result<Vec<&'static str>, accounts::Error> {
    let theirs = accounts::groups_of(user)?;
    let (mut found, mut unreadable) = (Vec::new(), None);
    for name in POWERFUL {
        match accounts::group(name) {
            Ok(Some(group)) if theirs.contains(&group.gid) => found.push(name),
            Ok(_) => {}
            Err(why) => unreadable = Some(why),
        }
    }
    // The unreadable group is not one of the user's if all of those have names.
    let is_named = |gid: &Gid| matches!(Group::from_gid(*gid), Ok(Some(_)));
    unreadable.filter(|_| !theirs.iter().all(is_named)).map_or(Ok(found), Err)
}

fn sudo_rules(sudo: &str, user: &str) -> Result<bool, Error> {
    let said = Command::tool(sudo, &["-l", "-U", user]).run().map_err(|error| Error::new(error.to_string()))?;
    allows(&said.stdout, &said.stderr).ok_or_else(|| {
        let why = said.stderr.lines().next().unwrap_or("no answer");
        Error::new(format!("sudo does not say what {user} may do: {}", protocol::printable(why, 200)))
    })
}

/// True if sudo's output lists a command that runs as root; `None` if the output is not understood.
fn allows(stdout: &str, stderr: &str) -> Option<bool> {
    if let Some((_, rules)) = stdout.split_once("may run the following commands") {
        return Some(rules.lines().skip(1).any(is_as_root));
    }
    [stdout, stderr].iter().any(|text| text.contains("is not allowed to run sudo")).then_some(false)
}

/// Tests whether a rule such as `(ALL : ALL) NOPASSWD: ALL` covers root. Rules other than plain names are assumed to.
fn is_as_root(rule: &str) -> bool {
    let Some((users, _)) = rule.trim_start().strip_prefix('(').and_then(|rule| rule.split_once(')')) else {
        // The continuation of a long rule, or an empty line.
        return false;
    };
    let users = users.split(':').next().unwrap_or(users);
    let plain = |user: &str| user.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && user != "ALL";
    users.split(',').map(str::trim).any(|user| user == "root" || user == "ALL" || !plain(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r65_sudo_output_is_parsed() {
        let rules = |rules: &str| {
            let head = "Matching Defaults entries for bob on den:\n    env_reset\n\nUser bob may run the following commands on den:\n";
            allows(&format!("{head}{rules}"), "")
        };
        for powerful in [
            "    (ALL : ALL) ALL\n",
            "    (root) NOPASSWD: /usr/bin/systemctl restart x, /usr/bin/apt\n",
            "    (www-data) /bin/ls\n    (root) /bin/ls\n",
            "    (ALL, !root) ALL\n",
            "    (#0) ALL\n",
            "    (%wheel) ALL\n",
        ] {
            assert_eq!(rules(powerful), Some(true), "{powerful}");
        }
        for harmless in ["    (www-data) /bin/ls,\n        /bin/cat (1)\n", "    (: games) /bin/ls\n", "\n"] {
            assert_eq!(rules(harmless), Some(false), "{harmless}");
        }
        assert_eq!(allows("User bob is not allowed to run sudo on den.\n", ""), Some(false));
        assert_eq!(allows("", "User bob is not allowed to run sudo on den.\n"), Some(false));
        assert_eq!(allows("", "sudo: /etc/sudoers:1: syntax error\n"), None);
        assert_eq!(allows("", ""), None);
    }
}
