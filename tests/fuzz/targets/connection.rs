//! R10: fuzzes receiving over a socket, with the bytes arriving in arbitrary pieces.
//!
//! The first line of the input gives the sizes of the pieces, used cyclically: `0` is a piece of one byte, `1` of two,
//! and so on. Each further line is the content of a frame, or raw bytes after a `!`.
#![no_main]

use std::fmt::Debug;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use protocol::{AdminReply, Connection, Deadline, Error, Malformed, Reply, Request, decode};
use serde::de::DeserializeOwned;

/// Size of the length prefix, in bytes.
const PREFIX: usize = 4;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let cuts = lines.next().filter(|cuts| !cuts.is_empty()).unwrap_or(b"z");
    let stream: Vec<u8> = lines.flat_map(frame).collect();
    deliver::<Request>(&stream, cuts);
    deliver::<Reply>(&stream, cuts);
    deliver::<AdminReply>(&stream, cuts);
});

fn frame(line: &[u8]) -> Vec<u8> {
    match line {
        [b'!', raw @ ..] => raw.to_vec(),
        content => [&u32::try_from(content.len()).unwrap().to_be_bytes(), content].concat(),
    }
}

/// The messages of the whole stream, each with the offset where it is complete, and the end of the stream: an error
/// with the offset where it is detectable, or the other side's disconnection.
type Expected<T> = (Vec<(T, usize)>, Option<(Malformed, usize)>);

fn expected<T: DeserializeOwned>(stream: &[u8]) -> Expected<T> {
    let mut messages = Vec::new();
    let mut at = 0;
    loop {
        match decode(&stream[at..]) {
            Ok(Some((message, used))) => {
                at += used;
                messages.push((message, at));
            }
            Ok(None) => return (messages, None),
            Err(Malformed::Length(length)) => return (messages, Some((Malformed::Length(length), at + PREFIX))),
            Err(Malformed::Content) => {
                let length = u32::from_be_bytes(*stream[at..].first_chunk().unwrap()) as usize;
                return (messages, Some((Malformed::Content, at + PREFIX + length)));
            }
        }
    }
}

fn deliver<T: DeserializeOwned + PartialEq + Debug>(stream: &[u8], cuts: &[u8]) {
    let (messages, end) = expected::<T>(stream);
    let mut messages = messages.into_iter().peekable();
    let (mut sender, receiver) = UnixStream::pair().unwrap();
    let mut connection = Connection::accepted(receiver).unwrap();
    let mut sent = 0;
    for cut in cuts.iter().cycle() {
        if sent == stream.len() {
            break;
        }
        let piece = usize::from(cut.wrapping_sub(b'0')) + 1;
        let piece = &stream[sent..stream.len().min(sent + piece)];
        sender.write_all(piece).unwrap();
        sent += piece.len();
        loop {
            let due = messages.peek().is_some_and(|(_, complete)| *complete <= sent);
            match connection.receive::<T>(Deadline::after(Duration::ZERO)) {
                Ok(message) => assert_eq!(messages.next().map(|(expected, _)| expected), Some(message)),
                Err(Error::TimedOut) => {
                    assert!(!due, "a message that has arrived is held back");
                    assert!(end.is_none_or(|(_, known)| sent < known), "an error is not told");
                    break;
                }
                Err(Error::Malformed(why)) => {
                    assert!(!due && end.is_some_and(|(expected, known)| why == expected && known <= sent), "{why}");
                    return;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    drop(sender);
    assert!(messages.next().is_none(), "a message is lost");
    assert!(matches!(connection.receive::<T>(Deadline::after(Duration::from_secs(1))), Err(Error::Closed)));
}
