//! Two ends, one of them slow, gone or hostile.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::*;
use crate::{Prompt, Reply, Verdict};

fn pair() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Connection::accepted(ours).unwrap(), theirs)
}

/// Of what is expected to time out.
fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(300))
}

/// Of what is expected to be there.
fn minute() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

#[test]
fn messages_are_received_one_by_one_from_any_segmentation() {
    let (mut ours, mut theirs) = pair();
    let ask = Reply::Prompt(Prompt { text: "x".repeat(9000), echo: true, password: false });
    let mut bytes = encode(&ask).unwrap().to_vec();
    bytes.extend_from_slice(&encode(&Reply::Verdict(Verdict::Success)).unwrap());
    let writer = std::thread::spawn(move || {
        for part in bytes.chunks(7) {
            theirs.write_all(part).unwrap();
        }
        theirs
    });
    assert_eq!(ours.receive::<Reply>(minute()).unwrap(), ask);
    assert_eq!(ours.receive::<Reply>(minute()).unwrap(), Reply::Verdict(Verdict::Success));
    writer.join().unwrap();
}

#[test]
fn r10_the_end_of_the_stream_is_an_error_at_once() {
    let (mut ours, mut theirs) = pair();
    theirs.write_all(&[0, 0, 0, 20, b'{']).unwrap();
    drop(theirs);
    let start = Instant::now();
    let outcome = ours.receive::<Reply>(Deadline::after(Duration::from_secs(10)));
    assert!(matches!(outcome, Err(Error::Closed)), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn r10_slow_bytes_do_not_extend_the_deadline() {
    let (mut ours, mut theirs) = pair();
    let writer = std::thread::spawn(move || {
        let _ = theirs.write_all(&[0, 0, 0, 200]);
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(20));
            if theirs.write_all(b" ").is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let outcome = ours.receive::<Reply>(soon());
    assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_millis(1500));
    drop(ours);
    writer.join().unwrap();
}

#[test]
fn r10_an_oversized_frame_is_refused_before_it_arrives() {
    let (mut ours, mut theirs) = pair();
    theirs.write_all(&70_000_u32.to_be_bytes()).unwrap();
    let outcome = ours.receive::<Reply>(Deadline::after(Duration::from_secs(10)));
    assert!(matches!(outcome, Err(Error::Malformed(Malformed::Length(70_000)))), "{outcome:?}");
}

#[test]
fn sending_to_a_closed_connection_is_an_error_and_no_signal() {
    let (mut ours, theirs) = pair();
    drop(theirs);
    let outcome = ours.send(&Reply::Working, minute());
    assert!(matches!(outcome, Err(Error::Closed)), "{outcome:?}");
}

#[test]
fn sending_to_a_peer_that_does_not_read_ends_at_the_deadline() {
    let (mut ours, _theirs) = pair();
    let ask = Reply::Prompt(Prompt { text: "x".repeat(60_000), echo: true, password: false });
    let outcome = (0..100).find_map(|_| ours.send(&ask, soon()).err());
    assert!(matches!(outcome, Some(Error::TimedOut)), "{outcome:?}");
}

#[test]
fn a_conversation_is_over_when_the_other_end_leaves_or_speaks_out_of_turn() {
    let (mut ours, theirs) = pair();
    assert!(!ours.is_over());
    drop(theirs);
    assert!(ours.is_over());
    let (mut ours, mut theirs) = pair();
    theirs.write_all(b"x").unwrap();
    assert!(ours.is_over());
}

#[test]
fn the_peers_uid_and_pid_come_from_the_kernel() {
    let (ours, _theirs) = pair();
    let peer = ours.peer().unwrap();
    assert_eq!(u32::try_from(peer.pid).unwrap(), std::process::id());
}

#[test]
fn an_interrupted_wait_ends_at_once_and_a_verdict_can_still_be_sent() {
    let (mut ours, theirs) = pair();
    let mut theirs = Connection::accepted(theirs).unwrap();
    let interrupter = ours.interrupter();
    let (starting, started) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let start = Instant::now();
        starting.send(()).unwrap();
        let received = ours.receive::<Reply>(Deadline::after(Duration::from_secs(30)));
        assert!(matches!(received, Err(Error::Closed)), "{received:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        ours.send(&Reply::Verdict(Verdict::Unavailable), minute()).unwrap();
    });
    started.recv().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    interrupter.interrupt();
    waiting.join().unwrap();
    // A message sent meanwhile is lost, and the verdict is received all the same.
    assert!(matches!(theirs.send(&Reply::Working, minute()), Err(Error::Closed)));
    assert_eq!(theirs.receive::<Reply>(minute()).unwrap(), Reply::Verdict(Verdict::Unavailable));
    interrupter.interrupt();
}

#[test]
fn each_failure_is_a_sentence_without_what_was_sent() {
    let said = |error: Error| error.to_string();
    assert_eq!(said(Error::Untrusted(Untrusted::Peer(7))).split(':').next(), Some("the socket is not trusted"));
    assert_eq!(said(Error::Io(Errno::ENOENT.into())), "No such file or directory");
    assert_eq!(said(Error::Closed), "the other end closed the connection");
    assert_eq!(said(Error::TimedOut), "no answer in time");
    assert_eq!(said(Error::Malformed(Malformed::Content)), "received a frame that is not a message of this protocol");
    let length = said(Error::Malformed(Malformed::Length(70_000)));
    assert_eq!(length, "received a frame of 70000 bytes (1 to 65536 are allowed)");
}

#[test]
fn a_deadline_is_shortened_and_extended_by_a_time() {
    let hour = Duration::from_secs(3600);
    let far = Deadline::after(2 * hour);
    let near = far.at_most(hour);
    assert!(near.left() <= hour && near.left() + Duration::from_secs(60) > hour, "{near:?}");
    assert!(far.at_most(3 * hour).left() > hour, "an earlier deadline stays");
    let later = near.extended(hour);
    assert!(later.left() > hour && later.left() <= 2 * hour, "{later:?}");
    assert!(Deadline::at(Instant::now()).left().is_zero());
}

#[test]
fn a_wait_of_less_than_a_millisecond_is_rounded_up() {
    let timeout = Deadline::after(Duration::from_micros(900)).poll_timeout();
    assert_eq!(timeout.as_millis(), Some(1));
    assert_eq!(Deadline::at(Instant::now()).poll_timeout().as_millis(), Some(0));
    let long = Deadline::after(Duration::from_secs(10)).poll_timeout().as_millis().unwrap();
    assert!((5_000..=10_000).contains(&long), "{long}");
}

/// A listener whose queue is full, and the connections that wait in it.
fn full_queue(path: &Path) -> (OwnedFd, Vec<OwnedFd>) {
    use nix::sys::socket::{Backlog, bind, listen};
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let new = || socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
    let (listener, address) = (new(), UnixAddr::new(path).unwrap());
    bind(listener.as_raw_fd(), &address).unwrap();
    listen(&listener, Backlog::new(0).unwrap()).unwrap();
    let mut waiting = Vec::new();
    loop {
        let next = new();
        match connect(next.as_raw_fd(), &address) {
            Ok(()) => waiting.push(next),
            Err(error) => {
                assert_eq!(error, Errno::EAGAIN);
                return (listener, waiting);
            }
        }
    }
}

#[test]
fn a_full_queue_is_waited_for_until_the_deadline() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let (listener, _waiting) = full_queue(&path);
    let start = Instant::now();
    let outcome = Connection::connect(&path, Deadline::after(Duration::from_millis(200)));
    assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
    let server = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        let listener = std::os::unix::net::UnixListener::from(listener);
        listener.set_nonblocking(false).unwrap();
        let first = listener.accept().unwrap();
        (listener, first)
    });
    Connection::connect(&path, Deadline::after(Duration::from_secs(60))).unwrap();
    server.join().unwrap();
}

