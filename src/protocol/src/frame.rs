//! Framing: four bytes of length, most significant first, then that many bytes of JSON.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::MAX_FRAME;

/// Size of the length prefix in bytes.
pub(crate) const PREFIX: usize = 4;

/// Bytes that are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The length is zero or over [`MAX_FRAME`].
    Length(usize),
    /// The bytes are not the JSON of the expected message.
    Content,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "a frame of {length} bytes (1 to {MAX_FRAME} are allowed)"),
            // The text of the JSON error may quote the content, and the content may be a password.
            Self::Content => f.write_str("a frame that is not a message of this protocol"),
        }
    }
}

impl std::error::Error for Malformed {}

/// The bytes of one message, ready to be sent.
///
/// # Errors
/// [`Malformed::Length`] when the message is longer than a frame may be.
pub fn encode<T: Serialize>(message: &T) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let mut frame = Zeroizing::new(Vec::with_capacity(512));
    frame.extend_from_slice(&[0; PREFIX]);
    serde_json::to_writer(&mut *frame, message).map_err(|_| Malformed::Content)?;
    let length = frame.len() - PREFIX;
    let prefix = u32::try_from(length).map_err(|_| Malformed::Length(length))?;
    if length > MAX_FRAME {
        return Err(Malformed::Length(length));
    }
    frame.splice(..PREFIX, prefix.to_be_bytes());
    Ok(frame)
}

/// The message at the start of `bytes` and how many bytes it took, or `None` while it is not there in full.
/// The length is judged as soon as it can be read, so that nobody is made to wait for, or to keep, more than
/// [`MAX_FRAME`] bytes.
///
/// # Errors
/// [`Malformed`], after which nothing that follows can be trusted.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<(T, usize)>, Malformed> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*prefix) as usize;
    if length == 0 || length > MAX_FRAME {
        return Err(Malformed::Length(length));
    }
    let Some(content) = rest.get(..length) else {
        return Ok(None);
    };
    let message = serde_json::from_slice(content).map_err(|_| Malformed::Content)?;
    Ok(Some((message, PREFIX + length)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]
    use super::*;
    use crate::{
        AdminReply, AdminRequest, AdminResponse, InvalidInput, LoginRequest, Phase, Prompt, PromptReply, Reply,
        Request, Screen, Secret, VERSION, Verdict, local_password,
        smb::{Fingerprint, SmbAction, SmbRequest, SmbResult},
    };

    fn round_trip<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(message: &T) {
        let bytes = encode(message).unwrap();
        let (back, used) = decode::<T>(&bytes).unwrap().unwrap();
        assert_eq!(&back, message);
        assert_eq!(used, bytes.len());
        for cut in 0..bytes.len() {
            assert_eq!(decode::<T>(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
    }

    #[test]
    fn every_message_round_trips_and_a_partial_one_is_none() {
        round_trip(&Request::Login(LoginRequest {
            version: VERSION,
            phase: Phase::Account,
            user: "alice".into(),
            service: None,
            tty: Some("pts/1".into()),
            rhost: Some("2001:db8::1".into()),
            ruser: None,
            link: true,
            plex_only: true,
            one_prompt: true,
            terminal: true,
            screen: Some(Screen { columns: 80, lines: 24, utf8: true }),
        }));
        round_trip(&Request::Admin(AdminRequest::Forget("alice".into())));
        round_trip(&AdminReply::Response { managed: AdminResponse::Status(Box::default()) });
        round_trip(&AdminReply::Login(Reply::Verdict(Verdict::Success)));
        for answer in [
            PromptReply::Text(Secret::from("p\u{e4}ss \"quoted\" \\")),
            PromptReply::Invalid(InvalidInput::NotUtf8),
            PromptReply::Invalid(InvalidInput::TooLong),
            PromptReply::Failed,
        ] {
            round_trip(&Request::PromptReply(answer));
        }
        round_trip(&Reply::Working);
        round_trip(&Reply::Prompt(Prompt { text: "Password: ".into(), echo: false, password: true }));
        for verdict in Verdict::ALL {
            round_trip(&Reply::Verdict(verdict));
        }
        let mark = Some(Fingerprint { inode: 7, size: u64::MAX, seconds: -1, nanoseconds: 999_999_999 });
        for act in [
            SmbAction::Password { password: Secret::from("p\u{e4}ss"), unless: mark },
            SmbAction::Disable,
            SmbAction::Enable,
        ] {
            round_trip(&SmbRequest { version: VERSION, user: "alice".into(), act });
        }
        for outcome in
            [SmbResult::Done { before: mark, after: None }, SmbResult::InStep, SmbResult::Failed("why".into())]
        {
            round_trip(&outcome);
        }
        round_trip(&local_password::LocalPasswordRequest { version: VERSION, user: "alice".into() });
        round_trip(&local_password::LocalPasswordReply::Nothing);
        round_trip(&local_password::LocalPasswordReply::Something);
    }

    #[test]
    fn r10_a_length_over_the_limit_is_refused_before_its_bytes_arrive() {
        for length in [0_u32, 65_537, u32::MAX] {
            assert_eq!(decode::<Reply>(&length.to_be_bytes()), Err(Malformed::Length(length as usize)));
        }
        let long = Reply::Prompt(Prompt { text: "x".repeat(MAX_FRAME), echo: true, password: false });
        assert!(matches!(encode(&long), Err(Malformed::Length(_))));
    }

    #[test]
    fn r10_the_longest_frame_is_sent_and_received_and_one_more_byte_is_not() {
        let prompt = |length| Reply::Prompt(Prompt { text: "x".repeat(length), echo: true, password: false });
        let envelope = encode(&prompt(0)).unwrap().len() - PREFIX;
        let bytes = encode(&prompt(MAX_FRAME - envelope)).unwrap();
        assert_eq!(bytes.len(), PREFIX + MAX_FRAME);
        assert_eq!(decode::<Reply>(&bytes).unwrap().unwrap().1, bytes.len());
        assert_eq!(encode(&prompt(MAX_FRAME - envelope + 1)).unwrap_err(), Malformed::Length(MAX_FRAME + 1));
    }

    #[test]
    fn r10_anything_that_is_not_exactly_a_message_is_refused() {
        let bad: [&[u8]; 8] = [
            b"{}",
            b"null",
            b"\"working\" ",
            b"\"Working\"",
            b"{\"verdict\":\"success\",\"x\":1}",
            b"{\"verdict\":\"SUCCESS\"}",
            b"{\"ask\":{\"text\":\"a\",\"echo\":1,\"password\":true}}",
            b"\xff\xfe",
        ];
        for content in bad {
            let mut bytes = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend_from_slice(content);
            let shown = String::from_utf8_lossy(content);
            // Trailing white space is the one thing JSON itself allows.
            let expected_ok = content.ends_with(b" ");
            assert_eq!(decode::<Reply>(&bytes).is_ok(), expected_ok, "{shown}");
        }
    }
}
