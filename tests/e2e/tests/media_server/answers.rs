//! The media server's answers, and when they count.

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};

use crate::logging;

/// A machine whose daemon uses the media server of this name, over https.
fn machine(world: &str, name: &str) -> Option<World> {
    let machine = World::with_everything(world, "")?;
    machine.stop_authd();
    // Without a stored list the account phase waits for the first one, and no other is fetched for minutes.
    machine.sh("rm /var/lib/plex-auth/state.db");
    let address = machine.media_server(name);
    let config = machine.config(&format!("server_url = \"{address}\"\n[timeouts]\nlogin = \"10s\""));
    machine.start_authd(&config);
    assert_eq!(machine.account("alice"), Code::SUCCESS);
    machine.plex().reset();
    Some(machine)
}

/// Asserts that plex.tv alone decides, with this reason in the log.
fn assert_plex_tv_decides(world: &World, why: &str) {
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{why}");
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv alone accepted the sign-in", why]);
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR, "{why}");
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR, "{why}");
    world.assert_no_secret_leaked();
}

#[test]
fn media_server_confirms_with_the_friends_own_token() {
    let Some(world) = machine(DEN, "Den") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv and the media server accepted the sign-in"]);
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS);
    world.wait_for_log(&["accepted", "user=\"olga\"", "plex.tv accepted the sign-in"]);
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR);
    let asked: Vec<_> = world.plex().seen().into_iter().filter(|seen| seen.endpoint == Endpoint::Pms).collect();
    let paths: Vec<_> = asked.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/identity", "/", "/"], "nothing is asked about the owner or a wrong password");
    // A server's access token is no account's token.
    assert!(asked.iter().all(|seen| seen.token_of.is_none() && seen.client_id.is_none()), "{asked:?}");
    assert!(asked.iter().all(|seen| seen.login.is_none() && !seen.known_password), "{asked:?}");
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
    world.assert_no_secret_leaked();
}

#[test]
fn user_rejected_by_the_media_server_is_denied() {
    let Some(world) = machine(DEN, "Den") else { return };
    world.plex().load(&DEN.replace("local = \"normal\"", "local = \"refuse\""));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    world.wait_for_log(&["denied", "user=\"alice\"", "plex.tv accepted the sign-in, but the media server refused it"]);
    // plex.tv itself no longer lists it, while the cached list still does.
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    world.wait_for_log(&["denied", "user=\"alice\"", "the server is not shared with them"]);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
}

#[test]
fn media_server_that_accepts_everyone_is_ignored() {
    for mode in ["allow-all", "unclaimed"] {
        let Some(world) = machine(&DEN.replace("local = \"normal\"", &format!("local = \"{mode}\"")), "Den") else {
            return;
        };
        assert_plex_tv_decides(&world, "the server accepts everyone on the local network");
    }
}

#[test]
fn another_server_at_server_url_is_ignored_and_sees_no_token() {
    let shed = "[[server]]\nmachine_id = \"2222222222222222222222222222222222222222\"\nname = \"Shed\"\n\
                owner = \"mallory\"\nshared_with = [\"bob\"]\nlocal = \"normal\"\n";
    let Some(world) = machine(&format!("{DEN}\n{shed}"), "Shed") else { return };
    assert_plex_tv_decides(&world, "server_url leads to another server than machine_id");
    let asked = world.plex().seen().into_iter().filter(|seen| seen.endpoint == Endpoint::Pms);
    assert!(asked.map(|seen| seen.path).all(|path| path == "/identity"), "no token is shown to a stranger's server");
}

#[test]
fn unavailable_or_hanging_media_server_is_ignored_within_the_deadline() {
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
    let alone = world.syslog().matches("plex.tv alone accepted the sign-in; the server does not answer").count();
    assert_eq!(alone, 9, "{}", world.syslog());
    world.stop_authd();
    let nobody = world.config("server_url = \"https://localhost:1\"");
    world.start_authd(&nobody);
    assert_plex_tv_decides(&world, "the server does not answer");
}

#[test]
fn r72_media_server_without_a_valid_certificate_sees_no_request() {
    let Some(world) = machine(DEN, "Den") else { return };
    for bad in ["expired", "wrong-name", "self-signed", "unknown-ca"] {
        world.stop_authd();
        let address = std::fs::read_to_string(world.shared().join(format!("plex/address.{bad}"))).unwrap();
        world.start_authd(&world.config(&format!("server_url = \"{}\"", address.trim_end())));
        world.plex().reset();
        let why = "plex.tv alone accepted the sign-in; the server does not answer: cannot be reached";
        let code = logging(&world, 1, why, || world.authenticate("alice", &password("alice")));
        assert_eq!(code, Code::SUCCESS, "{bad}");
        let seen = world.plex().seen();
        assert!(seen.iter().all(|seen| seen.path != "/identity" && seen.path != "/"), "{bad}: {seen:?}");
    }
}
