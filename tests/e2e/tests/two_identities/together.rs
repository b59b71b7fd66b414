//! R63: simultaneous logins of one user.

use e2e::{Code, Try, World, password};
use fakeplex::{Command, Endpoint, Fault, Reissue};

use crate::machine::{EVERY, KEPT, QUICK, assert_devices_are_kept_apart, den};

/// A machine on which two local accounts are Alice's, with or without the owner's token and the media server.
fn machine(reissue: Reissue, token: bool, server: bool) -> Option<World> {
    let world = World::new()?;
    for name in ["alice", "frank", "zoe"] {
        world.add_user(name, true, None);
    }
    world.start_plex(&den(KEPT));
    world.plex().send(&Command::Tokens(reissue)).unwrap();
    let server = if server { format!("server_url = \"{}\"\n", world.media_server("Den")) } else { String::new() };
    let further = format!("{server}{QUICK}[users]\nzoe = \"alice@example.org\"\n");
    let config = if token {
        world.config(&format!("client_identifier = \"{KEPT}\"\n{further}"))
    } else {
        world.config(&format!("owner_id = 1\n{further}")).replace("token = \"TOKEN-SECRET-olga\"\n", "")
    };
    world.start_authd(&config);
    // A delay between the issue of a token and its arrival, during which another sign-in may happen.
    world.plex().fault(Endpoint::Signin, Fault::Delay(300));
    Some(world)
}

/// Three logins by password, of two local accounts and from two hosts, and three by link, all at once.
fn rush(world: &World, number: usize, round: &str) {
    let from = |host: usize| format!("192.0.{number}.{host}");
    let logins = [("alice", from(1)), ("alice", from(2)), ("zoe", from(1))];
    let mut links = logins.clone().map(|(user, rhost)| world.pam_terminal("alone", user, &rhost));
    for link in &mut links {
        let code = link.ask_for_code();
        world.approve(&code, "alice");
    }
    let tries = logins.map(|(user, rhost)| Try::new(user, &rhost, &password("alice")));
    std::thread::scope(|scope| {
        let passwords = scope.spawn(|| world.many(3, &tries));
        let links: Vec<_> = links.iter_mut().map(|link| scope.spawn(|| link.verdict())).collect();
        let codes: Vec<_> = links.into_iter().map(|link| link.join().unwrap()).collect();
        assert_eq!(codes, [Code::SUCCESS; 3], "by link: {round}");
        let codes: Vec<_> = passwords.join().unwrap().iter().map(|tried| tried.code).collect();
        assert_eq!(codes, [Code::SUCCESS; 3], "by password: {round}");
    });
}

#[test]
fn r63_simultaneous_logins_of_one_friend_do_not_revoke_each_other() {
    for reissue in EVERY {
        for (token, server) in [(true, true), (false, false), (true, false), (false, true)] {
            let Some(world) = machine(reissue, token, server) else { return };
            // Without a list, the daemon does not know at first that both accounts are hers.
            for round in 0..2 {
                rush(&world, round, &format!("{reissue:?}, token {token}, server {server}, round {round}"));
            }
            world.plex().clear_faults();
            world.stop_authd();
            assert_eq!(world.plex().counters().live_tokens, 0, "{reissue:?} {token} {server}");
            assert_devices_are_kept_apart(&world, KEPT);
        }
    }
}

#[test]
fn r63_sequential_logins_use_a_single_device() {
    let Some(world) = machine(Reissue::Rotate, false, true) else { return };
    for _ in 0..3 {
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        assert_eq!(crate::machine::by_link(&world, "alice", "alice", "192.0.2.1"), Code::SUCCESS);
    }
    assert_eq!(world.plex().counters().mails, 1);
}

#[test]
fn r63_sign_in_whose_token_was_revoked_is_unavailable_not_a_wrong_password() {
    let Some(world) = machine(Reissue::Rotate, false, false) else { return };
    world.plex().fault(Endpoint::Signin, Fault::Delay(1500));
    std::thread::scope(|scope| {
        let login = scope.spawn(|| world.authenticate("alice", &password("alice")));
        while world.plex().counters().of(Endpoint::Signin) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        world.plex().send(&Command::KillTokens("alice".into())).unwrap();
        assert_eq!(login.join().unwrap(), Code::AUTHINFO_UNAVAIL);
    });
    world.plex().clear_faults();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r63_login_that_waits_for_another_past_its_deadline_is_unavailable() {
    let Some(world) = machine(Reissue::Rotate, true, false) else { return };
    let slow = world.config(&format!("client_identifier = \"{KEPT}\"\n{QUICK}"));
    world.stop_authd();
    world.start_authd(&slow.replace("[timeouts]\n", "[timeouts]\nlogin = \"3s\"\nconnect = \"1s\"\n"));
    world.plex().fault(Endpoint::Signin, Fault::Silence);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| world.codes_from("192.0.2.1", "alone", "alice", &password("alice")).of("auth"));
        std::thread::sleep(std::time::Duration::from_millis(500));
        let second = world.codes_from("192.0.2.2", "alone", "alice", &password("alice")).of("auth");
        assert_eq!((first.join().unwrap(), second), (Code::AUTHINFO_UNAVAIL, Code::AUTHINFO_UNAVAIL));
    });
    world.plex().clear_faults();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}
