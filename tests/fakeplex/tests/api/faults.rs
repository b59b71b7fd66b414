//! Faults of responses and connections.

use std::time::{Duration, Instant};

use fakeplex::{Command, Connections, Endpoint, Fault};
use reqwest::Method;

use crate::common::{MACHINE, OLGA, Plex, STREET, answer};

/// Every endpoint, with a valid request for it.
fn endpoints() -> [(Endpoint, Method, String); 17] {
    let at = |endpoint, method, path: &str| (endpoint, method, path.to_owned());
    [
        at(Endpoint::Signin, Method::POST, "/api/v2/users/signin?login=alice&password=PASSWORD-SECRET-alice"),
        at(Endpoint::LegacySignin, Method::POST, "/users/sign_in.json"),
        at(Endpoint::User, Method::GET, "/api/v2/user"),
        at(Endpoint::Account, Method::GET, "/users/account"),
        at(Endpoint::Ping, Method::GET, "/api/v2/ping"),
        at(Endpoint::Devices, Method::GET, "/devices.xml"),
        at(Endpoint::Users, Method::GET, "/api/users"),
        at(Endpoint::Friends, Method::GET, "/api/v2/friends"),
        at(Endpoint::Home, Method::GET, "/api/v2/home/users"),
        at(Endpoint::HomeSwitch, Method::POST, "/api/v2/home/users/9/switch"),
        at(Endpoint::SharedServers, Method::GET, &format!("/api/servers/{MACHINE}/shared_servers")),
        at(Endpoint::Invites, Method::GET, "/api/invites/requested"),
        at(Endpoint::Resources, Method::GET, "/api/v2/resources"),
        at(Endpoint::PmsServers, Method::GET, "/pms/servers.xml"),
        at(Endpoint::Pins, Method::POST, "/api/v2/pins"),
        at(Endpoint::Other, Method::GET, "/nothing"),
        at(Endpoint::Signout, Method::DELETE, "/api/v2/users/signout"),
    ]
}

#[test]
fn item_20_every_fault_affects_its_endpoint_and_no_other() {
    let plex = Plex::start(STREET);
    plex.control(&Command::FriendsArray(true));
    let control = plex.server.control();
    let ask = |method: &Method, path: &str| plex.ask(method.clone(), path).header("X-Plex-Token", OLGA);
    for (endpoint, method, path) in endpoints() {
        control.reset();
        control.fault(endpoint, Fault::Gone);
        assert_eq!(answer(ask(&method, &path)).status, 410, "{path}");
        assert_eq!(answer(ask(&Method::GET, "/:/elsewhere")).status == 410, endpoint == Endpoint::Other, "{path}");
        control.fault(endpoint, Fault::Status(502, "<html>".into()));
        assert_eq!(answer(ask(&method, &path)).body, "<html>", "{path}");
        control.fault(endpoint, Fault::Captcha);
        assert_eq!(answer(ask(&method, &path)).kind, "text/html", "{path}");
        for status in [301, 302, 307] {
            control.fault(endpoint, Fault::RedirectAs(status, "https://elsewhere.test/".into()));
            assert_eq!(answer(ask(&method, &path)).status, status, "{path}");
        }
        control.fault(endpoint, Fault::Huge(3));
        assert_eq!(answer(ask(&method, &path)).body.len(), 3 << 20, "{path}");
        control.fault(endpoint, Fault::Garbage);
        let bytes = ask(&method, &path).send().unwrap().bytes().unwrap();
        assert!(std::str::from_utf8(&bytes).is_err(), "{path}");
        control.fault(endpoint, Fault::Reset);
        assert!(ask(&method, &path).send().is_err(), "{path}");
        control.fault(endpoint, Fault::Cut);
        assert!(ask(&method, &path).send().and_then(reqwest::blocking::Response::bytes).is_err(), "{path}");
        // The request takes effect although the response was cut off: a token that was signed out must be set again.
        control.load(STREET);
        control.clear_faults();
        let right = answer(ask(&method, &path));
        assert!(right.status < 300 || endpoint == Endpoint::Other, "{path}: {right:?}");
        // The request to another path counts as `Other`.
        assert_eq!(control.counters().of(endpoint), 11 + u64::from(endpoint == Endpoint::Other), "{path}");
    }
}

