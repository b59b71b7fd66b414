//! Commands that change sshd's settings in files of their own: those of the distribution stay as they are.

use std::path::Path;

use super::super::shell::argument;
use crate::sshd::configuration::{Configuration, MAIN};
use crate::sshd::program::Sshd;
use crate::sshd::reload::Reload;
use crate::sshd::settings::Settings;

/// File with settings for everyone. sshd uses the first value of a setting, so that it precedes the other files.
const FOR_ALL: &str = "/etc/ssh/sshd_config.d/00-local.conf";

/// File with `Match` blocks. A line for everyone behind one would be part of it.
const FOR_SOME: &str = "/etc/ssh/sshd_config.d/00-local-match.conf";

/// Writes the commands.
pub(super) struct DropIn {
    configuration: Configuration,
    /// Command by which sshd checks its configuration and reads it again, as setup does.
    activate: String,
}

impl DropIn {
    pub(super) fn new(sshd: Sshd) -> Self {
        // Without an answer of systemctl, a check is all that is known to work.
        let reload = Reload::find().ok().and_then(Reload::shell);
        let activate = [Some(sshd.check_command()), reload].into_iter().flatten().collect::<Vec<_>>().join(" && ");
        Self { configuration: Configuration::read(Path::new(MAIN)), activate }
    }

    /// Sets a value for everyone.
    pub(super) fn for_all(&self, keyword: &str, value: &str) -> String {
        let line = format!("{keyword} {value}");
        if self.configuration.would_use(Path::new(FOR_ALL), keyword, false) {
            self.command(FOR_ALL, &[&line])
        } else {
            self.by_hand(&format!("write into {MAIN}, before every other line with {keyword} or Match: {line}"))
        }
    }

    /// Adds to a list, to which every line adds. `all` are the settings of accounts that no `Match` block is about.
    pub(super) fn add(&self, all: &Settings, keyword: &str, names: &str) -> String {
        if all.list(&keyword.to_ascii_lowercase()).is_empty() {
            return self.by_hand(&format!(
                "add {names} to {keyword}, in the Match block that sets it: grep -rin {keyword} {MAIN}*"
            ));
        }
        let line = format!("{keyword} {names}");
        if self.configuration.includes(Path::new(FOR_ALL)) {
            self.command(FOR_ALL, &[&line])
        } else {
            self.by_hand(&format!("write into {MAIN}, before every line with Match: {line}"))
        }
    }

    /// Sets a value for these accounts, or for the members of a group.
    pub(super) fn for_some(&self, keyword: &str, value: &str, names: &[&str], group: Option<&str>) -> String {
        let condition = match group {
            Some(group) => format!("Match Group {group}"),
            None if names.is_empty() => return self.for_all(keyword, value),
            None => format!("Match User {}", names.join(",")),
        };
        let line = format!("{keyword} {value}");
        if self.configuration.would_use(Path::new(FOR_SOME), keyword, true) {
            self.command(FOR_SOME, &[&condition, &format!("    {line}")])
        } else {
            self.by_hand(&format!(
                "write into {MAIN}, before every other line with Match: {condition}, and below it: {line}"
            ))
        }
    }

    /// A change that the owner makes with an editor, and the command that makes sshd read it.
    pub(super) fn by_hand(&self, change: &str) -> String {
        format!("{change}\nrun: {}", self.activate)
    }

    fn command(&self, file: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| argument(line)).collect();
        format!("run: printf '%s\\n' {} >>{file} && {}", lines.join(" "), self.activate)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn r79_a_change_is_a_command_only_where_sshd_reads_the_drop_in() {
        let directory = tempfile::tempdir().unwrap();
        let drop_in = |main: &str| {
            let file = directory.path().join("sshd_config");
            std::fs::write(&file, main).unwrap();
            DropIn { configuration: Configuration::read(&file), activate: "sshd -t && reload".into() }
        };
        let debian = drop_in("Include /etc/ssh/sshd_config.d/*.conf\n");
        assert_eq!(
            debian.for_all("UsePAM", "yes"),
            "run: printf '%s\\n' 'UsePAM yes' >>/etc/ssh/sshd_config.d/00-local.conf && sshd -t && reload"
        );
        let by_hand = drop_in("").for_all("UsePAM", "yes");
        assert!(by_hand.starts_with("write ") && by_hand.ends_with("UsePAM yes\nrun: sshd -t && reload"), "{by_hand}");
        let listed = Settings::parse("allowusers admin\n");
        assert!(debian.add(&listed, "AllowUsers", "alice bob").contains("'AllowUsers alice bob' >>"));
        assert!(
            !debian.add(&Settings::default(), "AllowUsers", "alice").starts_with("run: "),
            "it would lock others out"
        );
    }
}
