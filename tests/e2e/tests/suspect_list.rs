//! R75: a friend list that suddenly lacks everyone, or most people, is compared with the second source and read again before
//! anything is deleted. The missing people are refused meanwhile.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, MACHINE, World, password};
use fakeplex::{Command, Connections, Endpoint, Fault, ListShape};

/// A suspect list is read again after three seconds, and is in doubt for fifteen at most.
const QUICK: &str = "[cache]\nremember = \"10m\"\noffline = \"10m\"\n\
                     [timeouts]\nfriend_list = \"15s\"\nlogin = \"4s\"\nconnect = \"1s\"";

/// The Den without any share.
fn nobody() -> String {
    DEN.replace("shared_with = [\"alice\", \"erin\", \"frank\"]", "")
}

/// Alice has signed in, and her password is cached. The list that was read is not in doubt.
fn alice_signed_in(world: &World) {
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
}

/// Causes a refresh: a stranger's attempt does, at most once in 30 s.
fn refresh(world: &World) {
    assert_ne!(world.authenticate("mallory", "wrong"), Code::SUCCESS);
}

fn wait_until_wiped(world: &World, limit: Duration) -> Duration {
    let start = Instant::now();
    while world.rows("remembered") > 0 {
        assert!(start.elapsed() < limit, "the cached password is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
    start.elapsed()
}

/// P5.
#[test]
fn r75_p5_empty_list_of_shares_denies_nobody_whom_the_second_source_shows() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    alice_signed_in(&world);
    world.plex().shape(Endpoint::SharedServers, ListShape::Empty);
    refresh(&world);
    let start = Instant::now();
    // Longer than any doubt lasts.
    while start.elapsed() < Duration::from_secs(32) {
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        assert_eq!(world.account("alice"), Code::SUCCESS);
        assert_eq!(world.account("bob"), Code::PERM_DENIED);
        assert_eq!(world.rows("remembered"), 1);
        std::thread::sleep(Duration::from_secs(2));
    }
    world.wait_for_log(&["the second source from now on", "no longer shows 3 of 3 people who had access"]);
    assert!(!world.syslog().contains("in doubt"), "{}", world.syslog());
}

#[test]
fn r75_removal_of_everyone_refuses_at_once_and_deletes_once_confirmed() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    alice_signed_in(&world);
    world.plex().load(&nobody());
    refresh(&world);
    let start = Instant::now();
    // The second source agrees, so it is a denial, and nothing that was typed is sent.
    world.plex().reset();
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    if start.elapsed() < Duration::from_secs(2) {
        assert_eq!(world.rows("remembered"), 1, "not before the second reading");
    }
    world.wait_for_log(&["the friend list is in doubt: it lacks 3 of 3 people", "the second source agrees"]);
    wait_until_wiped(&world, Duration::from_secs(10));
    world.wait_for_log(&["the friend list is confirmed: 3 of 3 people who had access no longer have it"]);
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
}

/// P5, P6: Alice, the only friend, is removed. She shares a server with the Den's machine id with Olga, so that the second source
/// shows the Den in her row, as a server that is not Olga's.
#[test]
fn r75_copied_machine_id_does_not_keep_the_last_friend_once_removed() {
    let Some(world) = World::with_everything(&DEN.replace("[\"alice\", \"erin\", \"frank\"]", "[\"alice\"]"), QUICK)
    else {
        return;
    };
    alice_signed_in(&world);
    world.plex().load(&format!(
        "{}\n[[server]]\nmachine_id = \"{MACHINE}\"\nname = \"Copy\"\nowner = \"alice\"\nshared_with = [\"olga\"]\n",
        nobody().replace("invited = [\"carol\"]", "")
    ));
    refresh(&world);
    let start = Instant::now();
    assert_eq!(world.account("alice"), Code::PERM_DENIED, "at once");
    world.wait_for_log(&[
        "the friend list is in doubt: it lacks 1 of 1 person",
        "the second source does not confirm it",
    ]);
    wait_until_wiped(&world, Duration::from_secs(20));
    world.wait_for_log(&["the friend list is confirmed: 1 of 1 person who had access no longer has it"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    // And at every later reading.
    std::thread::sleep((start + Duration::from_secs(40)).saturating_duration_since(Instant::now()));
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert!(!world.syslog().contains("the second source from now on"), "{}", world.syslog());
}

#[test]
fn r75_without_the_second_source_missing_people_are_an_outage_until_friend_list() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    alice_signed_in(&world);
    world.plex().fault(Endpoint::Users, Fault::Status(503, String::new()));
    // No invitation either: a list of invitations alone would itself need the second source.
    world.plex().load(&nobody().replace("invited = [\"carol\"]", ""));
    refresh(&world);
    let start = Instant::now();
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.wait_for_log(&["unavailable", "user=\"alice\"", "in doubt", "the second source does not confirm it"]);
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("; it is in doubt: it lacks 3 of 3 people"), "{status}");
    // A reload neither ends the doubt nor lets the missing people in.
    world.sh("pkill -HUP -x plex-authd; sleep 0.5");
    assert_eq!(world.account("alice"), Code::PERM_DENIED, "after a reload");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "after a reload");
    std::thread::sleep((start + Duration::from_secs(10)).saturating_duration_since(Instant::now()));
    assert_eq!(world.rows("remembered"), 1, "three readings of one source");
    wait_until_wiped(&world, Duration::from_secs(20));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
}

