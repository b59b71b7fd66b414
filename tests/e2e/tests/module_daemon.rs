//! A daemon that disconnects, is silent, sends malformed frames or never finishes: the module's return code, and how
//! soon it returns.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::io::Result;
use std::time::Duration;

use e2e::{Caller, Code, World};

/// The prompt for a password.
const ASK: &str = r#"{"ask":{"text":"Password: ","echo":false,"password":true}}"#;

/// A machine without the daemon, with an account and a password to type.
fn machine() -> Option<World> {
    let world = World::new()?;
    world.add_user("alice", true, None);
    world.types("PASSWORD-SECRET-alice");
    Some(world)
}

/// Return code and duration, in microseconds, of one phase.
fn answer(world: &World, phase: &str) -> (Code, u64) {
    let facts = world.observe("alone", "alice", phase, "typed");
    (facts.code(phase), facts.microseconds(phase))
}

type Treat = fn(&mut Caller) -> Result<()>;

#[test]
fn r10_daemon_that_disconnects_is_an_error_within_50_ms() {
    let Some(world) = machine() else { return };
    let cases: [(&str, Treat); 5] = [
        ("at once", |_| Ok(())),
        ("after the hello", |caller| caller.hear().map(drop)),
        ("in a length", |caller| caller.hear().and_then(|_| caller.bytes(&[0, 0]))),
        ("in a frame", |caller| caller.hear().and_then(|_| caller.bytes(b"\0\0\0\x20{\"verdict\":"))),
        ("after the answer", |caller| {
            caller.hear()?;
            caller.say(ASK)?;
            caller.hear().map(drop)
        }),
    ];
    for (when, treat) in cases {
        world.pretend(treat);
        let answers: Vec<_> = (0..5).map(|_| answer(&world, "auth")).collect();
        assert!(answers.iter().all(|(code, _)| *code == Code::AUTHINFO_UNAVAIL), "{when}: {answers:?}");
        // The fastest of several: the machine has other work.
        let quickest = answers.iter().map(|(_, time)| *time).min().unwrap();
        assert!(quickest < 50_000, "{when}: {quickest} µs");
    }
    world.wait_for_log(&["pam_plex(alone:auth)", "the other end closed the connection", "systemctl status"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r10_r36_malformed_frames_from_the_daemon_are_an_immediate_error() {
    let Some(world) = machine() else { return };
    let long = format!("{{\"ask\":{{\"text\":\"{}\",\"echo\":false,\"password\":true}}}}", "x".repeat(65_536));
    let cases = [
        ("a length over 64 KiB", [&65_537_u32.to_be_bytes()[..], br#"{"verdict":"success"}"#].concat()),
        ("a frame over 64 KiB", framed(&long)),
        ("no length", [0; 8].to_vec()),
        ("all bits", vec![0xff; 9000]),
        ("no JSON", framed("success")),
        ("text", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        ("success in capitals", framed(r#"{"verdict":"SUCCESS"}"#)),
        ("another field", framed(r#"{"verdict":"success","x":1}"#)),
        ("two verdicts in one", framed(r#"{"verdict":"unavailable"}{"verdict":"success"}"#)),
        ("a number", framed(r#"{"verdict":0}"#)),
        ("an unknown word", framed(r#""success""#)),
        ("deep", framed(&"[".repeat(60_000))),
        ("not UTF-8", [&[0, 0, 0, 2][..], b"\xff\xfe"].concat()),
        ("a question of the module's", framed(r#"{"answer":{"text":"x"}}"#)),
        ("nothing but the end", framed(r#"{"verdict":""}"#)),
        ("a prompt with a NUL", framed(r#"{"ask":{"text":"a\u0000b","echo":false,"password":true}}"#)),
    ];
    for (what, bytes) in cases {
        world.pretend(move |caller| {
            caller.hear()?;
            caller.bytes(&bytes)?;
            // The daemon stays connected, so that only its message ends the conversation.
            caller.hear().map(drop)
        });
        for phase in ["auth", "account"] {
            let (code, time) = answer(&world, phase);
            let expected = match (phase, what) {
                // R65: a daemon answered, so the decision is not left to the local group.
                ("account", _) => Code::PERM_DENIED,
                (_, "a prompt with a NUL") => Code::CONV_ERR,
                _ => Code::AUTHINFO_UNAVAIL,
            };
            assert_eq!(code, expected, "{what} {phase}");
            assert!(time < 1_500_000, "it waited for more: {what} {phase}: {time} µs");
        }
    }
    world.wait_for_log(&["pam_plex(alone:auth)", "a frame of 65537 bytes (1 to 65536 are allowed)"]);
    world.pretend(|caller| {
        caller.hear()?;
        caller.say(ASK)?;
        caller.hear().map(drop)
    });
    assert_eq!(world.observe("alone", "alice", "account", "typed").get("prompts"), "0");
    world.wait_for_log(&["pam_plex(alone:account)", "the daemon asked for something that this phase does not have"]);
}

fn framed(json: &str) -> Vec<u8> {
    [&u32::try_from(json.len()).unwrap().to_be_bytes()[..], json.as_bytes()].concat()
}

#[test]
fn r36_every_verdict_becomes_the_documented_pam_return_code() {
    let Some(world) = machine() else { return };
    let table = [
        ("success", Code::SUCCESS, Code::SUCCESS),
        ("wrong-secret", Code::AUTH_ERR, Code::PERM_DENIED),
        ("not-allowed", Code::AUTH_ERR, Code::PERM_DENIED),
        // libpam turns a stack that only returns IGNORE into a refusal.
        ("not-managed", Code::USER_UNKNOWN, Code::PERM_DENIED),
        ("throttled", Code::AUTHINFO_UNAVAIL, Code::PERM_DENIED),
        ("unavailable", Code::AUTHINFO_UNAVAIL, Code::PERM_DENIED),
        ("conversation-failed", Code::CONV_ERR, Code::PERM_DENIED),
        ("a-word-of-another-version", Code::AUTHINFO_UNAVAIL, Code::PERM_DENIED),
    ];
    for (verdict, authenticate, account) in table {
        world.pretend(move |caller| {
            caller.hear()?;
            caller.say(&format!("{{\"verdict\":\"{verdict}\"}}"))
        });
        let facts = world.observe("alone", "alice", "auth,account", "typed");
        assert_eq!((facts.code("auth"), facts.code("account")), (authenticate, account), "{verdict}");
    }
}

#[test]
fn r65_verdict_sent_before_the_request_counts_as_an_answer() {
    let Some(world) = machine() else { return };
    world.pretend(|caller| caller.say("{\"verdict\":\"unavailable\"}"));
    for _ in 0..20 {
        assert_eq!(answer(&world, "account").0, Code::PERM_DENIED);
    }
    assert_eq!(answer(&world, "auth").0, Code::AUTHINFO_UNAVAIL);
}

#[test]
fn r10_r13_silent_or_dripping_daemon_is_abandoned_after_two_seconds() {
    let Some(world) = machine() else { return };
    let cases: [(&str, Treat); 3] = [
        ("silent", |caller| caller.hear().and_then(|_| caller.hear()).map(drop)),
        ("dripping", |caller| {
            caller.hear()?;
            caller.bytes(&[0, 0, 0, 200])?;
            loop {
                caller.bytes(b" ")?;
                std::thread::sleep(Duration::from_millis(200));
            }
        }),
        ("silent after the answer", |caller| {
            caller.hear()?;
            caller.say(ASK)?;
            caller.hear()?;
            caller.hear().map(drop)
        }),
    ];
    for (what, treat) in cases {
        world.pretend(treat);
        let mut times = Vec::new();
        while times.iter().all(|time| *time >= 2_000_000) {
            let (code, time) = answer(&world, "auth");
            assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{what}");
            times.push(time);
            assert!(time > 1_700_000 && times.len() < 6, "{what}: {times:?} µs");
        }
    }
    world.wait_for_log(&["pam_plex(alone:auth)", "no answer in time"]);
}

#[test]
fn r10_daemon_that_never_finishes_is_abandoned_at_the_total_deadline() {
    let Some(world) = machine() else { return };
    world.pretend(|caller| {
        caller.hear()?;
        loop {
            caller.say("\"working\"")?;
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let (code, time) = answer(&world, "auth");
    assert_eq!(code, Code::AUTHINFO_UNAVAIL);
    assert!((74_000_000..80_000_000).contains(&time), "{time} µs");
}
