//! Samba's own `smbpasswd`: by its absolute path, without a shell, with an empty environment, and the password through a
//! pipe.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use protocol::Secret;
use zeroize::Zeroizing;

/// How long it may take. It needs some 20 ms, and waits for whoever else has Samba's file locked.
const LIMIT: Duration = Duration::from_secs(10);

/// How often to look whether it has ended.
const GLANCE: Duration = Duration::from_millis(2);

/// How much is read of what it complains about, in bytes.
const COMPLAINT: u64 = 4096;

/// What it says of an account that it does not know, in Samba's own words.
const NO_ENTRY: &str = "Failed to find entry for user";

/// The tool.
pub(crate) struct Tool(PathBuf);

/// Why it did not do what it was to do.
pub(crate) enum Failure {
    /// Samba has no entry for the account.
    NoEntry,
    /// Anything else: a sentence for the log.
    Other(String),
}

impl Tool {
    /// # Errors
    /// When the path is not absolute, so that what is run would depend on where the service stands.
    pub(crate) fn new(path: PathBuf) -> Result<Self, String> {
        if path.is_absolute() { Ok(Self(path)) } else { Err("--smbpasswd needs an absolute path".into()) }
    }

    /// Sets a password, making the entry if there is none.
    pub(crate) fn set(&self, user: &str, password: &Secret) -> Result<(), Failure> {
        let password = password.expose();
        // Made large enough at once, so that no copy is left behind where it grew out of its old memory.
        let mut input = Zeroizing::new(String::with_capacity(2 * password.len() + 2));
        for _ in 0..2 {
            input.push_str(password);
            input.push('\n');
        }
        self.run(&["-s", "-a", user], &input)
    }

    /// Disables an entry.
    pub(crate) fn disable(&self, user: &str) -> Result<(), Failure> {
        self.run(&["-d", user], "")
    }

    /// Enables an entry.
    pub(crate) fn enable(&self, user: &str) -> Result<(), Failure> {
        self.run(&["-e", user], "")
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<(), Failure> {
        let failed =
            |what: &str, error: std::io::Error| Failure::Other(format!("{}: {what}: {error}", self.0.display()));
        let mut child = Command::new(&self.0)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed("cannot be run; install Samba's own tools (samba-common-bin)", error))?;
        if let Some(mut pipe) = child.stdin.take() {
            // It fits into the pipe. If the tool has ended without reading it, its exit code says why.
            let _ = pipe.write_all(input.as_bytes());
        }
        let status = wait(&mut child).map_err(|error| failed("cannot be waited for", error))?;
        let Some(status) = status else {
            return Err(Failure::Other(format!(
                "{}: did not end within {} seconds",
                self.0.display(),
                LIMIT.as_secs()
            )));
        };
        if status.success() {
            return Ok(());
        }
        let said = complaint(&mut child);
        if said.contains(NO_ENTRY) {
            return Err(Failure::NoEntry);
        }
        Err(Failure::Other(format!("{}: {status}: {said}", self.0.display())))
    }
}

/// Waits for its end; nothing when it took too long and was killed.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

/// What it complained about, as one line.
fn complaint(child: &mut Child) -> String {
    let mut said = Vec::new();
    if let Some(pipe) = child.stderr.take() {
        // What cannot be read is not said.
        let _ = pipe.take(COMPLAINT).read_to_end(&mut said);
    }
    let said = String::from_utf8_lossy(&said);
    protocol::printable(&said.split_whitespace().collect::<Vec<_>>().join(" "), 300)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
    use super::*;

    fn outcome(program: &str, arguments: &[&str], input: &str) -> Result<(), String> {
        Tool::new(program.into()).unwrap().run(arguments, input).map_err(|failure| match failure {
            Failure::NoEntry => "no entry".to_owned(),
            Failure::Other(why) => why,
        })
    }

    #[test]
    fn r48_the_program_gets_its_input_no_environment_and_nothing_but_the_standard_descriptors() {
        // Looked at twice: the first look has the directory itself open.
        let script = "test \"$(cat)\" = 'in put' && test -z \"$(tr -d '\\0' </proc/$$/environ)\" && test \"$PWD\" = / \
                      || exit 1; for fd in /proc/$$/fd/*; do case $fd in */0 | */1 | */2) ;; \
                      *) test ! -e $fd || exit 2 ;; esac; done";
        // As the service does at its start: whoever started it, or this test, may have left something open.
        close_fds::set_fds_cloexec(3, &[]);
        assert_eq!(outcome("/bin/sh", &["-c", script], "in put"), Ok(()));
        assert!(Tool::new("smbpasswd".into()).is_err());
    }

    #[test]
    fn what_it_complains_about_is_one_printable_line() {
        let why = outcome("/bin/sh", &["-c", "printf 'not\\033[1m\\n good\\n' >&2; exit 3"], "x").unwrap_err();
        assert!(why.ends_with("exit status: 3: not?[1m good"), "{why}");
        let why = outcome("/bin/sh", &["-c", "echo 'Failed to find entry for user x.' >&2; exit 1"], "").unwrap_err();
        assert_eq!(why, "no entry");
        assert!(outcome("/no/such/program", &[], "").unwrap_err().contains("samba-common-bin"));
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let start = Instant::now();
        let why = outcome("/bin/sleep", &["1000"], "").unwrap_err();
        assert!(why.contains("within 10 seconds") && start.elapsed() < LIMIT + Duration::from_secs(3), "{why}");
    }
}
