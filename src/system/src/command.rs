//! Other programs: run by absolute path, with an empty environment, a timeout and bounded output.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use protocol::printable;

/// Time limit of a program that only reports something.
pub const QUERY_LIMIT: Duration = Duration::from_secs(10);

/// Time limit of a program that changes the system: `useradd` waits up to 15 seconds for the lock of the account files,
/// `systemctl start` up to 90 seconds for a service, and a killed `pam-auth-update` could leave stacks half written.
pub const CHANGE_LIMIT: Duration = Duration::from_secs(300);

/// Time limit of a list of accounts, which the name service may fetch from a directory server.
pub const NAME_SERVICE_LIMIT: Duration = Duration::from_secs(60);

/// The most that is kept of each of the two outputs unless set otherwise, in bytes. The rest is read and dropped: a program that
/// changes the system must not die of SIGPIPE because it writes much.
const MAX_OUTPUT: usize = 512 * 1024;

/// Enough for a list of all accounts or groups, in bytes.
pub const NAME_SERVICE_OUTPUT: usize = 64 * 1024 * 1024;

/// Paths of systemd's command.
pub const SYSTEMCTL: &[&str] = &["/usr/bin/systemctl", "/bin/systemctl"];

/// Exists while systemd manages the machine.
pub const SYSTEMD: &str = "/run/systemd/system";

/// The longest complaint that is repeated in an error, in characters.
const MAX_COMPLAINT: usize = 200;

/// Interval between two looks at the program.
const POLL: Duration = Duration::from_millis(2);

/// Environment of the system's own tools, which call others and must neither translate nor ask questions.
const TOOL_ENVIRONMENT: [(&str, &str); 3] =
    [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C"), ("DEBIAN_FRONTEND", "noninteractive")];

/// A program, its arguments and the conditions under which it runs.
pub struct Command<'a> {
    program: &'a Path,
    arguments: &'a [&'a str],
    environment: &'static [(&'static str, &'static str)],
    limit: Duration,
    max_output: usize,
    input: Option<&'a [u8]>,
}

/// Output of a program that has ended.
#[derive(Debug)]
pub struct Output {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// A program could not be run, or did not succeed.
#[derive(Debug)]
pub enum Error {
    /// The path is relative.
    NotAbsolute(PathBuf),
    /// The kernel did not start the program or could not wait for it.
    Io(PathBuf, io::Error),
    /// The program was killed after this time.
    TimedOut(PathBuf, Duration),
    /// The program ended with this status and this complaint, one printable line that may be empty.
    Failed(ExitStatus, String),
}

impl<'a> Command<'a> {
    /// A program with an empty environment, no input, and [`QUERY_LIMIT`].
    #[must_use]
    pub fn new(program: &'a Path, arguments: &'a [&'a str]) -> Self {
        Self { program, arguments, environment: &[], limit: QUERY_LIMIT, max_output: MAX_OUTPUT, input: None }
    }

    /// One of the system's own tools, with a fixed `PATH`, untranslated messages, and [`QUERY_LIMIT`].
    #[must_use]
    pub fn tool(program: &'a str, arguments: &'a [&'a str]) -> Self {
        Self { environment: &TOOL_ENVIRONMENT, ..Self::new(Path::new(program), arguments) }
    }

    /// Sets the time after which the program is killed.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Sets the most that is kept of each of the two outputs, in bytes.
    #[must_use]
    pub fn max_output(self, max_output: usize) -> Self {
        Self { max_output, ..self }
    }

    /// Sets the standard input: at most 4096 bytes, which a pipe holds even if the program never reads them.
    #[must_use]
    pub fn input(self, input: &'a [u8]) -> Self {
        Self { input: Some(input), ..self }
    }

    /// Runs the program in `/` and waits for its end.
    ///
    /// # Errors
    /// [`Error::NotAbsolute`], [`Error::Io`], [`Error::TimedOut`]. An exit code other than 0 is no error here.
    pub fn run(&self) -> Result<Output, Error> {
        if !self.program.is_absolute() {
            return Err(Error::NotAbsolute(self.program.to_owned()));
        }
        let failed = |error| Error::Io(self.program.to_owned(), error);
        let mut child = self.spawn().map_err(failed)?;
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), self.input) {
            // A program that ends without reading it says why by its exit code.
            let _ = pipe.write_all(input);
        }
        let output = self.wait(&mut child).inspect_err(|_| {
            let _ = child.kill();
            let _ = child.wait();
        });
        output.map_err(failed)?.ok_or_else(|| Error::TimedOut(self.program.to_owned(), self.limit))
    }

    /// Runs the program and returns its trimmed standard output.
    ///
    /// # Errors
    /// As [`Command::run`]; and [`Error::Failed`] with the last line of its standard error.
    pub fn stdout(&self) -> Result<String, Error> {
        let output = self.run()?;
        if output.is_ok() {
            return Ok(output.stdout.trim().to_owned());
        }
        let complaint = output.stderr.trim().lines().last().unwrap_or_default();
        Err(Error::Failed(output.status, printable(complaint, MAX_COMPLAINT)))
    }

