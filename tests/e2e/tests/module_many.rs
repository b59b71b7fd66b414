//! The module many times in one process: one after the other, in threads, in forked children.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, password};

#[test]
fn r1_a_thousand_logins_in_one_process_leave_every_signal_as_it_was() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let up = ["here", "200", "alice:typed", "bob:typed", "local:typed", "alice:null-string"];
    let facts = world.facts(&[], "many", &up);
    let codes = ["alice.typed", "bob.typed", "local.typed", "alice.null-string"].map(|who| facts.get(who).trim());
    assert_eq!(codes, ["200x0", "200x6", "200x10", "200x19"]);
    assert_eq!(facts.get("signals"), "the same");
    world.sh("pkill -KILL -x plex-authd");
    let facts = world.facts(&[], "many", &["here", "200", "alice:typed"]);
    assert_eq!((facts.get("alice.typed").trim(), facts.get("signals")), ("200x9", "the same"));
}

#[test]
fn r3_r5_it_works_in_threads_that_end_and_in_children_forked_from_ten_busy_threads() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let in_children = format!("child={}", world.module("pam_plex"));
    for (how, count) in [("thread", "100"), (&in_children, "30")] {
        let facts = world.facts(&[], "many", &[how, count, "alice:typed", "bob:typed", "local:typed"]);
        let codes = ["alice.typed", "bob.typed", "local.typed"].map(|who| facts.get(who).trim());
        assert_eq!(codes, ["0", "6", "10"].map(|code| format!("{count}x{code}")), "{how}");
        assert_eq!(facts.get("signals"), "the same", "{how}");
    }
}
