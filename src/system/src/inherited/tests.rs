#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Output, Stdio};

use super::*;
use crate::failed_start::PassedSockets;
use crate::listener::Listener;

/// Set in the process that a test starts to see what it inherits.
const CHILD: &str = "INHERITED_TEST_CHILD";

/// Runs one test of this program again, with `socket` as descriptor 3 and descriptors 7 and 9 left open.
fn again(test: &str, socket: impl Into<OwnedFd>, variables: &str) -> Output {
    let script = format!("exec 3<&0 7</dev/null 9</dev/null </dev/null; {variables} exec \"$0\" --exact \"$1\"");
    let test = format!("inherited::tests::{test}");
    let mut sh = Command::new("sh");
    sh.args(["-c", &script]).arg(env::current_exe().unwrap()).arg(test).env(CHILD, "1");
    sh.env_remove("LISTEN_PID").env_remove("LISTEN_FDS").stdin(Stdio::from(socket.into())).output().unwrap()
}

fn listener() -> (tempfile::TempDir, UnixListener) {
    let place = tempfile::tempdir().unwrap();
    let socket = UnixListener::bind(place.path().join("socket")).unwrap();
    (place, socket)
}

/// The socket that was passed to this process.
fn taken_over() -> Result<Option<Listener>, String> {
    PassedSockets::take_over().listener().map_err(|error| error.to_string())
}

/// Whether a program started now has a descriptor of this number.
fn is_passed_on(number: RawFd) -> bool {
    let seen = Command::new("sh").args(["-c", &format!("test -e /proc/$$/fd/{number}")]).status().unwrap();
    seen.success()
}

#[test]
fn the_socket_that_systemd_passes_is_served_and_not_passed_on() {
    if env::var_os(CHILD).is_some() {
        assert!(is_passed_on(3));
        let listener = taken_over().unwrap().unwrap();
        assert!(!is_passed_on(3) && !is_passed_on(listener.socket().as_raw_fd()));
        return drop(listener.socket().accept().unwrap());
    }
    let (place, socket) = listener();
    let mut client = UnixStream::connect(place.path().join("socket")).unwrap();
    let test = "the_socket_that_systemd_passes_is_served_and_not_passed_on";
    let child = again(test, socket, "LISTEN_PID=$$ LISTEN_FDS=1");
    assert!(child.status.success(), "{child:?}");
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "it was accepted, and closed");
}

#[test]
fn only_a_listening_unix_stream_socket_is_served() {
    if env::var_os(CHILD).is_some() {
        let error = taken_over().unwrap_err();
        return assert!(error.contains("it is not a"), "{error}");
    }
    let test = "only_a_listening_unix_stream_socket_is_served";
    let variables = "LISTEN_PID=$$ LISTEN_FDS=1";
    let connected = UnixStream::pair().unwrap().0;
    let datagram = UnixDatagram::unbound().unwrap();
    let internet = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for child in [again(test, connected, variables), again(test, datagram, variables), again(test, internet, variables)]
    {
        assert!(child.status.success(), "{child:?}");
    }
}

#[test]
fn what_is_no_socket_is_an_error() {
    if env::var_os(CHILD).is_some() {
        return drop(taken_over().unwrap_err());
    }
    let file = File::open("/dev/null").unwrap();
    let child = again("what_is_no_socket_is_an_error", file, "LISTEN_PID=$$ LISTEN_FDS=1");
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn every_passed_descriptor_is_taken_over() {
    if env::var_os(CHILD).is_some() {
        assert!([3, 4].into_iter().all(is_passed_on));
        let (descriptors, outcome) = passed();
        outcome.unwrap();
        assert!(descriptors.len() == 2 && ![3, 4].into_iter().any(is_passed_on), "{descriptors:?}");
        return;
    }
    let (_place, socket) = listener();
    let child = again("every_passed_descriptor_is_taken_over", socket, "exec 4<&3; LISTEN_PID=$$ LISTEN_FDS=2");
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn sockets_are_passed_only_to_the_process_that_is_named() {
    assert_eq!(passed_count(Some("17"), Some("1"), 17).unwrap(), 1);
    assert_eq!(passed_count(Some("17"), Some("2"), 17).unwrap(), 2);
    assert_eq!(passed_count(Some("17"), Some("1"), 18).unwrap(), 0);
    assert_eq!(passed_count(Some("17"), Some("x"), 18).unwrap(), 0);
    assert_eq!(passed_count(Some("17"), Some("0"), 17).unwrap(), 0);
    assert_eq!(passed_count(None, Some("1"), 17).unwrap(), 0);
    assert_eq!(passed_count(Some("17"), None, 17).unwrap(), 0);
    for (pid, count) in [("17", "x"), ("17", "-1"), ("17", ""), ("x", "1"), ("", "1"), ("-17", "1")] {
        let error = passed_count(Some(pid), Some(count), 17).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{pid} {count}");
    }
}

#[test]
fn a_number_that_is_no_descriptor_is_an_error() {
    assert_eq!(own(1_000_000).unwrap_err().raw_os_error(), Some(Errno::EBADF as i32));
}

#[test]
fn an_owned_descriptor_is_the_same_open_file_and_the_number_is_closed() {
    let (mut writer, reader) = UnixStream::pair().unwrap();
    let owned = own(reader.into_raw_fd()).unwrap();
    io::Write::write_all(&mut writer, b"x").unwrap();
    drop(writer);
    let mut text = String::new();
    UnixStream::from(owned).read_to_string(&mut text).unwrap();
    assert_eq!(text, "x");
}

#[test]
fn descriptors_that_the_parent_left_open_are_closed_and_own_ones_stay() {
    if env::var_os(CHILD).is_some() {
        let own = File::open("/proc/self/stat").unwrap();
        assert!([3, 7, 9].into_iter().all(is_passed_on));
        close_descriptors().unwrap();
        assert!(![3, 7, 9].into_iter().any(is_passed_on));
        assert_eq!(descriptors().unwrap(), [] as [RawFd; 0]);
        assert!([0, 1, 2].into_iter().all(is_passed_on));
        assert!(io::read_to_string(own).unwrap().starts_with(&process::id().to_string()));
        return assert_eq!(io::stdin().as_fd().as_raw_fd(), 0);
    }
    let test = "descriptors_that_the_parent_left_open_are_closed_and_own_ones_stay";
    let child = again(test, File::open("/dev/null").unwrap(), "");
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn the_kernels_text_about_a_descriptor_has_its_flags() {
    assert_eq!(flags("pos:\t0\nflags:\t02100002\nmnt_id:\t15\n").map(|it| it.contains(OFlag::O_CLOEXEC)), Some(true));
    assert_eq!(flags("pos:\t0\nflags:\t0100002\nmnt_id:\t15\n").map(|it| it.contains(OFlag::O_CLOEXEC)), Some(false));
    assert_eq!(flags("pos:\t0\nflags:\tx\n"), None);
    assert_eq!(flags("pos:\t0\n"), None);
}
