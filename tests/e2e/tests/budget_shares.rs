//! R70, R71: everything that is sent to plex.tv counts, and nobody uses up what others need.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, Try, World, password};
use fakeplex::{Command, Connections, Endpoint};

const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";
const NUMBERS: &str = "[throttle]\nfree_tries = 20\nrejected_per_hour = 6\nsign_ins_per_hour = 8\n";

fn sign_ins(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Signin)
}

/// Number of sign-ins that these attempts cause, one after the other.
fn sent(world: &World, tries: &[Try]) -> u64 {
    let before = sign_ins(world);
    world.many(1, tries);
    sign_ins(world) - before
}

fn login(world: &World, from: &str, user: &str, typed: &str) -> Code {
    world.codes_from(from, "alone", user, typed).of("auth")
}

fn right(world: &World, from: &str, user: &str) -> Code {
    login(world, from, user, &password(user))
}

#[test]
fn r71_sign_ins_with_a_right_password_are_limited_for_each_account_across_restarts() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    // The first sign-in is one where the account is not known yet, and draws on the number for those.
    assert_eq!(sent(&world, &[Try::new("alice", HOME, &password("alice"))]), 1);
    assert_eq!(sent(&world, &vec![Try::new("alice", HOME, &password("alice")); 300]), 8);
    world.wait_for_log(&[
        "user=\"alice\"",
        "too many sign-ins of this account in the last hour; nothing was sent (see sign_ins_per_hour)",
    ]);
    // Once more where it is not known, and then it is known there too.
    assert_eq!(sent(&world, &vec![Try::new("alice", ELSEWHERE, &password("alice")); 3]), 1);
    assert_eq!(right(&world, HOME, "frank"), Code::SUCCESS, "others are not touched");
    world.wait_for_rows("sent", 11);
    world.kill_authd();
    world.start_authd(&world.config(NUMBERS));
    assert_eq!(sent(&world, &[Try::new("alice", HOME, &password("alice"))]), 0, "after kill -9");
    world.stop_authd();
    world.sql("UPDATE sent SET at = at - 3600000");
    world.start_authd(&world.config(NUMBERS));
    assert_eq!(right(&world, HOME, "alice"), Code::SUCCESS, "an hour later");
}

#[test]
fn r71_a_right_password_without_its_code_is_limited_and_counts_as_a_failure() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    // One account has two of six; a program that shows no second prompt sends no code.
    let without_code = |from: &str| vec![Try::new("erin", from, &password("erin")); 100];
    assert_eq!(sent(&world, &without_code(ELSEWHERE)), 2);
    world.wait_for_log(&["user=\"erin\"", "see rejected_per_hour"]);
    world.wait_for_rows("tries", 1);
    assert_eq!(world.sql("SELECT wrong FROM tries").trim(), "2", "each is a failure of the pair");
    world.stop_authd();
    world.sql("UPDATE sent SET at = at - 3600000");
    let free = NUMBERS.replace("free_tries = 20", "free_tries = 1\nfirst_pause = \"1h\"\nlongest_pause = \"1h\"");
    world.start_authd(&world.config(&free));
    assert_eq!(sent(&world, &without_code(ELSEWHERE)), 0, "the back-off");
}

#[test]
fn r71_logins_that_go_on_with_their_code_do_not_use_up_the_budget() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nrejected_per_hour = 6\nsign_ins_per_hour = 100\n")
    else {
        return;
    };
    let with_code = format!("{}\n314159\n", password("erin"));
    for number in 0..12 {
        let code = world.codes("alone", "erin", "auth", &with_code).of("auth");
        assert_eq!(code, Code::SUCCESS, "login {number}: two sign-ins each, and two of six for an account");
    }
    assert_eq!(sign_ins(&world), 24);
}

#[test]
fn r70_one_friend_and_many_origins_leave_what_the_other_friends_need() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    for user in ["alice", "frank", "olga"] {
        assert_eq!(right(&world, HOME, user), Code::SUCCESS);
    }
    let wrong =
        |user: &str, from: &str| (0..20).map(|n| Try::new(user, from, &format!("wrong{n}"))).collect::<Vec<_>>();
    assert_eq!(sent(&world, &wrong("frank", HOME)), 2, "Frank's own share");
    let users = ["alice", "frank", "olga"].into_iter().cycle().take(60).enumerate();
    let spread: Vec<Try> =
        users.map(|(n, user)| Try::new(user, &format!("203.0.113.{n}"), &format!("wrong{n}"))).collect();
    assert_eq!(sent(&world, &spread), 4, "two thirds of six for all strangers");
    assert_eq!(sent(&world, &[Try::new("frank", HOME, &password("frank"))]), 0);
    for user in ["alice", "olga"] {
        assert_eq!(right(&world, HOME, user), Code::SUCCESS, "{user}");
    }
}

/// The other end chooses its name in its own DNS, so names share one origin, and so do programs that name no remote host.
#[test]
fn r70_behind_one_shared_origin_a_stranger_keeps_out_no_other_account_and_no_other_origin() {
    let numbers = |free: u32| format!("[throttle]\nfree_tries = {free}\nrejected_per_hour = 18\n");
    let Some(world) = World::with_everything(DEN, &numbers(20)) else { return };
    // A third of the account's six within twenty minutes.
    let names: Vec<Try> =
        (0..30).map(|n| Try::new("alice", &format!("h{n}.attacker.example"), &format!("wrong{n}"))).collect();
    assert_eq!(sent(&world, &names), 2);
    world.wait_for_rows("tries", 1);
    assert_eq!(world.sql("SELECT origin FROM tries").trim(), "service:alone");
    let none = |user: &str| world.authenticate(user, &password(user));
    assert_ne!(none("alice"), Code::SUCCESS, "the account's own user waits there");
    assert_eq!(none("frank"), Code::SUCCESS, "another account there");
    assert_eq!(right(&world, HOME, "alice"), Code::SUCCESS, "the account's own user, elsewhere");
    assert_eq!(right(&world, &format!("{ELSEWHERE}:51022"), "olga"), Code::SUCCESS);
    assert_eq!(world.sql(&format!("SELECT count(*) FROM tries WHERE origin = '{ELSEWHERE}'")).trim(), "1");
    world.stop_authd();
    world.sql("UPDATE sent SET at = at - 1200000");
    world.sql("UPDATE tries SET last = last - 10000, wrong = 50 WHERE origin = 'service:alone'");
    world.start_authd(&world.config(&numbers(1)));
    assert_eq!(none("alice"), Code::SUCCESS, "twenty minutes later, and ten seconds after the last guess");
}

#[test]
fn r71_an_outage_is_not_followed_by_an_hour_of_refusals() {
    let tables = format!("{NUMBERS}[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\n");
    let Some(world) = World::with_everything(DEN, &tables) else { return };
    assert_eq!(right(&world, HOME, "alice"), Code::SUCCESS);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    for _ in 0..4 {
        assert_ne!(right(&world, HOME, "alice"), Code::SUCCESS);
    }
    world.wait_for_log(&["user=\"alice\"", "see rejected_per_hour"]);
    world.plex().send(&Command::Connections(Connections::Serve)).unwrap();
    world.stop_authd();
    world.sql("UPDATE sent SET at = at - 600000");
    world.start_authd(&world.config(&tables));
    assert_eq!(right(&world, HOME, "alice"), Code::SUCCESS, "ten minutes later");
}
