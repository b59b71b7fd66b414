//! Makes a running sshd read its configuration again. A socket that starts sshd needs nothing: sshd reads the files then.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use system::command::{CHANGE_LIMIT, Command, find};

/// Paths of systemd's command.
const SYSTEMCTL: [&str; 2] = ["/usr/bin/systemctl", "/bin/systemctl"];

/// Units of sshd: Debian's, and those of other distributions. On Debian, the second is another name of the first.
const UNITS: [&str; 2] = ["ssh.service", "sshd.service"];

/// Files with the process id of an sshd that no systemd has started.
const PROCESS_FILES: [&str; 2] = ["/run/sshd.pid", "/var/run/sshd.pid"];

/// Result of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// A running sshd reads the configuration again.
    Yes,
    /// None is running; the next one reads the configuration.
    NotRunning,
}

/// Reloads sshd.
///
/// # Errors
/// The service manager's complaint, or that sshd could not be signalled.
pub(crate) fn reload() -> Result<Reloaded, String> {
    if Path::new("/run/systemd/system").is_dir()
        && let Some(systemctl) = find(&SYSTEMCTL)
    {
        for unit in UNITS {
            let is_active = Command::tool(systemctl, &["--quiet", "is-active", unit]).run();
            if is_active.map_err(|error| error.to_string())?.is_ok() {
                let reload = Command::tool(systemctl, &["reload", unit]).limit(CHANGE_LIMIT).stdout();
                return reload.map(|_| Reloaded::Yes).map_err(|why| format!("systemctl reload {unit}: {why}"));
            }
        }
    }
    let Some(process) = PROCESS_FILES.iter().find_map(|file| running(file)) else { return Ok(Reloaded::NotRunning) };
    kill(process, Signal::SIGHUP).map_err(|error| format!("sshd cannot be signalled: {}", error.desc()))?;
    Ok(Reloaded::Yes)
}

/// The process of a process file, if it is an sshd.
fn running(file: &str) -> Option<Pid> {
    let process: i32 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    let program = fs::read_link(format!("/proc/{process}/exe")).ok()?;
    let name = program.file_name()?.to_str()?;
    // An upgrade removes the program that is still running.
    name.trim_end_matches(" (deleted)").eq("sshd").then(|| Pid::from_raw(process))
}
