//! sshd itself, which checks its configuration and reports its effective settings.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use system::command::{self, Command, Output, find};

use super::settings::Settings;

/// Paths of sshd.
const PATHS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"];

/// Message for machines without an sshd: the package that accounts for files need.
pub(crate) const MISSING: &str = "There is no sshd on this machine, and friends transfer files through it: install the package openssh-server (on Arch Linux: \
     openssh), and run plex-auth setup again.";

/// Beginning of sshd's complaint about the directory that its unprivileged process uses as a root. systemd creates it with the
/// service, so that it does not exist while a socket waits for the first connection.
const NO_DIRECTORY: &str = "Missing privilege separation directory: ";

/// sshd does not answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// It refuses its configuration, with this complaint.
    Refused(String),
    /// It cannot be run.
    NotRun(command::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::NotRun(why) => why.fmt(f),
        }
    }
}

/// An installed sshd.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sshd(&'static str);

impl Sshd {
    /// The installed sshd.
    pub(crate) fn find() -> Option<Self> {
        find(&PATHS).map(Self)
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error`]
    pub(crate) fn check(self) -> Result<(), Error> {
        self.run(&["-t"]).map(drop)
    }

    /// The check as a command for root's shell.
    pub(crate) fn check_command(self) -> String {
        let output = Command::tool(self.0, &["-t"]).run().ok();
        let directory = output.as_ref().and_then(missing_directory);
        let create = directory.map_or_else(String::new, |path| format!("mkdir --parents {} && ", path.display()));
        format!("{create}{} -t", self.0)
    }

    /// The settings for connections that no `Match` applies to.
    ///
    /// # Errors
    /// [`Error`]
    pub(crate) fn settings(self) -> Result<Settings, Error> {
        self.run(&["-T"]).map(|text| Settings::parse(&text))
    }

    /// The settings for a user who connects from this address.
    ///
    /// # Errors
    /// [`Error`]
    pub(crate) fn settings_of(self, user: &str, from: &str) -> Result<Settings, Error> {
        let connection = format!("user={user},host={from},addr={from},laddr=127.0.0.1,lport=22");
        self.run(&["-T", "-C", &connection]).map(|text| Settings::parse(&text))
    }

    fn run(self, arguments: &[&str]) -> Result<String, Error> {
        let attempt = || Command::tool(self.0, arguments).run().map_err(Error::NotRun);
        let mut output = attempt()?;
        if let Some(path) = missing_directory(&output) {
            let _directory = PrivilegeDirectory::create(path);
            output = attempt()?;
        }
        if output.is_ok() {
            return Ok(output.stdout);
        }
        let complaint = output.stderr.lines().next().unwrap_or("it does not say why");
        Err(Error::Refused(protocol::printable(complaint.trim_end(), 300)))
    }
}

fn missing_directory(output: &Output) -> Option<PathBuf> {
    let path = output.stderr.lines().find_map(|line| line.trim_end().strip_prefix(NO_DIRECTORY))?;
    Some(PathBuf::from(path)).filter(|path| !output.is_ok() && path.starts_with("/run"))
}

/// The directory, for as long as sshd is run. It is removed unless something else has come to use it.
struct PrivilegeDirectory(PathBuf);

impl PrivilegeDirectory {
    fn create(path: PathBuf) -> Option<Self> {
        fs::create_dir(&path).ok().map(|()| Self(path))
    }
}

impl Drop for PrivilegeDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir(Path::new(&self.0));
    }
}
