//! P8, P9: answers of plex.tv to sign-ins that say nothing about the password. Guesses get nowhere with them, a right
//! password does as soon as plex.tv decides again, and the offline cache opens no wider.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, Tried, Try, World, count, password};
use fakeplex::{Endpoint, Fault};

const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";
const PATIENT: &str = "[throttle]\nfree_tries = 20\nrejected_per_hour = 300\n";
const OFFLINE: &str = "[throttle]\nfree_tries = 20\n[cache]\noffline = \"1h\"\n";

/// Accounts that have never signed in from where the guesses come from.
const GUESSED: [&str; 3] = ["frank", "erin", "olga"];

/// Log line at the beginning of the back-off.
const BEGINS: &str = "plex.tv did not decide the last 5 sign-ins (";

fn sign_ins(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Signin)
}

fn login(world: &World, from: &str, user: &str, typed: &str) -> Code {
    world.codes_from(from, "alone", user, typed).of("auth")
}

/// A machine to which Alice has signed in from home.
fn with_alice(tables: &str) -> Option<World> {
    let world = World::with_everything(DEN, tables)?;
    assert_eq!(login(&world, HOME, "alice", &password("alice")), Code::SUCCESS);
    world.plex().reset();
    Some(world)
}

/// Guesses at the accounts from many addresses, 24 at a time.
fn guess(world: &World, guesses: usize) -> Vec<Tried> {
    let accounts = GUESSED.iter().cycle().take(guesses).enumerate();
    let tries = accounts.map(|(n, user)| Try::new(user, &format!("203.0.113.{}", n % 250), &format!("guess{n}")));
    world.many(24, &tries.collect::<Vec<_>>())
}

/// Makes plex.tv answer sign-ins so, and the machine back off.
fn provoke(world: &World, fault: &Fault) {
    world.plex().fault(Endpoint::Signin, fault.clone());
    world.plex().reset();
    let answers = guess(world, 12);
    assert_eq!((count(&answers, Code::AUTHINFO_UNAVAIL), sign_ins(world)), (12, 5), "{fault:?}: {answers:?}");
    world.plex().reset();
}

/// P8: each kind of answer that is no verdict. Strangers who provoke it do not hold up a friend at home.
#[test]
fn r60_r19_guesses_without_a_verdict_stop_after_five_and_hold_up_no_friend_at_home() {
    let Some(world) = with_alice(PATIENT) else { return };
    let page = "<html>".to_owned();
    let faults = [
        Fault::Status(403, page.clone()),
        Fault::Status(503, page.clone()),
        Fault::Status(400, page),
        Fault::Api(400, 1000),
        Fault::Status(404, String::new()),
        Fault::Status(498, String::new()),
        Fault::Gone,
        Fault::Garbage,
        Fault::Captcha,
    ];
    for (number, fault) in faults.iter().enumerate() {
        provoke(&world, fault);
        assert_eq!(world.syslog().matches(BEGINS).count(), number + 1, "{fault:?}");
        world.plex().clear_faults();
        assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        assert_eq!(sign_ins(&world), 0, "{fault:?}");
        assert_eq!(login(&world, HOME, "alice", &password("alice")), Code::SUCCESS, "{fault:?}");
        // That was a verdict, so everyone may sign in. Only a key without a success is a stranger's.
        assert_eq!(login(&world, &format!("192.0.2.{}", number + 10), "frank", "wrong"), Code::AUTH_ERR, "{fault:?}");
    }
    world.wait_for_log(&["unavailable", "user=\"frank\"", "until it does, one is sent every 30 seconds"]);
    world.wait_for_log(&["plex.tv decides sign-ins again"]);
    world.assert_no_secret_leaked();
}

/// P8: a flood, and the end of the back-off by itself, for someone who has never signed in here.
#[test]
fn r60_a_flood_of_guesses_without_a_verdict_sends_five_and_a_right_password_works_after_thirty_seconds() {
    let Some(world) = with_alice(PATIENT) else { return };
    world.plex().fault(Endpoint::Signin, Fault::Status(403, "<html>".into()));
    let start = Instant::now();
    let answers = guess(&world, 120);
    let last = Instant::now();
    assert_eq!((count(&answers, Code::AUTHINFO_UNAVAIL), sign_ins(&world)), (120, 5), "{answers:?}");
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("paused for ") && status.contains("plex.tv did not decide"), "{status}");
    world.plex().clear_faults();
    while start.elapsed() < Duration::from_secs(20) {
        assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")), Code::AUTHINFO_UNAVAIL);
        assert_eq!(sign_ins(&world), 5, "after {:?}", start.elapsed());
        sleep(Duration::from_secs(2));
    }
    sleep(Duration::from_secs(30).saturating_sub(last.elapsed()));
    assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")), Code::SUCCESS);
    assert_eq!(sign_ins(&world), 6);
    // That was a verdict, so everyone else may sign in too.
    let answers = guess(&world, 6);
    assert_eq!(count(&answers, Code::AUTH_ERR), 6, "{answers:?}");
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("available"), "{status}");
}