/// Eight clients that connect again and again, to a server that accepts one every 50 ms: a place is free for microseconds, and
/// a client that tries again after a pause finds none.
#[test]
fn r70_clients_that_keep_the_queue_full_leave_a_place_to_one_that_waits() {
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let (listener, waiting) = full_queue(&path);
    let listener = UnixListener::from(listener);
    let is_over = AtomicBool::new(false);
    let until_over = |mut act: Box<dyn FnMut() + '_>| {
        while !is_over.load(Ordering::Relaxed) {
            act();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| until_over(Box::new(|| drop(UnixStream::connect(&path)))));
        }
        scope.spawn(|| {
            until_over(Box::new(|| {
                std::thread::sleep(Duration::from_millis(50));
                drop(listener.accept());
            }));
            // Those that still wait are let go.
            drop(waiting);
            drop(listener);
        });
        let outcomes: Vec<_> =
            (0..5).map(|_| Connection::connect(&path, Deadline::after(Duration::from_secs(2))).is_ok()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(outcomes, [true; 5]);
    });
}

#[test]
fn a_connection_is_not_passed_on_and_does_not_block() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let ours = Connection::connect(&path, minute()).unwrap();
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", ours.socket.as_raw_fd())).unwrap();
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
    // O_CLOEXEC and O_NONBLOCK.
    assert_eq!(flags & 0o2_004_000, 0o2_004_000, "{about}");
}

/// Set in the process that a test starts.
const CHILD: &str = "CONNECTION_TEST_CHILD";

#[test]
fn no_connection_has_the_number_of_a_standard_descriptor() {
    if let Some(path) = std::env::var_os(CHILD) {
        nix::unistd::close(0).unwrap();
        let ours = Connection::connect(Path::new(&path), minute()).unwrap();
        return assert!(ours.socket.as_raw_fd() >= 3, "{ours:?}");
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let test = "connection::tests::no_connection_has_the_number_of_a_standard_descriptor";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", test]).env(CHILD, &path).output().unwrap();
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn no_more_than_one_frame_is_kept() {
    let (mut ours, mut theirs) = pair();
    let empty = encode(&Reply::Prompt(Prompt { text: String::new(), echo: true, password: false })).unwrap().len();
    let text = "x".repeat(PREFIX + MAX_FRAME - empty);
    let largest = Reply::Prompt(Prompt { text, echo: true, password: false });
    let mut bytes = encode(&largest).unwrap().to_vec();
    assert_eq!(bytes.len(), PREFIX + MAX_FRAME);
    for _ in 0..5000 {
        bytes.extend_from_slice(&encode(&Reply::Working).unwrap());
    }
    let writer = std::thread::spawn(move || {
        theirs.write_all(&bytes).unwrap();
        theirs
    });
    let patient = Deadline::after(Duration::from_secs(60));
    assert_eq!(ours.receive::<Reply>(patient).unwrap(), largest);
    assert!(ours.inbox.is_empty(), "{} bytes of the next message", ours.inbox.len());
    for _ in 0..5000 {
        assert_eq!(ours.receive::<Reply>(patient).unwrap(), Reply::Working);
    }
    writer.join().unwrap();
}
