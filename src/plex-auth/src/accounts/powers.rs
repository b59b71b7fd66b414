//! Which accounts can become root, and what a stopped plex-authd means for them.

use nix::unistd::{Gid, Group, User};
use system::accounts;
use system::command::{self, Command};

/// Groups whose members can become root, or as good as.
pub(crate) const POWERFUL: [&str; 11] =
    ["root", "sudo", "wheel", "admin", "adm", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"];

/// Where sudo is.
const SUDO: [&str; 3] = ["/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo"];

/// What a stopped daemon means for a managed account that can become root.
pub(crate) const STOPPED: &str = "while plex-authd is stopped, it can neither log in nor use sudo";

/// What to keep for that time.
pub(crate) const KEEP: &str =
    "keep a root password for the console, or an administrator whose account is not a Plex account";

/// Those of some accounts that can become root.
#[derive(Debug, Default)]
pub(crate) struct Powers {
    /// Their names, each with the reason: "group sudo".
    pub able: Vec<(String, String)>,
    /// Why this may not be all.
    pub unknown: Option<String>,
}

impl Powers {
    /// The names with their reasons: "dave (group sudo), erin (sudo rules)".
    pub(crate) fn listed(&self) -> String {
        self.able.iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join(", ")
    }
}

/// Looks at all of these accounts. sudo's rules can be kept in many places, so that sudo itself is asked where it is
/// installed; it answers root only.
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
                // Rules that are kept elsewhere may take long to be read, and that for each account.
                sudo = None;
                powers.unknown = Some(why);
            }
        }
        if !reasons.is_empty() {
            powers.able.push((user.name.clone(), reasons.join(", ")));
        }
    }
    powers
}

/// The groups by which a user can become root.
///
/// # Errors
/// When groups cannot be read.
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
    // A group that cannot be read is none of the user's if all of theirs have other names.
    let is_named = |gid: &Gid| matches!(Group::from_gid(*gid), Ok(Some(_)));
    unreadable.filter(|_| !theirs.iter().all(is_named)).map_or(Ok(found), Err)
}

fn sudo_rules(sudo: &str, user: &str) -> Result<bool, String> {
    let said = Command::tool(sudo, &["-l", "-U", user]).run().map_err(|error| error.to_string())?;
    allows(&said.stdout, &said.stderr).ok_or_else(|| {
        let why = said.stderr.lines().next().unwrap_or("no answer");
        format!("sudo does not say what {user} may do: {}", protocol::printable(why, 200))
    })
}

/// Whether sudo's answer names a command that runs as root, or `None` when it is no answer.
fn allows(stdout: &str, stderr: &str) -> Option<bool> {
    if let Some((_, rules)) = stdout.split_once("may run the following commands") {
        return Some(rules.lines().skip(1).any(is_as_root));
    }
    [stdout, stderr].iter().any(|text| text.contains("is not allowed to run sudo")).then_some(false)
}

/// Whether a rule such as `(ALL : ALL) NOPASSWD: ALL` is about root. One that cannot be read as plain names may be.
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
    fn r65_sudos_answer_is_understood() {
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
