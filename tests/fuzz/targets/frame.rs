//! R10: fuzzes the frame decoder. The input is used as the received bytes, and as the content of a frame with the right
//! length.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use protocol::{AdminReply, MAX_FRAME, Malformed, Reply, Request, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Size of the length prefix, in bytes.
const PREFIX: usize = 4;

/// Upper bound of what encoding adds to each object of a message: optional fields that were omitted, and the names of
/// all fields.
const GROWTH: usize = 256;

fuzz_target!(|input: &[u8]| {
    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
    let framed = [&length.to_be_bytes(), input].concat();
    for bytes in [input, &framed] {
        judge::<Request>(bytes);
        judge::<Reply>(bytes);
        judge::<AdminReply>(bytes);
    }
});

fn judge<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let announced = bytes.first_chunk::<PREFIX>().map(|prefix| u32::from_be_bytes(*prefix) as usize);
    let arrived = bytes.len().saturating_sub(PREFIX);
    let decoded = decode::<T>(bytes);
    match (&decoded, announced) {
        (Ok(None), None) => {}
        (Ok(None), Some(length)) => assert!((1..=MAX_FRAME).contains(&length) && arrived < length, "it is all there"),
        (Err(Malformed::Length(said)), Some(length)) => {
            assert!(*said == length && !(1..=MAX_FRAME).contains(&length), "{length} is allowed");
            assert_eq!(decode::<T>(&bytes[..PREFIX]), decoded, "the length alone is enough to refuse");
        }
        (Err(Malformed::Content), Some(length)) => assert!((1..=MAX_FRAME).contains(&length) && arrived >= length),
        (Ok(Some((message, used))), Some(length)) => {
            assert!((1..=MAX_FRAME).contains(&length) && *used == PREFIX + length && *used <= bytes.len());
            assert_frame(message, &bytes[..*used]);
        }
        (result, None) => panic!("{result:?} without a length"),
    }
}

/// Checks the bytes of one frame and the message in it.
fn assert_frame<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T, frame: &[u8]) {
    for cut in 0..frame.len() {
        assert_eq!(decode::<T>(&frame[..cut]), Ok(None), "a part is no message, cut at {cut}");
    }
    let followed = [frame, b"\xff\0{\"verdict\":\"success\"}"].concat();
    let (same, used) = decode::<T>(&followed).unwrap().unwrap();
    assert!(same == *message && used == frame.len(), "what follows is not looked at");
    match encode(message) {
        Ok(again) => {
            let (same, used) = decode::<T>(&again).unwrap().unwrap();
            assert!(same == *message && used == again.len(), "another message after the way there and back");
        }
        Err(why) => {
            let objects = frame.iter().filter(|byte| matches!(byte, b'{' | b'[')).count().max(1);
            let longest = frame.len() + objects * GROWTH;
            assert!(matches!(why, Malformed::Length(_)) && longest > MAX_FRAME, "{why}");
        }
    }
}
