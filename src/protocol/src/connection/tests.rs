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

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(300))
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
    assert_eq!(ours.receive::<Reply>(soon()).unwrap(), ask);
    assert_eq!(ours.receive::<Reply>(soon()).unwrap(), Reply::Verdict(Verdict::Success));
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
    let outcome = ours.send(&Reply::Working, soon());
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
    let waiting = std::thread::spawn(move || {
        let start = Instant::now();
        let received = ours.receive::<Reply>(Deadline::after(Duration::from_secs(30)));
        assert!(matches!(received, Err(Error::Closed)), "{received:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        ours.send(&Reply::Verdict(Verdict::Unavailable), soon()).unwrap();
    });
    std::thread::sleep(Duration::from_millis(50));
    interrupter.interrupt();
    waiting.join().unwrap();
    // A message sent meanwhile is lost, and the verdict is received all the same.
    assert!(matches!(theirs.send(&Reply::Working, soon()), Err(Error::Closed)));
    assert_eq!(theirs.receive::<Reply>(soon()).unwrap(), Reply::Verdict(Verdict::Unavailable));
    interrupter.interrupt();
}
