//! Traces of a password in a process that continues to run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World};

/// Long and distinctive: memory that is freed without being wiped keeps all but its first sixteen bytes.
const PASSWORD: &str = "PASSWORD-SECRET-q7Zr0vKx3mWd9TbYf2LhJ5nGs8PcE4uA6iRoVyXeHwQkMzDt";

#[test]
fn r44_no_part_of_the_password_stays_in_the_programs_memory_after_a_login() {
    let den = DEN.replace("\"PASSWORD-SECRET-alice\"", &format!("\"{PASSWORD}\""));
    let Some(world) = World::with_everything(&den, "") else { return };
    world.types(PASSWORD);
    let search = |what: &str, user: &str, phases: &str, code: Code| {
        let facts = world.facts(&[], "memory", &["alone", user, phases]);
        assert_eq!((facts.code("auth"), facts.get("length")), (code, "64"), "{what}");
        assert!(facts.get("searched").parse::<u32>().unwrap() > 5, "{what}: {facts:?}");
        assert!(!facts.has("found"), "{what}: {facts:?}");
        facts.get("prompts").to_owned()
    };
    assert_eq!(search("right", "alice", "auth,account", Code::SUCCESS), "1");
    assert_eq!(search("again", "alice", "auth,auth,account", Code::SUCCESS), "2");
    assert_eq!(search("denied", "bob", "auth", Code::AUTH_ERR), "1");
    world.plex().load(DEN);
    assert_eq!(search("wrong", "alice", "auth", Code::AUTH_ERR), "1");
    // A daemon killed while it holds the password.
    world.plex().fault(fakeplex::Endpoint::Signin, fakeplex::Fault::Silence);
    std::thread::scope(|scope| {
        let login = scope.spawn(|| search("killed", "alice", "auth", Code::AUTHINFO_UNAVAIL));
        std::thread::sleep(std::time::Duration::from_millis(700));
        world.sh("pkill -KILL -x plex-authd");
        assert_eq!(login.join().unwrap(), "1");
    });
    // The search does find a planted password.
    let planted = world.facts(&[], "memory", &["alone", "alice", "auth", "plant"]);
    assert!(planted.get("found").contains("[heap]"), "{planted:?}");
    world.assert_no_secret_leaked();
}
