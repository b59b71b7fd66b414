//! R60: the circuit breaker stops sign-ins when plex.tv limits or blocks this address.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, count, password};
use fakeplex::{Endpoint, Fault};

const NUMBERS: &str = "[throttle]\nfree_tries = 20\nblocked_pause = \"1m\"";

/// Log lines of the two reasons to open the breaker.
const LIMITED: &str = "plex.tv limits requests from this machine (429); no password is sent there";
const BLOCKED: &str = "plex.tv blocks this machine's address for too many wrong passwords (1031)";

fn sign_ins(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Signin)
}

/// Number of log lines of the breaker, not of verdicts, that contain this text.
fn closings(world: &World, what: &str) -> usize {
    world.syslog().lines().filter(|line| line.contains(what) && line.contains("no password is sent there for")).count()
}

#[test]
fn r60_every_form_of_rate_limit_or_block_opens_the_circuit_breaker() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    let ways = [
        (Fault::TooMany(Some(120)), LIMITED, 120),
        (Fault::TooMany(None), LIMITED, 60),
        (Fault::Api(429, 1003), LIMITED, 60),
        (Fault::Status(429, "<html>".into()), LIMITED, 60),
        (Fault::TooMany(Some(1_000_000)), LIMITED, 900),
        (Fault::Api(401, 1031), BLOCKED, 60),
    ];
    for (way, line, span) in ways {
        let before = closings(&world, line);
        world.plex().fault(Endpoint::Signin, way.clone());
        world.plex().reset();
        for user in ["alice", "alice", "olga", "frank"] {
            assert_eq!(world.authenticate(user, &password(user)), Code::AUTHINFO_UNAVAIL, "{way:?}: {user}");
            assert_eq!(world.account(user), Code::SUCCESS, "{way:?}: a key login");
        }
        assert_eq!(sign_ins(&world), 1, "{way:?}");
        world.wait_for_log(&[line, &format!("no password is sent there for {span} seconds")]);
        assert_eq!(closings(&world, line), before + 1, "{way:?}: one line for one closing");
        world.plex().clear_faults();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{way:?}: it stays closed");
        world.wait_for_rows("closed", 1);
        world.stop_authd();
        world.sql("DELETE FROM closed");
        world.start_authd(&world.config(NUMBERS));
    }
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.assert_no_secret_leaked();
}

#[test]
fn r60_circuit_breaker_closes_when_retry_after_has_passed_and_not_before() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    world.plex().fault(Endpoint::Signin, Fault::TooMany(Some(8)));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    let closed = Instant::now();
    world.plex().clear_faults();
    world.plex().reset();
    while closed.elapsed() < Duration::from_secs(5) {
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
        assert_eq!(sign_ins(&world), 0);
        sleep(Duration::from_millis(300));
    }
    sleep(Duration::from_millis(8100).saturating_sub(closed.elapsed()));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r60_open_circuit_breaker_survives_a_restart_and_expires() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    world.plex().send(&fakeplex::Command::BlockAfter(1)).unwrap();
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR);
    assert_eq!(
        world.authenticate("alice", &password("alice")),
        Code::AUTHINFO_UNAVAIL,
        "plex.tv blocks even the right one"
    );
    world.wait_for_rows("closed", 1);
    world.plex().reset();
    for how in [World::kill_authd, World::stop_authd] {
        how(&world);
        world.start_authd(&world.config(NUMBERS));
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
        assert_eq!(world.account("alice"), Code::SUCCESS);
    }
    assert_eq!(sign_ins(&world), 0);
    world.plex().clear_faults();
    world.stop_authd();
    world.sql("UPDATE closed SET at = at - 61000");
    world.start_authd(&world.config(NUMBERS));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "a minute later");
}

#[test]
fn r60_simultaneous_rate_limited_sign_ins_open_the_circuit_breaker_once() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    world.plex().fault(Endpoint::Signin, Fault::TooMany(Some(60)));
    // While plex.tv is stopped, all sign-ins are in progress.
    world.sh("pkill -STOP -x fakeplex");
    // Each Plex account has one sign-in at a time.
    let tries = ["alice", "erin", "frank", "olga"].map(|user| Try::new(user, "192.0.2.1", "wrong"));
    let answers = std::thread::scope(|scope| {
        let together = scope.spawn(|| world.many(4, &tries));
        sleep(Duration::from_secs(2));
        world.sh("pkill -CONT -x fakeplex");
        together.join().unwrap()
    });
    assert_eq!(count(&answers, Code::AUTHINFO_UNAVAIL), 4, "{answers:?}");
    assert!(sign_ins(&world) > 1, "they were not on their way together");
    world.wait_for_log(&[LIMITED]);
    sleep(Duration::from_millis(300));
    assert_eq!(closings(&world, LIMITED), 1, "{}", world.syslog());
}

#[test]
fn r60_r69_open_breaker_allows_remembered_passwords_but_not_the_offline_cache() {
    for (cache, while_left_alone) in [("remember", Code::SUCCESS), ("offline", Code::AUTHINFO_UNAVAIL)] {
        let config = format!("{NUMBERS}\n[cache]\n{cache} = \"1h\"");
        let Some(world) = World::with_everything(DEN, &config) else { return };
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        let stored = usize::from(cache == "offline");
        world.wait_for_rows("remembered", stored);
        for way in [Fault::Api(401, 1031), Fault::TooMany(None)] {
            world.plex().fault(Endpoint::Signin, way.clone());
            world.plex().reset();
            let frank = || world.authenticate("frank", &password("frank"));
            assert_eq!(frank(), Code::AUTHINFO_UNAVAIL, "{cache}, {way:?}: plex.tv has had enough");
            assert_eq!(world.authenticate("alice", &password("alice")), while_left_alone, "{cache}, {way:?}");
            assert_eq!(world.authenticate("alice", "wrong"), Code::AUTHINFO_UNAVAIL, "{cache}, {way:?}");
            assert_eq!(frank(), Code::AUTHINFO_UNAVAIL, "{cache}, {way:?}: never signed in here");
            assert_eq!(sign_ins(&world), 1, "{cache}, {way:?}");
            assert_eq!(world.rows("remembered"), stored, "{cache}, {way:?}");
            world.plex().clear_faults();
            world.stop_authd();
            world.sql("DELETE FROM closed");
            world.start_authd(&world.config(&config));
            // A restart deletes what was remembered.
            assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{cache}, {way:?}");
        }
    }
}
