//! Makes a running sshd read its configuration again. A socket that starts sshd needs nothing: sshd reads the files then.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use system::command::{self, CHANGE_LIMIT, Command, systemctl};

/// Units of sshd and their sockets: Debian's, and those of other distributions. On Debian, the second service is another name of
/// the first.
const UNITS: [(&str, &str); 2] = [("ssh.service", "ssh.socket"), ("sshd.service", "sshd.socket")];

/// Directories of units that packages and administrators install.
const UNIT_DIRECTORIES: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Files with the process id of an sshd that no systemd has started.
const PROCESS_FILES: [&str; 2] = ["/run/sshd.pid", "/var/run/sshd.pid"];

/// Way to make the sshd of this machine read its configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reload {
    /// This service of systemd reads it.
    Service(&'static str),
    /// The service has its listening socket from systemd, and loses it on SIGHUP: sshd ends (measured with OpenSSH 10.0 of
    /// Debian 13). It is restarted if it is running, which open sessions outlast.
    Activated { service: &'static str, socket: &'static str },
    /// No systemd has started the process of this file.
    Process(&'static str, Pid),
    /// No sshd is running. The next one reads the configuration.
    NotRunning,
}

impl Reload {
    /// The way on this machine.
    ///
    /// # Errors
    /// systemctl does not answer.
    pub(crate) fn find() -> Result<Self, command::Error> {
        if let Some(systemctl) = systemctl() {
            let is_active =
                |unit| Command::tool(systemctl, &["--quiet", "is-active", unit]).run().map(|output| output.is_ok());
            for (service, socket) in UNITS {
                if is_active(socket)? {
                    return Ok(Self::Activated { service, socket });
                }
                if is_active(service)? {
                    return Ok(Self::Service(service));
                }
            }
        }
        let process = PROCESS_FILES.iter().find_map(|file| Some(Self::Process(file, running(file)?)));
        Ok(process.unwrap_or(Self::NotRunning))
    }

    /// The command that starts sshd, where systemd could and none is running.
    pub(crate) fn start(self) -> Option<String> {
        systemctl().filter(|_| self == Self::NotRunning)?;
        let (service, _) = UNITS.iter().find(|(service, _)| {
            UNIT_DIRECTORIES.iter().any(|directory| Path::new(directory).join(service).exists())
        })?;
        Some(format!("systemctl enable --now {service}"))
    }

    /// The commands of systemctl.
    fn steps(self) -> Vec<Vec<&'static str>> {
        match self {
            Self::Service(service) => vec![vec!["reload", service]],
            // systemd's limit of starts would leave the machine without an sshd.
            Self::Activated { service, socket } => {
                vec![vec!["reset-failed", service, socket], vec!["try-restart", service]]
            }
            Self::Process(..) | Self::NotRunning => Vec::new(),
        }
    }

    /// The command for root's shell; `None` if there is nothing to do.
    pub(crate) fn shell(self) -> Option<String> {
        match self {
            Self::Service(_) | Self::Activated { .. } => {
                let steps: Vec<_> = self.steps().iter().map(|step| format!("systemctl {}", step.join(" "))).collect();
                Some(steps.join(" && "))
            }
            Self::Process(file, _) => Some(format!("kill -HUP $(cat {file})")),
            Self::NotRunning => None,
        }
    }

    /// Does it.
    fn run(self) -> Result<(), String> {
        for step in self.steps() {
            let systemctl = systemctl().ok_or("systemctl is gone")?;
            Command::tool(systemctl, &step)
                .limit(CHANGE_LIMIT)
                .stdout()
                .map_err(|why| format!("systemctl {}: {why}", step.join(" ")))?;
        }
        let Self::Process(_, process) = self else { return Ok(()) };
        kill(process, Signal::SIGHUP).map_err(|error| format!("sshd cannot be signalled: {}", error.desc()))
    }
}

/// Reloads sshd.
///
/// # Errors
/// The service manager's complaint, or that sshd could not be signalled.
pub(crate) fn reload() -> Result<(), String> {
    Reload::find().map_err(|error| error.to_string())?.run()
}

/// The process of a process file, if it is an sshd.
fn running(file: &str) -> Option<Pid> {
    let process: i32 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    let program = fs::read_link(format!("/proc/{process}/exe")).ok()?;
    let name = program.file_name()?.to_str()?;
    // An upgrade removes the program that is still running.
    name.trim_end_matches(" (deleted)").eq("sshd").then(|| Pid::from_raw(process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r79_an_sshd_that_its_socket_started_is_restarted_and_any_other_is_reloaded() {
        let activated = Reload::Activated { service: "ssh.service", socket: "ssh.socket" };
        let restart = "systemctl reset-failed ssh.service ssh.socket && systemctl try-restart ssh.service";
        assert_eq!(activated.shell().as_deref(), Some(restart));
        assert_eq!(Reload::Service("sshd.service").shell().as_deref(), Some("systemctl reload sshd.service"));
        let process = Reload::Process("/run/sshd.pid", Pid::from_raw(7));
        assert_eq!(process.shell().as_deref(), Some("kill -HUP $(cat /run/sshd.pid)"));
        assert_eq!(Reload::NotRunning.shell(), None);
    }
}
