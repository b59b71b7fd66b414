//! The sandbox on this kernel. Each test restricts a thread of its own, which the others do not notice.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic, and a skipped one says why")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

use super::*;

/// Runs this in a restricted thread; only where the kernel has no Landlock is it skipped.
fn inside(sandbox: Sandbox, test: impl FnOnce() + Send) {
    let run = || match sandbox.enter().unwrap() {
        Landlock::Enforced | Landlock::Partial => test(),
        Landlock::Missing => eprintln!("skipped: {}", Landlock::Missing.line().unwrap().1),
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap();
}

fn assert_refused<T>(what: &str, result: io::Result<T>) {
    let error = result.err().map(|error| error.kind());
    assert!(matches!(error, Some(ErrorKind::PermissionDenied)), "{what}: {error:?}");
}

/// A directory with a file.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "content").unwrap();
    directory
}

#[test]
fn files_can_be_changed_in_the_state_directory_only() {
    let (state, other) = (directory(), directory());
    inside(Sandbox::reading_and_executing().files_below(state.path()), || {
        let (state, other) = (state.path(), other.path());
        fs::write(state.join("file"), "shorter").unwrap();
        fs::write(state.join("new"), "x").unwrap();
        fs::rename(state.join("new"), state.join("newer")).unwrap();
        fs::remove_file(state.join("newer")).unwrap();
        for (what, result) in [
            ("a new file", fs::write(other.join("new"), "x")),
            ("a truncated file", File::create(other.join("file")).map(drop)),
            ("an appended file", OpenOptions::new().append(true).open(other.join("file")).map(drop)),
            ("a removed file", fs::remove_file(other.join("file"))),
            ("a renamed file", fs::rename(other.join("file"), other.join("renamed"))),
            ("a new directory", fs::create_dir(other.join("directory"))),
            ("a link", symlink("/etc/shadow", other.join("link"))),
            ("a link in the state directory", symlink("/etc/shadow", state.join("link"))),
            ("a socket in the state directory", UnixListener::bind(state.join("socket")).map(drop)),
            ("a directory in the state directory", fs::create_dir(state.join("directory"))),
            ("/tmp", fs::write("/tmp/plex-auth-sandbox", "x")),
        ] {
            assert_refused(what, result);
        }
        assert!(fs::rename(other.join("file"), state.join("taken")).is_err());
        assert_eq!(fs::read_to_string(other.join("file")).unwrap(), "content");
        assert!(other.read_dir().unwrap().count() == 1 && state.read_dir().unwrap().count() == 1);
    });
}

#[test]
fn programs_run_with_the_same_restrictions_and_without_new_privileges() {
    let (state, other) = (directory(), directory());
    inside(Sandbox::reading_and_executing().files_below(state.path()), || {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]).current_dir(other.path()).env("STATE", state.path());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
        };
        assert!(shell("echo x >$STATE/new && rm $STATE/new && echo x >/dev/null && grep content file"));
        assert!(
            !shell("echo x >new") && !shell("echo x >>file") && !shell("mkdir d") && !shell("mount -t tmpfs x /mnt")
        );
        assert!(shell("grep -q '^NoNewPrivs:.1' /proc/self/status"));
    });
}

#[test]
fn local_sockets_and_tcp_connections_work_and_tcp_ports_cannot_be_opened() {
    let other = directory();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = UnixListener::bind(other.path().join("stream")).unwrap();
    let datagram = UnixDatagram::bind(other.path().join("datagram")).unwrap();
    let (host, old) = (tcp.local_addr().unwrap(), ABI::V4 > kernel());
    inside(Sandbox::reading_and_connecting(), || {
        UnixStream::connect(other.path().join("stream")).unwrap();
        UnixDatagram::unbound().unwrap().send_to(b"x", other.path().join("datagram")).unwrap();
        TcpStream::connect(host).unwrap();
        if old {
            return eprintln!("skipped: TCP ports need Landlock 4 (Linux 6.7)");
        }
        assert_refused("a port", TcpListener::bind("127.0.0.1:0"));
        assert_refused("a port of IPv6", TcpListener::bind("[::1]:0"));
    });
    inside(Sandbox::reading(), || {
        UnixStream::connect(other.path().join("stream")).unwrap();
        if !old {
            assert_refused("a connection", TcpStream::connect(host));
        }
    });
    drop((stream, datagram));
}

