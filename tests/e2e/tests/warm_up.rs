//! The first message of a login starts a refresh of a friend list that is older than 30 s (R83): the connection to plex.tv is open
//! and the list is new when the password has been typed. Nobody else's login sends anything.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint, Fault};

const SECOND: Duration = Duration::from_secs(1);

/// Entries of people without access, as `plex-auth user link` writes them.
const STRANGERS: &str = "[users]\nbob = \"3\"\nmallory = \"7\"";

/// A machine, and the time at which its list is old enough.
fn machine() -> Option<(World, Instant)> {
    let world = World::with_everything(DEN, STRANGERS)?;
    assert_eq!(world.account("alice"), Code::SUCCESS);
    Some((world, Instant::now() + SECOND * 31))
}

fn wait_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}

/// [`machine`], once the list is old enough.
fn with_old_list() -> Option<World> {
    let (world, time) = machine()?;
    wait_until(time);
    world.plex().reset();
    Some(world)
}

/// Every connection to plex.tv is gone, and the next ones stay open.
fn disconnect(world: &World) {
    world.plex().send(&Command::Connections(Connections::Once)).unwrap();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    // The token's revocation too.
    while world.plex().counters().live_tokens > 0 {
        std::thread::sleep(SECOND / 50);
    }
    world.plex().send(&Command::Connections(Connections::Serve)).unwrap();
}

/// The server is shared with bob from now on.
fn invite_bob(world: &World) {
    world.plex().load(&DEN.replace("shared_with = [\"alice\"", "shared_with = [\"bob\", \"alice\""));
}

/// Numbers of all requests to plex.tv, and of those for the list.
fn requests(world: &World) -> (u64, u64) {
    let counters = world.plex().counters();
    (counters.total(), counters.of(Endpoint::SharedServers))
}

/// Readings of lists, as the daemon counts them.
fn readings(world: &World) -> u64 {
    let status: serde_json::Value = serde_json::from_str(&world.sh("plex-auth status --json").stdout).unwrap();
    status
        .pointer("/requests_last_hour/lists")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or_else(|| panic!("{status}"))
}

#[test]
fn r15_r83_twenty_logins_cause_one_refresh_and_logins_with_a_young_list_or_of_other_names_none() {
    let Some((world, time)) = machine() else { return };
    world.plex().reset();
    let prompt = |user: &str, host: u32| {
        let mut terminal = world.pam_terminal("alone", user, &format!("192.0.2.{host}"));
        terminal.wait_for("assword");
        terminal
    };
    let young = prompt("alice", 1);
    std::thread::sleep(SECOND);
    assert_eq!(requests(&world), (0, 0), "the list is young");
    drop(young);

    wait_until(time);
    for user in ["local", "root", "daemon", "no-such-account", "no such account"] {
        assert_ne!(world.authenticate(user, "typed"), Code::SUCCESS, "{user}");
    }
    assert_eq!(world.account("alice"), Code::SUCCESS, "keys and cron jobs send no sign-in");
    std::thread::sleep(SECOND);
    assert_eq!(requests(&world), (0, 0), "nobody who is managed has begun a login");

    let before = readings(&world);
    let logins: Vec<_> = (0..20).zip(["alice", "bob", "erin", "frank"].iter().cycle()).collect();
    let terminals: Vec<_> = logins.into_iter().map(|(number, user)| prompt(user, number + 10)).collect();
    std::thread::sleep(SECOND);
    assert_eq!(requests(&world), (1, 1));
    drop(terminals);
    assert_eq!(readings(&world), before + 1, "and it is counted");
}

#[test]
fn r37_r83_friend_invited_a_minute_ago_types_a_password_and_finds_the_list_read_and_the_connection_open() {
    let Some((world, _)) = machine() else { return };
    disconnect(&world);
    std::thread::sleep(SECOND * 31);
    invite_bob(&world);
    world.plex().reset();
    let mut terminal = world.pam_terminal("alone", "bob", "192.0.2.1");
    terminal.wait_for("assword");
    std::thread::sleep(SECOND);
    let made = || {
        let counters = world.plex().counters();
        (counters.connections, counters.handshakes, counters.resumed)
    };
    assert_eq!((requests(&world), made()), ((1, 1), (1, 1, 1)), "while the password is typed");
    terminal.type_line(&password("bob"));
    assert_eq!(terminal.exit(), 0, "{}", terminal.contents());
    assert!(terminal.contents().contains("auth=0"), "{}", terminal.contents());
    let counters = world.plex().counters();
    assert_eq!((counters.of(Endpoint::SharedServers), counters.of(Endpoint::Signin), made()), (1, 1, (1, 1, 1)));
}

#[test]
fn r37_r83_list_is_read_once_for_a_program_that_answers_at_once() {
    let Some(world) = with_old_list() else { return };
    invite_bob(&world);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::SUCCESS);
    std::thread::sleep(SECOND);
    let counters = world.plex().counters();
    assert_eq!((counters.of(Endpoint::SharedServers), counters.of(Endpoint::Signin)), (1, 1));
    // Without access, likewise.
    std::thread::sleep(SECOND * 30);
    world.plex().reset();
    assert_eq!(world.authenticate("mallory", &password("mallory")), Code::AUTH_ERR);
    std::thread::sleep(SECOND);
    assert_eq!(requests(&world), (1, 1));
}

#[test]
fn r83_slow_friend_list_delays_no_sign_in() {
    let Some(world) = with_old_list() else { return };
    world.plex().fault(Endpoint::SharedServers, Fault::Delay(4000));
    for attempt in ["before the refresh", "during it"] {
        let start = Instant::now();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{attempt}");
        assert!(start.elapsed() < SECOND * 2, "{attempt}: {:?}", start.elapsed());
        std::thread::sleep(SECOND / 2);
        assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 1, "{attempt}");
    }
}

#[test]
fn r83_address_of_plex_tv_is_kept_until_a_connection_to_it_fails() {
    let Some(world) = World::with_everything(DEN, "[timeouts]\nlogin = \"3s\"\nconnect = \"1s\"") else { return };
    let has_address = |yes: bool| {
        world.sh("grep -v fakeplex.test /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts");
        if yes {
            world.sh("echo 127.0.0.1 fakeplex.test >>/etc/hosts");
        }
    };
    let connections = |wanted| world.plex().send(&Command::Connections(wanted)).unwrap();
    let sign_in = || world.authenticate("alice", &password("alice"));
    has_address(true);
    // Every request has a connection of its own.
    connections(Connections::Once);
    world.stop_authd();
    world.start_authd(&world.config("").replace("https://localhost:", "https://fakeplex.test:"));
    assert_eq!(sign_in(), Code::SUCCESS);
    has_address(false);
    assert_eq!(sign_in(), Code::SUCCESS, "within a minute, the name is not looked up again");
    connections(Connections::Refuse);
    assert_eq!(sign_in(), Code::AUTHINFO_UNAVAIL);
    connections(Connections::Once);
    assert_eq!(sign_in(), Code::AUTHINFO_UNAVAIL, "an address that failed is not used again");
    has_address(true);
    assert_eq!(sign_in(), Code::SUCCESS, "and a failed lookup is not kept");
}
