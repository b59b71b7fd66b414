//! Effective settings of sshd, as `sshd -T` prints them.

use std::collections::BTreeMap;

/// Settings by name in lower case. Lists such as `allowusers` have a line for each element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, Vec<String>>);

impl Settings {
    /// Parses the output of `sshd -T`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            settings.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
        }
        Self(settings)
    }

    /// The values of a list, or the value of a setting.
    pub(crate) fn list(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of a setting; the first of a list.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.list(name).first().map(String::as_str)
    }

    /// Tests for a value, in any case.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|set| set.eq_ignore_ascii_case(value))
    }

    /// The value of a setting that is a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_setting_counts_in_any_case_and_lists_keep_all() {
        let settings = Settings::parse("UsePAM yes\nport 22\nport 2222\nsubsystem sftp /usr/lib/sftp-server\n");
        assert!(settings.is("usepam", "YES") && settings.is("port", "22") && !settings.is("banner", "none"));
        assert_eq!(settings.get("subsystem"), Some("sftp /usr/lib/sftp-server"));
        assert_eq!((settings.list("port").len(), settings.number("port")), (2, Some(22)));
    }
}
