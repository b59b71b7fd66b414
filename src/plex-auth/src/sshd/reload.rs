//! Makes a running sshd read its configuration again. A socket that starts sshd needs nothing: sshd reads the files then.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use system::command::{CHANGE_LIMIT, Command, SYSTEMCTL, SYSTEMD, find};

/// Units of sshd and their sockets: Debian's, and those of other distributions. On Debian, the second service is another name of
/// the first.
const UNITS: [(&str, &str); 2] = [("ssh.service", "ssh.socket"), ("sshd.service", "sshd.socket")];

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
    if Path::new(SYSTEMD).is_dir()
        && let Some(systemctl) = find(SYSTEMCTL)
    {
        let is_active = |unit| {
            let output = Command::tool(systemctl, &["--quiet", "is-active", unit]).run();
            output.map(|output| output.is_ok()).map_err(|error| error.to_string())
        };
        for (unit, socket) in UNITS {
            if is_active(unit)? {
                // An sshd that has its socket from systemd loses it on SIGHUP, and ends (measured with OpenSSH 10.0 of Debian
                // 13). Open sessions outlast a restart.
                let verb = if is_active(socket)? { "restart" } else { "reload" };
                // systemd's limit of starts would leave the machine without an sshd.
                let _ = Command::tool(systemctl, &["reset-failed", unit, socket]).run();
                let done = Command::tool(systemctl, &[verb, unit]).limit(CHANGE_LIMIT).stdout();
                return done.map(|_| Reloaded::Yes).map_err(|why| format!("systemctl {verb} {unit}: {why}"));
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