/// P8: while plex.tv's servers fail, the offline cache works as before; a stranger who provokes their errors does not open it
/// for a password that was changed at Plex.
#[test]
fn r69_r11_backoff_neither_opens_nor_closes_the_offline_cache() {
    let Some(world) = with_alice(OFFLINE) else { return };
    world.wait_for_rows("remembered", 1);
    let page = "<html>".to_owned();
    provoke(&world, &Fault::Status(503, page.clone()));
    for from in ["192.0.2.20", "192.0.2.21", HOME] {
        assert_eq!(login(&world, from, "alice", &password("alice")), Code::SUCCESS, "the outage is real: {from}");
    }
    assert_eq!(sign_ins(&world), 3, "each was sent: the cache opens by plex.tv's own answer");
    assert_eq!(login(&world, "192.0.2.22", "alice", "wrong"), Code::AUTHINFO_UNAVAIL);
    assert_eq!(sign_ins(&world), 3, "a guess is not");
    // Alice's first login, the five guesses, the guess at her cached password, and the three that the cache accepted, which
    // count in the number of sign-ins alone.
    world.wait_for_rows("sent", 1 + 5 + 1 + 3);
    world.plex().fault(Endpoint::Signin, Fault::Status(403, page));
    assert_eq!(login(&world, "192.0.2.23", "alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "no outage");
    assert_eq!(world.rows("remembered"), 1);
    // Alice changed her password at Plex; plex.tv decides, but for what the stranger types.
    world.plex().clear_faults();
    world.plex().load(&DEN.replace("PASSWORD-SECRET-alice", "NEW-SECRET-alice"));
    assert_eq!(login(&world, "203.0.113.9", "alice", &password("alice")), Code::AUTH_ERR);
    world.wait_for_rows("remembered", 0);
    world.assert_no_secret_leaked();
}

/// P9: a 401 without a code costs a guess as much as a rejection, and says nothing about the password.
#[test]
fn r60_r69_p9_a_bare_401_counts_as_a_failed_attempt_and_nothing_else() {
    let Some(world) =
        with_alice("[throttle]\nfree_tries = 4\nfirst_pause = \"1m\"\n[cache]\nremember = \"1h\"\noffline = \"1h\"\n")
    else {
        return;
    };
    world.wait_for_rows("remembered", 1);
    for body in ["", "<html>", "{\"errors\":[]}"] {
        world.plex().fault(Endpoint::Signin, Fault::Status(401, body.into()));
        assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")), Code::AUTHINFO_UNAVAIL, "{body}");
    }
    world.wait_for_log(&["unavailable", "user=\"frank\"", "answered 401 without a code; counted as a failed attempt"]);
    assert_eq!(login(&world, HOME, "alice", "wrong"), Code::AUTHINFO_UNAVAIL, "it is no denial");
    // With Alice's first login.
    world.wait_for_rows("sent", 1 + 4);
    assert_eq!(world.rows("remembered"), 1, "the cached password stays");
    assert_eq!(login(&world, HOME, "alice", &password("alice")), Code::SUCCESS, "and is remembered");
    // The fourth failure of the key begins its pauses, in which nothing is sent.
    for _ in 0..3 {
        assert_eq!(login(&world, ELSEWHERE, "frank", "guess"), Code::AUTHINFO_UNAVAIL);
    }
    assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")), Code::AUTHINFO_UNAVAIL);
    // One address has a third of the hourly budget: ten, of which four are used up.
    let guesses = ["olga", "erin"].iter().flat_map(|user| (0..4).map(move |n| (user, format!("guess{n}"))));
    let tries: Vec<Try> = guesses.map(|(user, guess)| Try::new(user, ELSEWHERE, &guess)).collect();
    world.plex().reset();
    world.many(1, &tries);
    assert_eq!(sign_ins(&world), 10 - 4);
    world.wait_for_log(&["throttled", "user=\"erin\"", "too many rejected sign-ins of this account"]);
    world.assert_no_secret_leaked();
}