#[test]
fn a_service_that_only_reads_runs_no_program_and_writes_nothing() {
    let other = directory();
    inside(Sandbox::reading(), || {
        fs::read("/etc/passwd").unwrap();
        assert_refused("a program", Command::new("/bin/true").status());
        assert_refused("a file", fs::write(other.path().join("new"), "x"));
        File::options().write(true).open("/dev/null").unwrap().write_all(b"x").unwrap();
    });
}

#[test]
fn a_tree_may_be_missing_and_its_sockets_and_directories_may_be_made() {
    let (tree, other) = (directory(), directory());
    let missing = other.path().join("missing");
    let sandbox = Sandbox::reading_and_executing().tree_below(tree.path()).tree_if_present(&missing);
    inside(sandbox, || {
        let below = tree.path().join("below");
        fs::create_dir(&below).unwrap();
        let socket = UnixListener::bind(below.join("socket")).unwrap();
        fs::write(below.join("file"), "x").unwrap();
        fs::remove_dir_all(&below).unwrap();
        drop(socket);
        assert_refused("a missing tree", fs::create_dir(&missing));
        assert_refused(
            "a device",
            nix::sys::stat::mknod(&tree.path().join("n"), CHARACTER, MODE, 0).map_err(io::Error::from),
        );
    });
}

const CHARACTER: nix::sys::stat::SFlag = nix::sys::stat::SFlag::S_IFCHR;
const MODE: nix::sys::stat::Mode = nix::sys::stat::Mode::S_IRWXU;

#[test]
fn a_socket_can_be_removed_and_not_replaced() {
    let place = directory();
    let path = place.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    inside(Sandbox::reading_and_executing().removing(&path), || {
        fs::remove_file(&path).unwrap();
        assert_refused("another socket", UnixListener::bind(&path));
    });
    drop(listener);
}

#[test]
fn a_directory_that_the_service_needs_and_that_is_missing_is_an_error() {
    let place = directory();
    let missing = place.path().join("missing");
    let new = Sandbox::reading_and_executing;
    for sandbox in [new().files_below(&missing), new().tree_below(&missing)] {
        let error = thread::scope(|scope| scope.spawn(|| sandbox.enter()).join()).unwrap().unwrap_err();
        assert!(matches!(&error, Error::Path(path, _) if *path == missing), "{error}");
        assert!(error.to_string().starts_with(missing.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_kernel_that_restricts_less_than_everything_is_reported() {
    let reported = |status: RulesetStatus| Landlock::from(status).line();
    assert_eq!(reported(RulesetStatus::FullyEnforced), None);
    let (severity, line) = reported(RulesetStatus::PartiallyEnforced).unwrap();
    assert!(
        severity == Severity::Info && ["6.2", "6.7", "6.10"].iter().all(|version| line.contains(version)),
        "{line}"
    );
    let (severity, line) = reported(RulesetStatus::NotEnforced).unwrap();
    assert!(severity == Severity::Warning && line.contains("no Landlock"), "{line}");
}

#[test]
fn a_process_that_connects_runs_no_program() {
    inside(Sandbox::reading_and_connecting(), || {
        fs::read("/etc/passwd").unwrap();
        assert_refused("a program", Command::new("/bin/true").status());
    });
}

/// Version of the kernel's Landlock, as far as the tests distinguish them.
fn kernel() -> ABI {
    let release = nix::sys::utsname::uname().unwrap().release().to_str().unwrap().to_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    if (numbers.next(), numbers.next()) >= (Some(6), Some(7)) { ABI::V4 } else { ABI::V1 }
}
