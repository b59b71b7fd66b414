//! The module leaves the process that loads it unchanged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, EVERY, PHASES, World, password};

/// Number, target and close-on-exec flag of each descriptor in a snapshot.
fn descriptors(text: &str) -> Vec<(u32, &str, &str)> {
    text.split(';')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let mut words = part.split(' ');
            let number = words.next().unwrap().parse().unwrap();
            (number, words.next().unwrap(), words.next().unwrap())
        })
        .collect()
}

#[test]
fn r2_r9_r34_r47_process_is_unchanged_before_during_and_after_every_hook() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let closed = ["sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-"];
    let runs = [
        ("alice", "typed", Code::SUCCESS),
        ("alice", "error", Code::CONV_ERR),
        ("bob", "typed", Code::AUTH_ERR),
        ("local", "typed", Code::USER_UNKNOWN),
        ("root", "typed", Code::USER_UNKNOWN),
        ("alice", "typed", Code::AUTHINFO_UNAVAIL),
    ];
    world.types(password("alice"));
    for (user, answer, code) in runs {
        if code == Code::AUTHINFO_UNAVAIL {
            world.stop_authd();
        }
        for before in [&[][..], &closed[..]] {
            let facts = world.facts(before, "observe", &[EVERY, user, PHASES, answer]);
            let what = format!("{user} {answer} {before:?}: {facts:?}");
            assert_eq!(facts.code("auth"), code, "{what}");
            assert!(
                facts.all("tasks").count() >= 12 && facts.all("tasks").all(|(_, count)| count == "1"),
                "R2: {what}"
            );
            assert!(facts.all("user").all(|(_, name)| name == user), "R34: {what}");
            assert!(facts.all("environment").all(|(_, list)| list.is_empty()), "R47: {what}");
            let before_all = facts.get("auth.before.fds");
            assert!(facts.all("after.fds").all(|(_, fds)| fds == before_all), "R9: {what}");
            assert_eq!(before_all.starts_with("0 "), before.is_empty(), "{what}");
            let signals = facts.get("auth.before.signals");
            assert!(facts.all("signals").all(|(_, now)| now == signals), "R1: {what}");
            if !facts.has("auth.during.fds") {
                continue;
            }
            let old = descriptors(before_all);
            let new: Vec<_> =
                descriptors(facts.get("auth.during.fds")).into_iter().filter(|fd| !old.contains(fd)).collect();
            let [(number, link, close)] = new[..] else { panic!("R9: {new:?} {what}") };
            assert!(number >= 3 && link.starts_with("socket:") && close == "cloexec", "R9: {new:?} {what}");
        }
    }
}
