//! The module many times in one process: sequentially, in threads, and in forked children.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, password};

/// True if all `count` logins of Bob, who has no access, were refused or throttled.
fn is_refused(codes: &str, count: &str) -> bool {
    let codes: Vec<_> = codes.split_whitespace().filter_map(|part| part.split_once('x')).collect();
    let all: usize = codes.iter().map(|(times, _)| times.parse::<usize>().unwrap()).sum();
    all == count.parse::<usize>().unwrap() && codes.iter().all(|(_, code)| ["6", "11"].contains(code))
}

#[test]
fn r1_a_thousand_logins_in_one_process_leave_signal_dispositions_unchanged() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let up = ["here", "200", "alice:typed", "bob:typed", "local:typed", "alice:null-string"];
    let facts = world.facts(&[], "many", &up);
    let codes = ["alice.typed", "local.typed", "alice.null-string"].map(|who| facts.get(who).trim());
    assert_eq!(codes, ["200x0", "200x10", "200x19"]);
    assert!(is_refused(facts.get("bob.typed"), "200"), "{facts:?}");
    assert_eq!(facts.get("signals"), "the same");
    world.sh("pkill -KILL -x plex-authd");
    let facts = world.facts(&[], "many", &["here", "200", "alice:typed"]);
    assert_eq!((facts.get("alice.typed").trim(), facts.get("signals")), ("200x9", "the same"));
}

#[test]
fn r3_r5_module_works_in_short_lived_threads_and_forked_children() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let in_children = format!("child={}", world.module("pam_plex"));
    for (how, count) in [("thread", "100"), (&in_children, "30")] {
        let facts = world.facts(&[], "many", &[how, count, "alice:typed", "bob:typed", "local:typed"]);
        let codes = ["alice.typed", "local.typed"].map(|who| facts.get(who).trim());
        assert_eq!(codes, ["0", "10"].map(|code| format!("{count}x{code}")), "{how}");
        assert!(is_refused(facts.get("bob.typed"), count), "{how}: {facts:?}");
        assert_eq!(facts.get("signals"), "the same", "{how}");
    }
}
