//! Ends an account's sessions: logind's, Samba's, and all other processes.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use system::accounts;
use system::command::{self, CHANGE_LIMIT, Command, NAME_SERVICE_OUTPUT, find};

use super::processes;
use crate::error::Error;

/// Time for an smbd to end.
const SMBD: Duration = Duration::from_secs(5);

/// Interval between two checks.
const GLANCE: Duration = Duration::from_millis(50);

/// Numbers of ended sessions and processes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndedSessions {
    processes: usize,
    smb: usize,
}

impl EndedSessions {
    /// A sentence; `None` if there was nothing to end.
    pub(super) fn shown(self) -> Option<String> {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {many}")),
        };
        let said = [count(self.processes, "process", "processes"), count(self.smb, "SMB session", "SMB sessions")];
        let said: Vec<_> = said.into_iter().flatten().collect();
        (!said.is_empty()).then(|| format!("ended: {}", said.join(", ")))
    }
}

/// Checks that this command does not run in a session of the account: it would end itself.
///
/// # Errors
/// It does.
pub(super) fn must_be_elsewhere(name: &str, uid: u32) -> Result<(), Error> {
    if processes::started_us(uid) {
        return Err(Error::new(format!("this command runs in a session of {name}'s, which would be ended"))
            .hint("run it in a session of another account's"));
    }
    Ok(())
}

/// Ends all sessions. Lock the account before, so that no new session begins.
///
/// # Errors
/// A process or an SMB session cannot be ended.
pub(super) fn end(name: &str, uid: u32) -> Result<EndedSessions, Error> {
    if uid == 0 || uid < accounts::uid_min() {
        return Err(Error::new(format!("'{name}' is root or a system account; its processes are not ended")));
    }
    must_be_elsewhere(name, uid)?;
    let smb = end_smb(name)?;
    let running = processes::of(uid).len();
    end_logind(name, uid);
    let survivor = |process: processes::Process| {
        Error::new(format!("{} runs as {name} and cannot be ended", process.shown))
            .hint(format!("look at it: ps -u {name}; then run this again"))
    };
    let more = processes::end(uid).map_err(survivor)?;
    Ok(EndedSessions { processes: running.max(more), smb })
}

/// Warning about processes in containers that have the account's user id.
pub(super) fn left_alone(uid: u32) -> Option<String> {
    let others: Vec<_> = processes::elsewhere(uid).into_iter().map(|process| process.shown).collect();
    (!others.is_empty()).then(|| format!("left alone, since a container runs it: {}", others.join(", ")))
}

/// Ends logind's sessions, whose processes may have other users. Any that remain are ended afterwards.
fn end_logind(name: &str, uid: u32) {
    let is_known = Path::new(&format!("/run/systemd/users/{uid}")).exists();
    if let Some(loginctl) = find(&["/usr/bin/loginctl", "/bin/loginctl"]).filter(|_| is_known) {
        let _ = Command::tool(loginctl, &["--no-ask-password", "terminate-user", name]).limit(CHANGE_LIMIT).run();
    }
}

/// Ends the smbd processes that serve a user. Each serves one connection, as root.
fn end_smb(name: &str) -> Result<usize, Error> {
    let (Some(smbstatus), Some(smbcontrol)) = (find(&["/usr/bin/smbstatus"]), find(&["/usr/bin/smbcontrol"])) else {
        return Ok(0);
    };
    let serving = || {
        let arguments = ["--processes", "--fast", "--user", name];
        let status = Command::tool(smbstatus, &arguments).limit(CHANGE_LIMIT).max_output(NAME_SERVICE_OUTPUT);
        let said = match status.stdout() {
            Ok(said) => said,
            // Samba is not running.
            Err(command::Error::Failed(status, _)) if status.code().is_some() => String::new(),
            // An smbd runs as root, so nothing else would find the sessions that are left.
            Err(error) => {
                return Err(Error::new(format!("the SMB sessions of {name} cannot be listed: {error}"))
                    .hint("when this works, run it again: smbstatus --processes"));
            }
        };
        Ok(said.lines().filter_map(|line| serving(line, name)).collect::<Vec<_>>())
    };
    let found = serving()?;
    for process in &found {
        // The loop below checks the result.
        let _ = Command::tool(smbcontrol, &[process, "shutdown"]).run();
    }
    let start = Instant::now();
    while !found.is_empty() && serving()?.iter().any(|process| found.contains(process)) {
        if start.elapsed() > SMBD {
            return Err(Error::new(format!("an SMB session of {name}'s cannot be ended: smbd {}", found.join(", ")))
                .hint("restart Samba, then run this again: systemctl restart smbd"));
        }
        sleep(GLANCE);
    }
    Ok(found.len())
}

/// The process id in a line of `smbstatus`, if it is about this user.
fn serving(line: &str, name: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let process = words.next()?;
    let user = words.next()?;
    let is_process = process.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') && process != "0";
    let is_theirs = user == name || user.rsplit_once('\\').is_some_and(|(_, user)| user == name);
    (is_process && is_theirs).then(|| process.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_sessions_are_counted_in_a_sentence() {
        assert_eq!(EndedSessions::default().shown(), None);
        assert_eq!(EndedSessions { processes: 1, smb: 0 }.shown().as_deref(), Some("ended: 1 process"));
        assert_eq!(
            EndedSessions { processes: 2, smb: 1 }.shown().as_deref(),
            Some("ended: 2 processes, 1 SMB session")
        );
    }

    #[test]
    fn smbstatus_lines_of_other_users_are_skipped() {
        let line = |user: &str| format!("4711    {user}        plex   127.0.0.1 (ipv4:127.0.0.1:5)   SMB3_11  -  -");
        assert_eq!(serving(&line("alice"), "alice").as_deref(), Some("4711"));
        assert_eq!(serving(&line("DEN\\alice"), "alice").as_deref(), Some("4711"));
        for other in ["alice2", "root", "(-1)"] {
            assert_eq!(serving(&line(other), "alice"), None, "{other}");
        }
        for odd in ["", "PID Username", "-1 alice", "0 alice", "4711"] {
            assert_eq!(serving(odd, "alice"), None, "{odd}");
        }
    }

    #[test]
    fn processes_of_root_and_system_accounts_are_never_ended() {
        assert!(end("root", 0).is_err() && end("daemon", 1).is_err());
    }
}
