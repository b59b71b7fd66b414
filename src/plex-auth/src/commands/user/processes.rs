//! Processes of an account, and how they are ended.

use std::fs::{self, metadata, read_link};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// Time for processes to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Time for processes, including new ones, to end after SIGKILL.
const END: Duration = Duration::from_secs(10);

/// Interval between two checks.
const GLANCE: Duration = Duration::from_millis(20);

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pid: Pid,
    /// Name and id, such as `sleep (4711)`.
    pub shown: String,
}

/// All processes of an account, by real user id as for `userdel`: root's processes that act for the user are not included.
pub(super) fn of(uid: u32) -> Vec<Process> {
    all(uid).filter_map(|(process, directory)| is_theirs(&directory, uid).then_some(process)).collect()
}

/// Processes with the account's user id that are not its own: those of a container, which has users of its own.
pub(super) fn elsewhere(uid: u32) -> Vec<Process> {
    all(uid).filter_map(|(process, directory)| (!is_theirs(&directory, uid)).then_some(process)).collect()
}

/// Tests whether this program runs in a session of the account, and would end with it.
pub(super) fn started_us(uid: u32) -> bool {
    let slice = in_slice(Path::new("/proc/self"), uid);
    let mut process = getpid();
    // A child of the first process may have had another parent before.
    while let Some(parent) = field(&of_pid(process), "PPid:").and_then(|pid| Pid::from_raw(pid.parse().ok()?)) {
        if parent.is_init() {
            break;
        }
        if real_user(&of_pid(parent)) == Some(uid) {
            return true;
        }
        process = parent;
    }
    slice
}

/// Ends all processes of an account, including new ones, and returns their number.
///
/// # Errors
/// A process that is still running.
pub(super) fn end(uid: u32) -> Result<usize, Process> {
    let first = of(uid);
    if first.is_empty() {
        return Ok(0);
    }
    for process in &first {
        signal(process.pid, uid, Signal::TERM);
    }
    let start = Instant::now();
    while start.elapsed() < GRACE && !of(uid).is_empty() {
        sleep(GLANCE);
    }
    let start = Instant::now();
    loop {
        // All are stopped before the first is killed: a stopped process cannot fork.
        for process in of(uid) {
            signal(process.pid, uid, Signal::STOP);
        }
        let left = of(uid);
        let Some(one) = left.first() else { return Ok(first.len()) };
        if start.elapsed() > END {
            return Err(one.clone());
        }
        for process in &left {
            signal(process.pid, uid, Signal::KILL);
        }
        sleep(GLANCE);
    }
}

/// Signals a process if it is the account's, by descriptor, since its id may be reused.
fn signal(pid: Pid, uid: u32, signal: Signal) {
    let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let directory = of_pid(pid);
    if uid != 0 && real_user(&directory) == Some(uid) && is_theirs(&directory, uid) {
        let _ = pidfd_send_signal(descriptor, signal);
    }
}

fn all(uid: u32) -> impl Iterator<Item = (Process, PathBuf)> {
    let directories = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    directories.filter_map(move |directory| {
        let pid = Pid::from_raw(directory.file_name()?.to_str()?.parse().ok()?)?;
        // A zombie does nothing any more.
        let is_one = real_user(&directory) == Some(uid) && !field(&directory, "State:")?.starts_with('Z');
        let shown = format!("{} ({})", protocol::printable(&field(&directory, "Name:")?, 32), pid.as_raw_nonzero());
        is_one.then_some((Process { pid, shown }, directory))
    })
}

fn of_pid(pid: Pid) -> PathBuf {
    PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()))
}

fn real_user(process: &Path) -> Option<u32> {
    field(process, "Uid:")?.split_whitespace().next()?.parse().ok()
}

fn field(process: &Path, name: &str) -> Option<String> {
    let status = fs::read(process.join("status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

/// Tests whether a process with the account's user id is the account's. A container of root's has another root directory in
/// our user namespace; a user's own needs a user namespace of its own. If neither is readable, as in systemd's sandbox, the
/// PID namespace tells whether the process is in a container.
fn is_theirs(process: &Path, uid: u32) -> bool {
    if in_slice(process, uid) {
        return true;
    }
    let root = |path: &Path| metadata(path).map(|root| (root.dev(), root.ino())).ok();
    let users = |process: &Path| read_link(process.join("ns/user")).ok();
    match (root(&process.join("root")), users(process)) {
        (Some(theirs), Some(numbers)) => {
            root(Path::new("/")) == Some(theirs) || users(Path::new("/proc/self")) != Some(numbers)
        }
        _ => field(process, "NSpid:").is_none_or(|numbers| numbers.split_whitespace().count() == 1),
    }
}

/// Tests whether a process is in the account's slice of systemd.
fn in_slice(process: &Path, uid: u32) -> bool {
    let slice = format!("user-{uid}.slice");
    let groups = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
    groups.lines().any(|line| line.split('/').any(|part| part == slice))
}
