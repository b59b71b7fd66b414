//! Running another program: by its absolute path, with nothing of this one's environment, and with a limit to its time and
//! to what it may say.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(10);

/// The most that is read of what it says.
const MOST: u64 = 512 * 1024;

/// What a program said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether it ended well.
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// The first of these paths that there is.
pub(crate) fn find<'a>(paths: &[&'a str]) -> Option<&'a str> {
    paths.iter().copied().find(|path| Path::new(path).is_file())
}

/// Runs it.
///
/// # Errors
/// Why nothing was learnt from it.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<Output, String> {
    run_within(LONGEST, program, arguments)
}

fn run_within(longest: Duration, program: &str, arguments: &[&str]) -> Result<Output, String> {
    let failed = |why: &dyn std::fmt::Display| format!("{program}: {why}");
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("LC_ALL", "C").current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Whoever says more than is read loses the other end of its pipe.
    let reader = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = pipe.map(|pipe| pipe.take(MOST).read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        })
    };
    let stdout = reader(stdout.map(|pipe| Box::new(pipe) as _));
    let stderr = reader(stderr.map(|pipe| Box::new(pipe) as _));
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| failed(&error))? {
            Some(status) => break status,
            None if start.elapsed() > longest => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(&format!("does not end within {} seconds", longest.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let text = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Output { ok: status.success(), stdout: text(stdout), stderr: text(stderr) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_program_sees_nothing_of_this_environment_and_may_not_talk_for_ever() {
        let said = run("/usr/bin/env", &[]).unwrap();
        assert!(said.ok);
        assert_eq!(said.stdout, "LC_ALL=C\n");
        let start = Instant::now();
        let endless = run("/usr/bin/yes", &[]).unwrap();
        assert!(!endless.ok && endless.stdout.len() as u64 == MOST);
        assert!(start.elapsed() < LONGEST);
        assert!(run("/no/such/program", &[]).unwrap_err().contains("/no/such/program"));
        assert!(!run("/bin/sh", &["-c", "echo why >&2; exit 3"]).unwrap().ok);
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let start = Instant::now();
        assert!(run_within(Duration::from_secs(1), "/bin/sleep", &["60"]).unwrap_err().contains("does not end"));
        assert!(start.elapsed() < LONGEST);
    }
}
