//! The bytes of the account phase, which no version may change: see the crate's documentation.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use crate::{LoginRequest, Phase, Reply, Request, VERSION, Verdict, decode, encode};

/// A frame as it has been since version 4.
fn frame(content: &str) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content.as_bytes()].concat()
}

fn hello(version: u32) -> LoginRequest {
    LoginRequest {
        version,
        phase: Phase::Account,
        user: "alice".into(),
        service: Some("sshd".into()),
        tty: Some("ssh".into()),
        rhost: Some("192.0.2.7".into()),
        ruser: None,
        link: false,
        plex_only: false,
        one_prompt: false,
        terminal: false,
        screen: None,
    }
}

const REQUEST: &str = "{\"hello\":{\"version\":VERSION,\"phase\":\"account\",\"user\":\"alice\",\"service\":\"sshd\",\
                       \"tty\":\"ssh\",\"rhost\":\"192.0.2.7\",\"ruser\":null,\"link\":false,\"plex_only\":false,\
                       \"one_prompt\":false,\"terminal\":false,\"screen\":null}}";

#[test]
fn r65_the_account_phase_request_has_its_frozen_bytes() {
    let sent = encode(&Request::Login(hello(VERSION))).unwrap();
    assert_eq!(sent.as_slice(), frame(&REQUEST.replace("VERSION", &VERSION.to_string())));
}

#[test]
fn r65_account_phase_requests_of_any_version_are_decoded() {
    let heard = |content: &str| match decode(&frame(content)).unwrap().unwrap().0 {
        Request::Login(hello) => Some(hello),
        _ => None,
    };
    for version in [VERSION - 1, VERSION, VERSION + 1, u32::MAX] {
        let request = REQUEST.replace("VERSION", &version.to_string());
        assert_eq!(heard(&request), Some(hello(version)));
        // With more than this version knows, and with less than it sends itself.
        let more = request.replace("\"link\":false", "\"session\":{\"id\":[7]},\"link\":false");
        let more = more.replace("\"screen\":null", "\"screen\":{\"columns\":80,\"colours\":256}");
        let less = request
            .replace(",\"link\":false,\"plex_only\":false,\"one_prompt\":false,\"terminal\":false,\"screen\":null", "");
        for other in [more, less] {
            assert_ne!(other, request);
            assert_eq!(heard(&other), Some(hello(version)), "{other}");
        }
    }
}

#[test]
fn r65_the_account_phase_replies_have_their_frozen_bytes() {
    let frozen = [
        (Reply::Verdict(Verdict::Success), "{\"verdict\":\"success\"}"),
        (Reply::Verdict(Verdict::NotAllowed), "{\"verdict\":\"not-allowed\"}"),
        (Reply::Verdict(Verdict::NotManaged), "{\"verdict\":\"not-managed\"}"),
        (Reply::Working, "\"working\""),
    ];
    for (reply, content) in frozen {
        assert_eq!(encode(&reply).unwrap().as_slice(), frame(content));
        assert_eq!(decode::<Reply>(&frame(content)).unwrap().unwrap().0, reply);
    }
}
