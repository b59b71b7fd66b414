//! Sign-in at the endpoints older than version 2.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Plex, STREET, answer, form, password};

#[test]
fn legacy_endpoint_still_signs_in() {
    let plex = Plex::start(STREET);
    let pw = password("alice");
    let ask = |path: &str| plex.ask(Method::POST, path);
    let fields = [("user[login]", "alice"), ("user[password]", pw.as_str())];
    let json = answer(form(ask("/users/sign_in.json"), &fields));
    assert_eq!((json.status, &json.json()["user"]["id"]), (201, &Value::from(2)));
    assert_eq!(json.json()["user"]["authToken"], json.json()["user"]["authentication_token"]);
    let xml = answer(form(ask("/users/sign_in.xml"), &fields));
    assert_eq!((xml.status, xml.attributes("user", "username")), (201, vec!["alice".into()]));
    let token = xml.attributes("user", "authenticationToken").remove(0);

    let nested = format!("{{\"user\":{{\"login\":\"alice\",\"password\":\"{pw}\"}}}}");
    let nested = ask("/users/sign_in.json").header("Content-Type", "application/json").body(nested);
    let basic = ask("/users/sign_in.xml").basic_auth("alice", Some(&pw));
    let by_token = ask("/users/sign_in.xml").header("X-Plex-Token", &token);
    let appended = format!("{}314159", password("erin"));
    let with_code = form(ask("/users/sign_in.xml"), &[("user[login]", "erin"), ("user[password]", &appended)]);
    for request in [by_token, nested, basic, with_code] {
        assert_eq!(answer(request).status, 201);
    }
    let wrong = answer(form(ask("/users/sign_in.json"), &[("user[login]", "alice"), ("user[password]", "wrong")]));
    assert_eq!((wrong.status, wrong.json()["error"].is_string()), (401, true));
    let no_code =
        form(ask("/users/sign_in.xml"), &[("user[login]", "erin"), ("user[password]", password("erin").as_str())]);
    assert_eq!(answer(no_code).status, 401);
    assert_eq!(answer(form(plex.plain(Method::POST, "/users/sign_in.json"), &fields)).status, 400);
}
