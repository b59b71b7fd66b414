//! Panics in the module itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, PHASES, World, password, with_panics};

#[test]
fn r6_panic_in_any_hook_is_a_pam_error_and_one_log_line() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.copy(&with_panics(), &world.module("pam_plex_panic"), 0o644);
    let kinds = ["auth", "account", "session", "password"];
    let stack = kinds.map(|kind| format!("{kind} required pam_plex_panic.so debug\n")).concat();
    world.write("/etc/pam.d/panic", 0o644, "root:root", &stack);
    world.types(password("alice"));
    // Every program of these tests checks that nothing is printed; these variables would request Rust's own report.
    let asked = &["env", "RUST_BACKTRACE=full", "RUST_LIB_BACKTRACE=1"];
    let (facts, log) = world.logged(|| world.facts(asked, "observe", &["panic", "alice", PHASES, "typed"]));
    let system_err = Code(4);
    for (phase, code) in [
        ("auth", Code::AUTHINFO_UNAVAIL),
        ("account", Code::AUTHINFO_UNAVAIL),
        ("setcred", system_err),
        ("open", system_err),
        ("close", system_err),
        ("chauthtok", Code::AUTHINFO_UNAVAIL),
    ] {
        assert_eq!(facts.code(phase), code, "{phase}");
    }
    let signals = facts.get("auth.before.signals");
    assert!(facts.all("signals").all(|(_, now)| now == signals), "{facts:?}");
    assert!(facts.all("fds").all(|(_, fds)| fds == facts.get("auth.before.fds")), "{facts:?}");
    assert!(facts.all("tasks").all(|(_, count)| count == "1"), "{facts:?}");

    let lines: Vec<_> = log.lines().filter(|line| line.contains("pam_plex(")).collect();
    let hooks: Vec<_> = lines.iter().map(|line| line.split(['(', ')', ':', '[']).nth(4).unwrap_or_default()).collect();
    assert!(lines.iter().all(|line| line.ends_with("internal error; please report it")), "{lines:#?}");
    assert_eq!(hooks, ["auth", "account", "setcred", "session", "session", "chauthtok"], "{lines:#?}");
}

#[test]
fn r6_a_thousand_panics_in_one_process_leak_nothing() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.copy(&with_panics(), &world.module("pam_plex_panic"), 0o644);
    world.write("/etc/pam.d/alone", 0o644, "root:root", "auth required pam_plex_panic.so\n");
    for how in ["here", "thread"] {
        let facts = world.facts(&[], "many", &[how, "alice:error:500"]);
        assert_eq!((facts.get("alice.error").trim(), facts.get("signals")), ("500x9", "the same"), "{how}");
    }
}
