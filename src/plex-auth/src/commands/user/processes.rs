//! What runs as an account, and its end.

use std::fs::{self, metadata, read_link};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// How long processes have to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// How long they may take to be gone when they have no choice, new ones that they make meanwhile among them.
const END: Duration = Duration::from_secs(10);

/// How often to look.
const GLANCE: Duration = Duration::from_millis(20);

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pid: Pid,
    /// As `sleep (4711)`.
    pub shown: String,
}

/// Every process of an account's: by its real user, as `userdel` counts them, so that root's processes that act for a user,
/// or have a child that does, are none of them.
pub(super) fn of(uid: u32) -> Vec<Process> {
    all(uid).filter_map(|(process, directory)| is_theirs(&directory, uid).then_some(process)).collect()
}

/// Those that have the account's number and are not its own: of a container, which has users of its own.
pub(super) fn elsewhere(uid: u32) -> Vec<Process> {
    all(uid).filter_map(|(process, directory)| (!is_theirs(&directory, uid)).then_some(process)).collect()
}

/// Whether this very program was started by a process of the account's, with which it would end.
pub(super) fn started_us(uid: u32) -> bool {
    let slice = in_slice(Path::new("/proc/self"), uid);
    let mut process = getpid();
    // A child of the first process may have had any parent before.
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

/// Ends all of them, and those that they make meanwhile, and says how many there were.
///
/// # Errors
/// One that is still there.
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
        // All are stopped before the first is killed: what is stopped makes no new process.
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

/// To the process that has this number now, if it is the account's: a number may be another process's a moment later, a
/// descriptor not.
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
        // One that has ended and was not collected yet does nothing any more.
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

/// Whether a process with the account's number is the account's. A container that root runs has another root directory and
/// our user namespace; a user gets another root directory only in a user namespace of their own. Without the right to see
/// either, as under systemd's sandbox, the PID namespace says whether it is in a container.
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

/// Whether systemd keeps a process with the account's sessions.
fn in_slice(process: &Path, uid: u32) -> bool {
    let slice = format!("user-{uid}.slice");
    let groups = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
    groups.lines().any(|line| line.split('/').any(|part| part == slice))
}
