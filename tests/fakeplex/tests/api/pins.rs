//! Link codes.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use fakeplex::Command;
use reqwest::Method;
use serde_json::Value;

use crate::common::{Answer, CLIENT, Plex, STREET, answer, form};

const PINS: &str = "/api/v2/pins";

fn poll(plex: &Plex, id: &Value) -> Answer {
    answer(plex.ask(Method::GET, &format!("{PINS}/{id}")))
}

#[test]
fn item_16_weak_and_strong_codes_return_a_token_once_approved() {
    let plex = Plex::start(STREET);
    for (strong, length, life) in [("false", 4, 900), ("true", 25, 1800)] {
        let made = plex.post(PINS, &[("strong", strong)]);
        let pin = made.json();
        let code = pin["code"].as_str().unwrap().to_owned();
        assert_eq!((made.status, code.len()), (201, length));
        assert!((life - 2..=life).contains(&pin["expiresIn"].as_u64().unwrap()), "{pin}");
        let expires = humantime::parse_rfc3339(pin["expiresAt"].as_str().unwrap()).unwrap();
        let left = expires.duration_since(SystemTime::now()).unwrap().as_secs();
        assert!((life - 3..=life).contains(&left), "{pin}");
        assert!(poll(&plex, &pin["id"]).json()["authToken"].is_null());
        assert_eq!(poll(&plex, &pin["id"]).error(), (429, 1003), "sooner than a second later");

        plex.control(&Command::Approve(code.to_lowercase(), "alice".into()));
        sleep(Duration::from_secs(1));
        let token = poll(&plex, &pin["id"]).json()["authToken"].as_str().unwrap().to_owned();
        assert_eq!(plex.get("/api/v2/user", &token).json()["id"], 2);
        let again = plex.server.control().send(&Command::Approve(code, "bob".into()));
        assert!(again.is_err(), "a code is approved once");
    }
}

#[test]
fn item_16_unknown_expired_and_foreign_codes_are_indistinguishable() {
    let plex = Plex::start(STREET);
    let pin = plex.post(PINS, &[]).json();
    let path = format!("{PINS}/{}", pin["id"]);
    let unknown = plex.get("/api/v2/pins/1", "");
    assert_eq!(unknown.error(), (404, 1020));
    let request = plex.plain(Method::GET, &path).header("Accept", "application/json");
    assert_eq!(answer(request.header("X-Plex-Client-Identifier", "another")), unknown);
    plex.control(&Command::ExpirePins);
    assert_eq!(poll(&plex, &pin["id"]), unknown);
    let code = pin["code"].as_str().unwrap().to_owned();
    assert!(plex.server.control().send(&Command::Approve(code, "alice".into())).is_err());
}

#[test]
fn item_17_any_account_can_approve_a_code() {
    let plex = Plex::start(STREET);
    let pin = plex.post(PINS, &[]).json();
    let mallory = plex.token_for("mallory", "mallorys-browser");
    let link = |token: &str| {
        let request = plex.ask(Method::PUT, "/api/v2/pins/link").header("X-Plex-Token", token);
        answer(form(request, &[("code", pin["code"].as_str().unwrap())]))
    };
    assert_eq!(link("bogus").error(), (401, 1001));
    assert_eq!(link(&mallory).status, 204);
    assert_eq!(link(&mallory).error(), (404, 1020), "no longer open");
    let token = poll(&plex, &pin["id"]).json()["authToken"].as_str().unwrap().to_owned();
    assert_eq!(plex.get("/api/v2/user", &token).json()["username"], "mallory");
}

/// plex.tv/link knows the codes that people type, app.plex.tv/auth the long ones; neither accepts the other's.
#[test]
fn r21_link_and_auth_pages_approve_only_their_own_kind_of_code() {
    let plex = Plex::start(STREET);
    let page = answer(plex.plain(Method::GET, "/link/?pin=AB12"));
    assert!(page.status == 200 && page.body.contains("value=\"AB12\""), "{page:?}");
    let code = |strong| plex.post(PINS, &[("strong", strong)]).json()["code"].as_str().unwrap().to_owned();
    let (weak, strong) = (code("false"), code("true"));
    let follow = |address: String| plex.server.control().send(&Command::Follow(address, "alice".into()));
    let link = |code: &str| follow(format!("https://plex.tv/link/?pin={code}"));
    let auth = |client: &str, code: &str| follow(format!("https://app.plex.tv/auth#?clientID={client}&code={code}"));
    assert!(auth(CLIENT, &weak).unwrap_err().to_string().contains("unable to authorize this request"));
    assert!(auth("another", &strong).is_err());
    assert!(link(&strong).is_err() && link("ZZZZ").is_err() && link("").is_err());
    assert!(follow(format!("http://plex.tv/link/?pin={weak}")).is_err(), "no TLS");
    assert!(follow(format!("https://plex.tv.example/link/?pin={weak}")).is_err());
    link(&weak).unwrap();
    auth(CLIENT, &strong).unwrap();
    assert!(link(&weak).is_err(), "a code is approved once");
}
