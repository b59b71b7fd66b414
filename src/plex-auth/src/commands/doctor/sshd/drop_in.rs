//! Commands that change sshd's settings in files of their own: those of the distribution stay as they are.

use super::super::shell::argument;
use crate::sshd::program::Sshd;
use crate::sshd::reload::Reload;
use crate::sshd::settings::Settings;

/// The main file, which includes those of `sshd_config.d` first on Debian and Fedora.
const MAIN: &str = "/etc/ssh/sshd_config";

/// File with settings for everyone. sshd uses the first value of a setting, so that it precedes the other files.
const FOR_ALL: &str = "/etc/ssh/sshd_config.d/00-local.conf";

/// File with `Match` blocks. A line for everyone behind one would be part of it.
const FOR_SOME: &str = "/etc/ssh/sshd_config.d/00-local-match.conf";

/// Writes the commands.
pub(super) struct DropIn {
    /// Text of the main file.
    main: String,
    /// Command by which sshd checks its configuration and reads it again, as setup does.
    activate: String,
}

impl DropIn {
    pub(super) fn new(sshd: Sshd) -> Self {
        let main = std::fs::read(MAIN).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        // Without an answer of systemctl, a check is all that is known to work.
        let reload = Reload::find().ok().and_then(Reload::shell);
        let activate = [Some(sshd.check_command()), reload].into_iter().flatten().collect::<Vec<_>>().join(" && ");
        Self { main, activate }
    }

    /// Sets a value for everyone.
    pub(super) fn for_all(&self, keyword: &str, value: &str) -> String {
        let line = format!("{keyword} {value}");
        if includes_before(&self.main, keyword) {
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
        if includes_before(&self.main, "match") {
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
        if includes_before(&self.main, "match") {
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

/// The main file includes the drop-ins, before any line with this keyword and outside `Match` blocks.
fn includes_before(main: &str, keyword: &str) -> bool {
    for line in main.lines() {
        let mut words =
            line.split(|c: char| c.is_ascii_whitespace() || c == '=' || c == '"').filter(|word| !word.is_empty());
        let Some(word) = words.next() else { continue };
        if word.eq_ignore_ascii_case("include") {
            let names_them = |pattern: &str| {
                let pattern = pattern.strip_prefix("/etc/ssh/").unwrap_or(pattern);
                pattern == "sshd_config.d/*.conf" || pattern == "sshd_config.d/*"
            };
            if words.any(names_them) {
                return true;
            }
        } else if word.eq_ignore_ascii_case(keyword) || word.eq_ignore_ascii_case("match") {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r79_a_drop_in_is_named_only_where_it_is_read_before_the_line_that_it_is_to_outrank() {
        for (main, expected) in [
            ("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM no\n", true),
            ("# UsePAM no\n\ninclude \"sshd_config.d/*.conf\"\n", true),
            ("Include=/etc/ssh/other/*.conf /etc/ssh/sshd_config.d/*.conf\n", true),
            ("UsePAM no\nInclude /etc/ssh/sshd_config.d/*.conf\n", false),
            ("Match User x\n  Include /etc/ssh/sshd_config.d/*.conf\n", false),
            ("#Include /etc/ssh/sshd_config.d/*.conf\n", false),
            ("Include /etc/ssh/other.d/*.conf\n", false),
            ("", false),
        ] {
            assert_eq!(includes_before(main, "UsePAM"), expected, "{main}");
        }
        let drop_in = |main: &str| DropIn { main: main.into(), activate: "sshd -t && reload".into() };
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