/// The list before the doubt is the last one on the disk, and plex.tv does not answer after the restart.
#[test]
fn r75_restart_during_doubt_brings_nobody_back() {
    let slow = QUICK.replace("15s", "60s");
    let Some(world) = World::with_everything(DEN, &slow) else { return };
    alice_signed_in(&world);
    world.plex().fault(Endpoint::Users, Fault::Status(503, String::new()));
    world.plex().load(&nobody().replace("invited = [\"carol\"]", ""));
    refresh(&world);
    world.wait_for_log(&["the friend list is in doubt: it lacks 3 of 3 people"]);
    world.stop_authd();
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    world.start_authd(&world.config(&slow));
    for _ in 0..3 {
        assert_eq!(world.account("alice"), Code::PERM_DENIED);
        assert_ne!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "from the cache");
        std::thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(world.rows("remembered"), 1, "nothing of hers is deleted");
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("; it is in doubt: it lacks 3 of 3 people"), "{status}");
    // Nothing confirmed it.
    world.plex().send(&Command::Connections(Connections::Serve)).unwrap();
    world.plex().clear_faults();
    world.plex().load(DEN);
    world.wait_for_log_within(Duration::from_secs(30), &["the friend list is no longer in doubt"]);
    assert_eq!(world.account("alice"), Code::SUCCESS);
}

#[test]
fn r75_people_who_are_listed_again_sign_in_at_once_and_nothing_of_theirs_is_lost() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    alice_signed_in(&world);
    world.plex().fault(Endpoint::Users, Fault::Status(503, String::new()));
    world.plex().shape(Endpoint::SharedServers, ListShape::Empty);
    refresh(&world);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.plex().clear_faults();
    world.wait_for_log_within(Duration::from_secs(15), &["no longer in doubt: most people are listed again"]);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    assert_eq!(world.rows("remembered"), 1);
    world.plex().reset();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "from the cache");
}

#[test]
fn r75_removal_of_some_people_counts_at_once() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    alice_signed_in(&world);
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    refresh(&world);
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    wait_until_wiped(&world, Duration::from_secs(2));
    assert!(!world.syslog().contains("in doubt"), "{}", world.syslog());
}

/// With the values of a configuration that has none of its own: the removal happens just after a list was read.
#[test]
fn r75_the_only_friend_once_removed_is_locked_out_within_five_minutes() {
    let only = DEN.replace("[\"alice\", \"erin\", \"frank\"]", "[\"alice\"]");
    let Some(world) = World::with_everything(&only, "[cache]\nremember = \"1h\"\noffline = \"1d\"") else { return };
    alice_signed_in(&world);
    world.plex().load(&nobody());
    let start = Instant::now();
    while world.account("alice") == Code::SUCCESS {
        assert!(start.elapsed() < Duration::from_secs(300), "not locked out");
        std::thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    let left = Duration::from_secs(310).saturating_sub(start.elapsed());
    wait_until_wiped(&world, left);
}
