//! Purpose of a new account: file transfer and nothing else, or a login shell. The owner chooses it. Where no choice is on
//! record, nobody gets an account unattended (R82).

use std::path::{Path, PathBuf};

use config::{Config, NewAccounts};
use toml_edit::DocumentMut;

use super::{login_shell, shadow_utils};
use crate::config_file::values::{remove_in, set_in};
use crate::error::Error;
use crate::ui::terminal;

/// Section of the configuration that records the owner's choice.
const SECTION: &str = "accounts";

/// Purpose of a new account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// File transfer by SFTP in a chroot, and nothing else: no shell, no command, no forwarding.
    Files(FilesPlace),
    /// This login shell.
    Shell(PathBuf),
}

/// Directories of an account for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilesPlace {
    /// Directory of root's that has the account's chroot, which is also its home.
    pub uploads: PathBuf,
    /// Directory that the account can read in its chroot.
    pub media: Option<PathBuf>,
}

impl Purpose {
    /// File transfer, in the configured directories.
    pub(crate) fn files(config: &Config) -> Self {
        let accounts = &config.accounts;
        Self::Files(FilesPlace { uploads: accounts.uploads.clone(), media: accounts.media.clone() })
    }

    /// The given login shell, or the system's usual one.
    ///
    /// # Errors
    /// `/etc/shells` does not list the given one, or it cannot be run.
    pub(crate) fn shell(given: Option<&Path>) -> Result<Self, Error> {
        Ok(Self::Shell(match given {
            Some(path) => login_shell::check(path)?,
            None => login_shell::usual(),
        }))
    }

    /// A login shell: the configured one, or the system's usual one.
    ///
    /// # Errors
    /// As [`Self::shell`].
    pub(crate) fn configured_shell(config: &Config) -> Result<Self, Error> {
        Self::shell(config.accounts.shell.as_deref())
    }

    /// The purpose that the owner has chosen for all new accounts; `None` without a choice.
    ///
    /// # Errors
    /// As [`Self::shell`].
    pub(crate) fn recorded(config: &Config) -> Result<Option<Self>, Error> {
        config.accounts.purpose.map(|new| Self::of(new, config)).transpose()
    }

    /// A purpose, with the configured directories or shell.
    ///
    /// # Errors
    /// As [`Self::shell`].
    pub(crate) fn of(new: NewAccounts, config: &Config) -> Result<Self, Error> {
        match new {
            NewAccounts::Files => Ok(Self::files(config)),
            NewAccounts::Shell => Self::configured_shell(config),
        }
    }

    /// Records this purpose as the one of all new accounts. `given_shell` is the shell that the owner named, if they did.
    pub(crate) fn record(&self, document: &mut DocumentMut, given_shell: Option<&Path>) {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match self {
            Self::Files(place) => {
                set_in(document, SECTION, "purpose", NewAccounts::Files.as_str());
                set_in(document, SECTION, "uploads", text(&place.uploads));
                match &place.media {
                    Some(media) => set_in(document, SECTION, "media", text(media)),
                    None => remove_in(document, SECTION, "media"),
                }
            }
            Self::Shell(_) => {
                set_in(document, SECTION, "purpose", NewAccounts::Shell.as_str());
                match given_shell {
                    Some(shell) => set_in(document, SECTION, "shell", text(shell)),
                    None => remove_in(document, SECTION, "shell"),
                }
            }
        }
    }

    /// Path of a new account's home.
    ///
    /// # Errors
    /// `useradd` does not say where it creates homes.
    pub(super) fn home_of_new(&self, name: &str) -> Result<String, Error> {
        match self {
            Self::Files(place) => Ok(place.uploads.join(name).to_string_lossy().into_owned()),
            Self::Shell(_) => shadow_utils::home_of_new(name),
        }
    }
}

/// Asks what friends may do on this machine.
///
/// # Errors
/// The input ends.
pub(crate) fn ask(default: NewAccounts) -> Result<NewAccounts, Error> {
    terminal::note("  files    SFTP with an upload folder of their own: no shell, no command, no tunnel");
    terminal::note("  shell    a login shell: they can run programs, and reach this machine's network");
    loop {
        let answer = terminal::ask("What may friends do here? (files or shell)", Some(default.as_str()))?;
        let answer = answer.to_ascii_lowercase();
        let named = |(_, name): &(NewAccounts, &str)| !answer.is_empty() && name.starts_with(&answer);
        match NewAccounts::ALL.into_iter().find(named) {
            Some((new, _)) => return Ok(new),
            None => terminal::note("Please answer files or shell."),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const FILE: &str = "token = \"t\"\nmachine_id = \"0123456789abcdef\"\n";

    fn read(text: &str) -> Config {
        config::parse(text, Path::new("x")).unwrap()
    }

    #[test]
    fn r82_without_a_recorded_choice_there_is_no_purpose() {
        assert_eq!(Purpose::recorded(&read(FILE)).unwrap(), None);
    }

    #[test]
    fn r82_recorded_choice_is_read_again_and_replaces_an_earlier_one() {
        let mut document: DocumentMut = format!("{FILE}[users] # people\nal = \"2\"\n").parse().unwrap();
        let media = Some("/srv/media".into());
        let files = Purpose::Files(FilesPlace { uploads: "/data/up".into(), media });
        files.record(&mut document, None);
        assert_eq!(Purpose::recorded(&read(&document.to_string())).unwrap(), Some(files));
        let without = Purpose::Files(FilesPlace { uploads: "/data/up".into(), media: None });
        without.record(&mut document, None);
        assert_eq!(Purpose::recorded(&read(&document.to_string())).unwrap(), Some(without));
        Purpose::Shell("/bin/sh".into()).record(&mut document, Some(Path::new("/bin/sh")));
        let config = read(&document.to_string());
        assert_eq!(config.accounts.shell.as_deref(), Some(Path::new("/bin/sh")));
        assert_eq!(Purpose::recorded(&config).unwrap(), Some(Purpose::Shell("/bin/sh".into())));
        assert_eq!(config.accounts.uploads, Path::new("/data/up"), "it is kept for user add --files");
        Purpose::Shell("/bin/bash".into()).record(&mut document, None);
        assert_eq!(read(&document.to_string()).accounts.shell, None);
        assert!(document.to_string().contains("[users] # people\nal = \"2\"\n"), "{document}");
    }
}
