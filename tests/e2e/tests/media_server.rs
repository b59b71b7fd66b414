//! `server_url`: the media server itself is asked, and its word counts when it can be relied on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};

/// A machine whose daemon asks the media server by this name.
fn machine(world: &str, name: &str) -> Option<World> {
    let machine = World::with_everything(world, "")?;
    let address = std::fs::read_to_string(machine.shared().join(format!("plex/address.pms.{name}"))).unwrap();
    machine.stop_authd();
    // Without the last list, the account phase waits for the first one, and no other comes for minutes.
    machine.sh("rm /var/lib/plex-auth/state.db");
    let config = machine.config(&format!("server_url = \"{}\"\n[timeouts]\nlogin = \"10s\"", address.trim_end()));
    machine.start_authd(&config);
    assert_eq!(machine.account("alice"), Code::SUCCESS);
    machine.plex().reset();
    Some(machine)
}

/// Alice comes in by plex.tv's word alone, and the log says why; hers and nobody else's token was shown to the server.
fn assert_plex_tv_decides(world: &World, why: &str) {
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{why}");
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv alone says yes", why]);
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR, "{why}");
    assert_eq!(world.authenticate("bob", &password("bob")), Code::PERM_DENIED, "{why}");
    world.assert_no_secret_leaked();
}

#[test]
fn the_server_is_shown_the_friend_s_own_token_for_it_and_says_yes() {
    let Some(world) = machine(DEN, "Den") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv and the media server say yes"]);
    // The owner's own token is good on the owner's server.
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR);
    let asked: Vec<_> = world.plex().seen().into_iter().filter(|seen| seen.endpoint == Endpoint::Pms).collect();
    let paths: Vec<_> = asked.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/identity", "/", "/", "/identity", "/", "/"], "nothing is asked about a wrong password");
    // An access token is no account's; only the owner's stands for both.
    let tokens: Vec<_> = asked.iter().filter_map(|seen| seen.token_of.as_deref()).collect();
    assert_eq!(tokens, ["olga"]);
    assert!(asked.iter().all(|seen| seen.login.is_none() && !seen.known_password), "{asked:?}");
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
    world.assert_no_secret_leaked();
}

#[test]
fn whom_the_server_refuses_is_not_let_in() {
    let Some(world) = machine(DEN, "Den") else { return };
    // plex.tv lists a server of Olga's for Alice that the server itself knows nothing about.
    let row = "[[device]]\naccount = \"alice\"\nmachine_id = \"0123456789abcdef0123456789abcdef01234567\"\n\
               provides = \"server\"\nowner_id = 1\n";
    world.plex().load(&format!("{}\n{row}", DEN.replace("shared_with = [\"alice\", ", "shared_with = [")));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::PERM_DENIED);
    world.wait_for_log(&["denied", "user=\"alice\"", "the media server does not let them in"]);
    // And plex.tv itself no longer lists it, while the list that is kept still does.
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::PERM_DENIED);
    world.wait_for_log(&["denied", "user=\"alice\"", "the server is not shared with them"]);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
}

#[test]
fn a_server_that_lets_everybody_in_has_no_say() {
    for mode in ["allow-all", "unclaimed"] {
        let Some(world) = machine(&DEN.replace("local = \"normal\"", &format!("local = \"{mode}\"")), "Den") else {
            return;
        };
        assert_plex_tv_decides(&world, "the server lets everybody on the local network in");
    }
}

#[test]
fn another_server_at_the_address_has_no_say() {
    let shed = "[[server]]\nmachine_id = \"2222222222222222222222222222222222222222\"\nname = \"Shed\"\n\
                owner = \"mallory\"\nshared_with = [\"bob\"]\nlocal = \"normal\"\n";
    let Some(world) = machine(&format!("{DEN}\n{shed}"), "Shed") else { return };
    assert_plex_tv_decides(&world, "server_url leads to another server than machine_id");
    let asked = world.plex().seen().into_iter().filter(|seen| seen.endpoint == Endpoint::Pms);
    assert!(asked.map(|seen| seen.path).all(|path| path == "/identity"), "no token is shown to a stranger's server");
}

#[test]
fn a_server_that_is_off_broken_or_hung_has_no_say_and_costs_little_time() {
    let Some(world) = machine(DEN, "Den") else { return };
    let faults = [
        Fault::Reset,
        Fault::Silence,
        Fault::Drip,
        Fault::Status(401, "<html>".into()),
        Fault::Status(503, String::new()),
        Fault::Captcha,
        Fault::Huge(9),
        Fault::Garbage,
        Fault::Redirect("http://127.0.0.1:1/".into()),
    ];
    for fault in faults {
        world.plex().fault(Endpoint::Pms, fault.clone());
        let start = Instant::now();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{fault:?}: {:?}", start.elapsed());
        world.plex().clear_faults();
    }
    let alone = world.syslog().matches("plex.tv alone says yes; the server does not answer").count();
    assert_eq!(alone, 9, "{}", world.syslog());
    world.stop_authd();
    let nobody = world.config("server_url = \"http://127.0.0.1:1\"");
    world.start_authd(&nobody);
    assert_plex_tv_decides(&world, "the server does not answer");
}
