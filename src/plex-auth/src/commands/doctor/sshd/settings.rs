//! Output of `sshd -T`.

use std::collections::BTreeMap;

use system::command::Command;

/// A connection that the settings are for.
pub(super) struct Asked<'a> {
    pub user: &'a str,
    /// The client's address.
    pub from: &'a str,
}

/// Effective settings, by name in lower case. Lists such as `allowusers` have a line for each element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<String, Vec<String>>);

/// The settings are not known.
pub(super) enum Error {
    /// sshd refuses its configuration, for this reason.
    Refused(String),
    /// sshd cannot be run.
    Unreadable(String),
}

impl Settings {
    /// Asks sshd for the settings of a connection.
    ///
    /// # Errors
    /// [`Error`]
    pub(super) fn read(sshd: &str, asked: &Asked) -> Result<Self, Error> {
        let Asked { user, from } = asked;
        let connection = format!("user={user},host={from},addr={from},laddr=127.0.0.1,lport=22");
        match Command::tool(sshd, &["-T", "-C", &connection]).run() {
            Ok(said) if said.is_ok() => Ok(Self::parse(&said.stdout)),
            Ok(said) => Err(Error::Refused(said.stderr.lines().next().unwrap_or("it does not say why").to_owned())),
            Err(why) => Err(Error::Unreadable(why.to_string())),
        }
    }

    pub(super) fn parse(said: &str) -> Self {
        let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in said.lines().filter_map(|line| line.split_once(' ')) {
            settings.entry(name.to_owned()).or_default().push(value.trim().to_owned());
        }
        Self(settings)
    }

    /// The values of a list, or the value of a setting.
    pub(super) fn list(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of a setting.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.list(name).first().map(String::as_str)
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.value(name).is_some_and(|set| set.eq_ignore_ascii_case(value))
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }
}
