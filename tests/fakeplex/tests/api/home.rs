//! A Plex Home, and the media server on the local network.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Answer, OLGA, Plex, STREET, answer, form};

#[test]
fn item_18_home_member_can_switch_user_with_the_pin() {
    let plex = Plex::start(STREET);
    let people = plex.get("/api/v2/home/users", OLGA).json();
    let of = |name: &str| people["users"].as_array().unwrap().iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), [1, 8, 9]);
    assert_eq!(of("admin"), [true, false, false]);
    assert_eq!(of("protected"), [false, true, false]);
    assert_eq!((&of("title")[2], &of("username")[2], &of("email")[2]), (&"Kid".into(), &Value::Null, &Value::Null));
    let old = plex.get("/api/home/users", OLGA);
    assert_eq!(old.attributes("User", "title"), ["olga", "peggy", "Kid"]);
    assert_eq!(old.attributes("User", "restricted"), ["0", "0", "1"]);

    let switch = |path: &str, token: &str, pin: Option<&str>| {
        let request = plex.ask(Method::POST, path).header("X-Plex-Token", token);
        answer(if let Some(pin) = pin { form(request, &[("pin", pin)]) } else { request })
    };
    let (by_id, by_uuid, old) =
        ("/api/v2/home/users/8/switch", "/api/v2/home/users/0000000000000008/switch", "/api/home/users/8/switch");
    for path in [by_id, by_uuid, old] {
        for pin in [None, Some(""), Some("0000")] {
            assert_eq!(switch(path, OLGA, pin).error(), (403, 1041), "{path} {pin:?}");
        }
        assert_eq!(switch(path, "bogus", Some("1357")).status, 401);
        assert_eq!(switch(path, &plex.token("alice"), Some("1357")).status, 404, "not in that Home");
        assert_eq!(switch(&format!("{path}?pin=1357"), OLGA, None).status, 201, "{path}");
    }
    let token_in = |answer: &Answer| answer.json()["authToken"].as_str().unwrap().to_owned();
    let peggy = switch(by_uuid, OLGA, Some("1357"));
    assert_eq!((peggy.status, &peggy.json()["id"]), (201, &8.into()));
    assert_eq!(plex.get("/api/v2/user", &token_in(&peggy)).json()["username"], "peggy");
    let old = switch(old, OLGA, Some("1357"));
    assert!(old.attributes("user", "authenticationToken")[0].starts_with("TOKEN-SECRET-8-"));
    // A managed user has an account without any name.
    let kid = switch("/api/v2/home/users/9/switch", OLGA, None);
    let kid = plex.get("/api/v2/user", &token_in(&kid)).json();
    assert_eq!((&kid["username"], &kid["email"], &kid["restricted"]), (&"".into(), &"".into(), &true.into()));
    assert_eq!((&kid["hasPassword"], &kid["home"], &kid["homeSize"]), (&false.into(), &true.into(), &3.into()));
}

#[test]
fn item_19_media_server_can_be_closed_open_or_unclaimed() {
    let plex = Plex::start(STREET);
    let alice = plex.token("alice");
    let http = plex.client_at([127, 0, 0, 1]);
    let ask = |server: &str, path: &str, token: Option<&str>| {
        let request = http.get(format!("{}{path}", plex.server.address(&format!("address.pms.{server}"))));
        answer(if let Some(token) = token { request.header("X-Plex-Token", token) } else { request })
    };
    let identity = ask("Den", "/identity", Some("bogus"));
    assert_eq!((identity.status, identity.attributes("MediaContainer", "claimed")), (200, vec!["1".into()]));
    let (access, owner) = (Some("ACCESS-SECRET-Den-2"), Some(OLGA));
    let cases = [
        ("Den", "/", None, 401),
        ("Den", "/", Some("bogus"), 401),
        ("Den", "/", Some(alice.as_str()), 401),
        ("Den", "/", Some("ACCESS-SECRET-Attic-2"), 401),
        ("Den", "/", Some("ACCESS-SECRET-Den-3"), 401),
        ("Den", "/", access, 200),
        ("Den", "/library/sections", access, 200),
        ("Den", "/accounts", access, 403),
        ("Den", "/accounts", owner, 200),
        ("Den", "/", owner, 200),
        ("Attic", "/", Some("bogus"), 200),
        ("Attic", "/accounts", None, 200),
        ("Shed", "/", None, 200),
    ];
    for (server, path, token, expected) in cases {
        let answer = ask(server, path, token);
        assert_eq!(answer.status, expected, "{server}{path} {token:?}");
        assert!(answer.status != 401 || answer.kind == "text/html", "{answer:?}");
    }
    assert_eq!(ask("Shed", "/identity", None).attributes("MediaContainer", "claimed"), ["0"]);
    let json = http.get(format!("{}/identity", plex.server.address("address.pms.Den")));
    assert_eq!(answer(json.header("Accept", "application/json")).json()["MediaContainer"]["claimed"], true);
}