    fn spawn(&self) -> io::Result<Child> {
        let mut command = std::process::Command::new(self.program);
        command.args(self.arguments).env_clear().envs(self.environment.iter().copied()).current_dir("/");
        // Ctrl-C at the terminal must not end a tool in the middle of a change.
        command.process_group(0);
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Reads until the program has ended; `None` after it was killed. Descendants that keep a pipe open are not waited for.
    fn wait(&self, child: &mut Child) -> io::Result<Option<Output>> {
        let mut stdout = Pipe::new(child.stdout.take().map(OwnedFd::from), self.max_output)?;
        let mut stderr = Pipe::new(child.stderr.take().map(OwnedFd::from), self.max_output)?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            let progress = stdout.read() | stderr.read();
            if start.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            if !progress {
                sleep(POLL);
            }
        };
        // Descendants may write on.
        while start.elapsed() <= self.limit && stdout.read() | stderr.read() {}
        Ok(Some(Output { status, stdout: stdout.text(), stderr: stderr.text() }))
    }
}

/// Reading end of a pipe, which never blocks.
struct Pipe {
    file: Option<File>,
    bytes: Vec<u8>,
    max: usize,
}

impl Pipe {
    fn new(fd: Option<OwnedFd>, max: usize) -> io::Result<Self> {
        if let Some(fd) = &fd {
            fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self { file: fd.map(File::from), bytes: Vec::new(), max })
    }

    /// Reads once; false when there is nothing now, or nothing more.
    fn read(&mut self) -> bool {
        let Some(file) = &mut self.file else { return false };
        let mut chunk = [0; 8192];
        match file.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == ErrorKind::Interrupted => return true,
            Ok(0) | Err(_) => self.file = None,
            Ok(count) => self.bytes.extend(chunk.iter().take(count.min(self.max - self.bytes.len()))),
        }
        self.file.is_some()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Output {
    /// The exit code is 0.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status.success()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute(program) => write!(f, "{}: not an absolute path", program.display()),
            Self::Io(program, error) => write!(f, "{}: {error}", program.display()),
            Self::TimedOut(program, limit) => {
                write!(f, "{}: does not end within {} seconds", program.display(), limit.as_secs())
            }
            Self::Failed(status, complaint) if complaint.is_empty() => write!(f, "{status}"),
            Self::Failed(_, complaint) => f.write_str(complaint),
        }
    }
}

impl std::error::Error for Error {}

/// The first of these programs that is installed.
#[must_use]
pub fn find<'a>(paths: &[&'a str]) -> Option<&'a str> {
    paths.iter().copied().find(|path| Path::new(path).is_file())
}

/// systemctl, if systemd manages the machine.
#[must_use]
pub fn systemctl() -> Option<&'static str> {
    find(SYSTEMCTL).filter(|_| Path::new(SYSTEMD).is_dir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn shell(script: &str) -> Result<String, Error> {
        Command::tool("/bin/sh", &["-c", script]).stdout()
    }

    #[test]
    fn a_program_inherits_no_environment() {
        let environment = |command: Command| {
            let mut lines: Vec<_> = command.stdout().unwrap().lines().map(str::to_owned).collect();
            lines.sort();
            lines.join(" ")
        };
        assert_eq!(environment(Command::new(Path::new("/usr/bin/env"), &[])), "");
        let tool = environment(Command::tool("/usr/bin/env", &[]));
        assert_eq!(tool, "DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    }

    #[test]
    fn endless_output_ends_at_the_time_limit() {
        let limit = Duration::from_millis(200);
        let error = Command::tool("/usr/bin/yes", &[]).limit(limit).run().unwrap_err();
        assert!(matches!(error, Error::TimedOut(..)), "{error}");
        // The first program writes something before the shell ends, and the second one writes on.
        let limit = Duration::from_secs(3);
        let output = Command::tool("/bin/sh", &["-c", "yes | head -n 1; yes & exit 3"]).limit(limit).run().unwrap();
        assert!(!output.is_ok() && output.stdout.starts_with("y\n"));
    }

    #[test]
    fn a_program_that_writes_much_is_not_stopped_and_its_output_is_cut() {
        let script = "head -c 900000 /dev/zero; head -c 900000 /dev/zero >&2; echo end >/dev/null; exit 5";
        let output = Command::tool("/bin/sh", &["-c", script]).max_output(4096).run().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len(), output.status.code()), (4096, 4096, Some(5)));
    }

    #[test]
    fn both_outputs_are_read_to_their_end() {
        let script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2";
        let output = Command::tool("/bin/sh", &["-c", script]).run().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 200_000));
    }

    #[test]
    fn a_program_that_exceeds_its_limit_is_killed() {
        let start = Instant::now();
        let error = Command::tool("/bin/sleep", &["60"]).limit(Duration::from_millis(100)).run().unwrap_err();
        assert!(matches!(error, Error::TimedOut(..)), "{error}");
        assert!(start.elapsed() < QUERY_LIMIT);
    }

    #[test]
    fn a_descendant_that_keeps_the_output_open_is_not_waited_for() {
        let start = Instant::now();
        assert_eq!(shell("sleep 20 & echo done").unwrap(), "done");
        assert!(start.elapsed() < QUERY_LIMIT);
    }

    #[test]
    fn a_failure_is_its_last_line_printable_or_the_exit_status() {
        let complaint = |script: &str| shell(script).unwrap_err().to_string();
        assert_eq!(complaint("printf 'first\\nnot\\033[1mgood\\n' >&2; exit 3"), "not?[1mgood");
        assert_eq!(complaint("exit 3"), "exit status: 3");
    }

    #[test]
    fn a_missing_program_and_a_relative_path_are_named_errors() {
        let run = |program| Command::tool(program, &[]).run().unwrap_err();
        assert!(matches!(run("/no/such/program"), Error::Io(path, _) if path == Path::new("/no/such/program")));
        assert!(matches!(run("sleep"), Error::NotAbsolute(_)));
        assert_eq!(find(&["/no/such/program", "/", "/bin/sh"]), Some("/bin/sh"));
    }
}
