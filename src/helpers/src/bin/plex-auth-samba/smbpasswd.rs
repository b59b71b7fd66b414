//! Samba's own `smbpasswd`: it gets no environment and no password on its command line, only through a pipe.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use protocol::Secret;
use system::command::{self, Command};
use zeroize::Zeroizing;

/// Time limit. The program needs some 20 ms, and waits for other programs that have Samba's file locked.
const LIMIT: Duration = Duration::from_secs(10);

/// Its complaint about an account without an entry, in Samba's own words.
const NO_ENTRY: &str = "Failed to find entry for user";

/// The program, by its absolute path.
pub(crate) struct Smbpasswd(PathBuf);

/// An entry was not changed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The program's path is relative, and would depend on the service's working directory.
    RelativePath,
    /// Samba has no entry for the account.
    NoEntry,
    /// The program did not run, or not to its end.
    Command(command::Error),
    /// The program failed with this status and complaint.
    Failed(PathBuf, ExitStatus, String),
}

impl Smbpasswd {
    /// # Errors
    /// [`Error::RelativePath`].
    pub(crate) fn new(path: PathBuf) -> Result<Self, Error> {
        if path.is_absolute() { Ok(Self(path)) } else { Err(Error::RelativePath) }
    }

    /// Sets a password; creates the entry if there is none.
    pub(crate) fn set(&self, user: &str, password: &Secret) -> Result<(), Error> {
        let password = password.expose();
        // With its full capacity from the start: growing would leave copies of the password in freed memory.
        let mut input = Zeroizing::new(String::with_capacity(2 * password.len() + 2));
        for _ in 0..2 {
            input.push_str(password);
            input.push('\n');
        }
        self.run(&["-s", "-a", user], &input)
    }

    /// Disables an entry.
    pub(crate) fn disable(&self, user: &str) -> Result<(), Error> {
        self.run(&["-d", user], "")
    }

    /// Enables an entry.
    pub(crate) fn enable(&self, user: &str) -> Result<(), Error> {
        self.run(&["-e", user], "")
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<(), Error> {
        let command = Command::new(&self.0, arguments).limit(LIMIT).input(input.as_bytes());
        let output = command.run().map_err(Error::Command)?;
        let complaint = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        match output.status.success() {
            true => Ok(()),
            false if complaint.contains(NO_ENTRY) => Err(Error::NoEntry),
            false => Err(Error::Failed(self.0.clone(), output.status, protocol::printable(&complaint, 300))),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RelativePath => f.write_str("--smbpasswd needs an absolute path"),
            Self::NoEntry => f.write_str("there is no SMB entry"),
            Self::Command(command::Error::Io(path, error)) => {
                let path = path.display();
                write!(f, "{path}: cannot be run; install Samba's own tools (samba-common-bin): {error}")
            }
            Self::Command(command::Error::TimedOut(path, limit)) => {
                write!(f, "{}: did not end within {} seconds", path.display(), limit.as_secs())
            }
            Self::Command(error) => write!(f, "{error}"),
            Self::Failed(path, status, complaint) => write!(f, "{}: {status}: {complaint}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
    use std::time::Instant;

    use super::*;

    fn run(program: &str, arguments: &[&str], input: &str) -> Result<(), String> {
        Smbpasswd::new(program.into()).unwrap().run(arguments, input).map_err(|error| error.to_string())
    }

    #[test]
    fn r48_the_program_gets_its_input_no_environment_and_nothing_but_the_standard_descriptors() {
        // Descriptors that the test runner's own parent left open. A service closes them at its start.
        let any =
            std::process::Command::new("sh").args(["-c", "ls /proc/$$/fd | sed 's,.*, | */&,'"]).output().unwrap();
        let left_open = String::from_utf8(any.stdout).unwrap().replace('\n', "");
        let _own = std::fs::File::open("/dev/null").unwrap();
        // Each descriptor is checked again: while the list is read, the directory itself is open.
        let script = format!(
            "test \"$(cat)\" = 'in put' && test -z \"$(tr -d '\\0' </proc/$$/environ)\" && test \"$PWD\" = / \
             || exit 1; for fd in /proc/$$/fd/*; do case $fd in */0 | */1 | */2{left_open}) ;; \
             *) test ! -e $fd || exit 2 ;; esac; done"
        );
        assert_eq!(run("/bin/sh", &["-c", &script], "in put"), Ok(()));
        assert!(Smbpasswd::new("smbpasswd".into()).is_err());
    }

    #[test]
    fn a_complaint_of_smbpasswd_is_one_printable_line() {
        let why = run("/bin/sh", &["-c", "printf 'not\\033[1m\\n good\\n' >&2; exit 3"], "x").unwrap_err();
        assert!(why.ends_with("exit status: 3: not?[1m good"), "{why}");
        let why = run("/bin/sh", &["-c", "echo 'Failed to find entry for user x.' >&2; exit 1"], "").unwrap_err();
        assert_eq!(why, "there is no SMB entry");
        assert!(run("/no/such/program", &[], "").unwrap_err().contains("samba-common-bin"));
    }

    #[test]
    fn an_smbpasswd_that_hangs_is_killed() {
        let start = Instant::now();
        let why = run("/bin/sleep", &["1000"], "").unwrap_err();
        assert!(why.contains("within 10 seconds") && start.elapsed() < LIMIT + Duration::from_secs(3), "{why}");
    }
}
