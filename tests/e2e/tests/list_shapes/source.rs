//! R76 (P6): which source is in use, from the first sign of a change to the return of the usual list.

use std::time::Duration;

use e2e::{Code, World, password};
use fakeplex::{Endpoint, Fault, ListShape};

use crate::machine::{
    QUICK, assert_accounts, assert_sign_ins, config, machine, next_list, restart, set_shape, sign_in, wait_until,
};

const FRIENDS: [&str; 3] = ["alice", "frank", "olga"];
const STRANGERS: [&str; 3] = ["bob", "carol", "mallory"];

/// True if a text names the second source.
fn names_the_second_source(text: &str) -> bool {
    text.contains("second source") || text.contains("/api/users")
}

fn status(world: &World) -> String {
    let out = world.run(&["plex-auth", "status"]);
    assert!(out.ok(), "{out:?}");
    out.stdout
}

#[track_caller]
fn assert_second_source(world: &World, when: &str) {
    world.plex().reset();
    next_list();
    assert_sign_ins(world, when, &FRIENDS, &STRANGERS);
    assert_accounts(world, when, &FRIENDS, &STRANGERS);
    assert!(world.plex().counters().of(Endpoint::Users) > 0, "{when}: the second source is not read");
    let shown = status(world);
    assert!(names_the_second_source(&shown), "{when}: {shown}");
}

#[test]
fn r76_second_source_survives_restart_and_reload_and_ends_when_the_first_returns() {
    let Some(world) = machine("", QUICK) else { return };
    assert_sign_ins(&world, "usual", &FRIENDS, &STRANGERS);
    assert!(!names_the_second_source(&status(&world)), "{}", status(&world));
    set_shape(&world, Endpoint::SharedServers, ListShape::Forbidden1080);
    assert_second_source(&world, "403");
    let said = || world.syslog().lines().any(|line| line.contains("plex-authd") && names_the_second_source(line));
    wait_until(Duration::from_secs(10), "the log names the second source", said);
    let lines = |world: &World| world.syslog().lines().filter(|line| names_the_second_source(line)).count();
    let before = lines(&world);
    next_list();
    next_list();
    assert_eq!(lines(&world), before, "one line for one change: {}", world.syslog());

    restart(&world, &config(&world, "", QUICK));
    assert_second_source(&world, "restarted");
    world.kill_authd();
    world.start_authd(&config(&world, "", QUICK));
    assert_second_source(&world, "killed and started");
    world.sh("pkill -HUP -x plex-authd");
    world.wait_for_log(&["the configuration has been read again"]);
    assert_second_source(&world, "reloaded");

    let before = world.syslog().len();
    set_shape(&world, Endpoint::SharedServers, ListShape::Usual);
    next_list();
    next_list();
    world.plex().reset();
    next_list();
    assert_sign_ins(&world, "usual again", &FRIENDS, &STRANGERS);
    assert_eq!(world.plex().counters().of(Endpoint::Users), 0, "the second source is still read");
    assert!(!names_the_second_source(&status(&world)), "{}", status(&world));
    let log = world.syslog();
    let since = log.get(before..).unwrap_or_default();
    let words = ["first source", "shared_servers", "can be read again", "usual"];
    assert!(
        since.lines().any(|line| words.iter().any(|word| line.contains(word))),
        "no line about the return:\n{since}"
    );
    world.assert_no_secret_leaked();
}

#[test]
fn r76_transient_errors_do_not_activate_the_second_source() {
    let Some(world) = machine("", QUICK) else { return };
    assert_sign_ins(&world, "usual", &FRIENDS, &[]);
    let faults = [
        Fault::Status(500, String::new()),
        Fault::Status(503, "<html>".into()),
        Fault::Status(401, String::new()),
        Fault::TooMany(Some(1)),
        Fault::Reset,
    ];
    for fault in faults {
        world.plex().fault(Endpoint::SharedServers, fault.clone());
        next_list();
        world.plex().reset();
        let code = world.authenticate("alice", &password("alice"));
        assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{fault:?}");
        next_list();
        assert_eq!(world.plex().counters().of(Endpoint::Users), 0, "{fault:?}: the second source is read");
        assert_accounts(&world, &format!("{fault:?}"), &FRIENDS, &STRANGERS);
        world.plex().clear_faults();
        let back = || world.authenticate("alice", &password("alice")) == Code::SUCCESS;
        wait_until(Duration::from_secs(15), &format!("{fault:?} is over"), back);
    }
}

#[test]
fn r76_without_both_sources_the_account_phase_uses_the_last_list_until_it_expires() {
    let tables = "[timeouts]\nfriend_list = \"1s\"\nknown_list = \"9s\"\n";
    let Some(world) = machine("", tables) else { return };
    set_shape(&world, Endpoint::SharedServers, ListShape::Gone);
    next_list();
    assert_sign_ins(&world, "the second source", &FRIENDS, &STRANGERS);
    for shape in [ListShape::Gone, ListShape::Page] {
        set_shape(&world, Endpoint::Users, shape);
        next_list();
        let when = format!("both sources gone, users {shape:?}");
        for (user, code) in sign_in(&world, &["alice", "frank", "bob", "mallory"]) {
            assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{when}: {user}");
        }
        assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{when}: the owner");
        assert_accounts(&world, &when, &FRIENDS, &STRANGERS);
    }
    restart(&world, &config(&world, "", tables));
    assert_accounts(&world, "restarted", &FRIENDS, &STRANGERS);
    std::thread::sleep(Duration::from_secs(9));
    // R65: without a current list the account phase is a refusal, except for the owner.
    assert_accounts(&world, "known_list is over", &["olga"], &["alice", "frank", "bob"]);
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "known_list is over: the owner");
    world.plex().clear_faults();
    set_shape(&world, Endpoint::SharedServers, ListShape::Usual);
    set_shape(&world, Endpoint::Users, ListShape::Usual);
    let back = || world.authenticate("alice", &password("alice")) == Code::SUCCESS;
    wait_until(Duration::from_secs(15), "the lists are back", back);
    assert_accounts(&world, "the lists are back", &FRIENDS, &STRANGERS);
}