#[test]
fn item_20_responses_can_be_late_slow_missing_or_truncated() {
    let plex = Plex::start(STREET);
    let control = plex.server.control();
    let ask = || plex.ask(Method::GET, "/api/v2/user").header("X-Plex-Token", OLGA).timeout(Duration::from_secs(2));
    let whole = answer(ask());
    control.fault(Endpoint::User, Fault::Truncated);
    let part = answer(ask());
    assert!(part.body.len() < whole.body.len() && whole.body.starts_with(&part.body));
    control.fault(Endpoint::User, Fault::Delay(700));
    let start = Instant::now();
    assert_eq!(answer(ask()), whole);
    assert!(start.elapsed() > Duration::from_millis(700));
    for fault in [Fault::Silence, Fault::Drip] {
        control.fault(Endpoint::User, fault.clone());
        let start = Instant::now();
        assert!(ask().send().is_err(), "{fault:?}");
        assert!(start.elapsed() > Duration::from_millis(1900), "{fault:?}");
    }
    control.fault(Endpoint::Pms, Fault::Status(500, String::new()));
    let den = format!("{}/identity", plex.server.address("address.pms.Den"));
    assert_eq!(answer(plex.client_at([127, 0, 0, 1]).get(den)).status, 500);
}

#[test]
fn item_20_connections_are_refused_or_silent_until_faults_are_cleared() {
    let plex = Plex::start(STREET);
    let ask = || plex.ask(Method::GET, "/api/v2/ping").header("X-Plex-Token", OLGA).timeout(Duration::from_secs(2));
    assert_eq!(answer(ask()).status, 200, "and the connection stays open");
    for _ in 0..2 {
        plex.control(&Command::Connections(Connections::Refuse));
        let start = Instant::now();
        assert!(ask().send().is_err() && ask().send().unwrap_err().is_connect());
        assert!(start.elapsed() < Duration::from_secs(1));
        plex.server.control().clear_faults();
        assert_eq!(answer(ask()).status, 200);
    }
    plex.control(&Command::Connections(Connections::Silence));
    let before = plex.server.control().counters();
    let fresh = plex.client_at([127, 0, 0, 1]);
    let request = fresh.get(plex.server.address("address")).timeout(Duration::from_secs(1));
    assert!(request.send().unwrap_err().is_timeout());
    let after = plex.server.control().counters();
    assert_eq!((after.connections, after.handshakes), (before.connections + 1, before.handshakes), "not even TLS");
    assert!(ask().send().unwrap_err().is_timeout(), "on the connection that was open");
    plex.server.control().clear_faults();
    assert_eq!(answer(ask()).status, 200);
}

#[test]
fn item_20_certificate_can_change_between_two_responses() {
    let plex = Plex::start(STREET);
    let ask = |path: &str| plex.ask(Method::GET, path).header("X-Plex-Token", OLGA);
    for bad in [Connections::Expired, Connections::WrongName, Connections::SelfSigned, Connections::UnknownCa] {
        plex.control(&Command::Turn(Endpoint::User, bad));
        assert_eq!(answer(ask("/api/v2/ping")).status, 200, "{bad:?}");
        assert_eq!(answer(ask("/api/v2/user")).status, 200, "{bad:?}");
        let broken = format!("{:?}", ask("/api/v2/ping").send().unwrap_err());
        assert!(broken.contains("InvalidCertificate"), "{bad:?}: {broken}");
        plex.server.control().clear_faults();
        assert_eq!(answer(ask("/api/v2/ping")).status, 200, "{bad:?}");
    }
    plex.control(&Command::Connections(Connections::Once));
    let before = plex.server.control().counters().connections;
    assert!((0..3).all(|_| answer(ask("/api/v2/ping")).status == 200));
    assert!(plex.server.control().counters().connections >= before + 2);
}

#[test]
fn item_21_secrets_are_recognisable_and_absent_from_the_request_log() {
    let plex = Plex::start(STREET);
    let alice = plex.token("alice");
    let rows = plex.get("/api/v2/resources", &alice).json();
    assert!(alice.contains("SECRET") && rows[0]["accessToken"].as_str().unwrap().contains("SECRET"));
    let pin = plex.post("/api/v2/pins", &[("strong", "true")]).json();
    assert!(pin["code"].as_str().unwrap().contains("secret"));
    let control = plex.server.control();
    let told = control.send(&Command::Seen).unwrap() + &control.send(&Command::Counters).unwrap();
    assert!(told.contains("\"token_of\":\"alice\"") && !told.to_uppercase().contains("SECRET"), "{told}");
}
