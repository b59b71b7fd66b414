//! The module many times in one process: sequentially, in threads, and in forked children.

use e2e::{Code, DEN, Facts, World, password};

/// More sign-ins than an account has within an hour by default.
const MANY: &str = "[throttle]\nsign_ins_per_hour = 1000";

/// Each of these logins, with its number and its return code. Bob has no access. A refusal is sent after half a second, so there
/// are fewer of them.
fn assert_codes(facts: &Facts, logins: &[(&str, usize, Code)]) {
    for (who, count, code) in logins {
        assert_eq!(facts.get(who).trim(), format!("{count}x{}", code.0), "{who}");
    }
    assert_eq!(facts.get("signals"), "the same");
}

#[test]
fn r1_a_thousand_logins_in_one_process_leave_signal_dispositions_unchanged() {
    let Some(world) = World::with_everything(DEN, MANY) else { return };
    world.types(password("alice"));
    let up = ["here", "alice:typed:200", "bob:typed:15", "local:typed:15", "alice:null-string:570"];
    let logins = [
        ("alice.typed", 200, Code::SUCCESS),
        ("bob.typed", 15, Code::AUTH_ERR),
        ("local.typed", 15, Code::USER_UNKNOWN),
        ("alice.null-string", 570, Code::CONV_ERR),
    ];
    assert_codes(&world.facts(&[], "many", &up), &logins);
    world.sh("pkill -KILL -x plex-authd");
    let down = world.facts(&[], "many", &["here", "alice:typed:200"]);
    assert_codes(&down, &[("alice.typed", 200, Code::AUTHINFO_UNAVAIL)]);
}

#[test]
fn r3_r5_module_works_in_short_lived_threads_and_forked_children() {
    let Some(world) = World::with_everything(DEN, MANY) else { return };
    world.types(password("alice"));
    let in_children = format!("child={}", world.module("pam_plex"));
    for (how, accepted, refused, broken) in [("thread", 100, 8, 184), (&in_children, 30, 6, 48)] {
        let up = [
            format!("alice:typed:{accepted}"),
            format!("bob:typed:{refused}"),
            format!("local:typed:{refused}"),
            format!("alice:null-string:{broken}"),
        ];
        let facts = world.facts(&[], "many", &[&[how], &up.each_ref().map(String::as_str)[..]].concat());
        let logins = [
            ("alice.typed", accepted, Code::SUCCESS),
            ("bob.typed", refused, Code::AUTH_ERR),
            ("local.typed", refused, Code::USER_UNKNOWN),
            ("alice.null-string", broken, Code::CONV_ERR),
        ];
        assert_codes(&facts, &logins);
    }
}
