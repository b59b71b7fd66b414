//! Effective settings of sshd, as `sshd -T` prints them.

use std::collections::BTreeMap;

/// Settings by name. Names are in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Parses the output of `sshd -T`. The first value of a name counts.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().rev().filter_map(|line| line.split_once(' '));
        Self(lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect())
    }

    /// The value of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Tests for a value, in any case.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|set| set.eq_ignore_ascii_case(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_setting_counts_in_any_case() {
        let settings = Settings::parse("UsePAM yes\nport 22\nport 2222\nsubsystem sftp /usr/lib/sftp-server\n");
        assert!(settings.is("usepam", "YES") && settings.is("port", "22") && !settings.is("banner", "none"));
        assert_eq!(settings.get("subsystem"), Some("sftp /usr/lib/sftp-server"));
    }
}
