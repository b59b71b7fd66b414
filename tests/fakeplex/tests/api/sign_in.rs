//! Sign-in.

use std::time::Duration;

use fakeplex::{Command, Endpoint, Fault};
use reqwest::Method;
use serde_json::Value;

use crate::common::{Answer, Plex, STREET, answer, form, password};

const SIGNIN: &str = "/api/v2/users/signin";

fn sign_in(plex: &Plex, login: &str, password: &str, code: Option<&str>) -> Answer {
    let code = code.map(|code| ("verificationCode", code));
    plex.post(SIGNIN, &[("login", login), ("password", password)].into_iter().chain(code).collect::<Vec<_>>())
}

#[test]
fn item_1_version_2_requires_a_client_identifier_and_defaults_to_xml() {
    let plex = Plex::start(STREET);
    let paths = [
        (Method::POST, SIGNIN),
        (Method::DELETE, "/api/v2/users/signout"),
        (Method::GET, "/api/v2/user"),
        (Method::GET, "/api/v2/ping"),
        (Method::GET, "/api/v2/friends"),
        (Method::GET, "/api/v2/resources"),
        (Method::GET, "/api/v2/home/users"),
        (Method::POST, "/api/v2/home/users/9/switch"),
        (Method::POST, "/api/v2/pins"),
        (Method::GET, "/api/v2/pins/1"),
    ];
    for (method, path) in paths {
        let without = answer(plex.plain(method.clone(), path).header("Accept", "application/json"));
        assert_eq!(
            (without.error(), without.kind.as_str()),
            ((400, 1000), "application/json; charset=utf-8"),
            "{path}"
        );
        let xml = answer(plex.plain(method.clone(), path).header("Accept", "*/*"));
        assert_eq!((xml.error(), xml.is_xml()), ((400, 1000), true), "{path}: {xml:?}");
        let in_query = answer(plex.plain(method, &format!("{path}?X-Plex-Client-Identifier=c")));
        assert_ne!(in_query.error(), (400, 1000), "{path}");
    }
    let fields = [("login", "alice"), ("password", &password("alice"))];
    let xml = answer(form(plex.plain(Method::POST, SIGNIN).header("X-Plex-Client-Identifier", "c"), &fields));
    assert_eq!((xml.status, xml.attributes("user", "id")), (201, vec!["2".to_owned()]));
    assert!(xml.attributes("user", "authToken")[0].starts_with("TOKEN-SECRET-2-"));
}

#[test]
fn item_2_username_and_email_sign_in_and_case_matters_only_when_switched_on() {
    let plex = Plex::start(STREET);
    let status = |login: &str| sign_in(&plex, login, &password("alice"), None).error();
    for login in ["alice", "alice@example.org", "ALICE", "Alice@Example.ORG"] {
        assert_eq!(status(login), (201, 0), "{login}");
    }
    // Only ASCII letters are compared without case: the Kelvin sign does not equal K.
    assert_eq!(sign_in(&plex, "fran\u{212a}@example.org", &password("frank"), None).error(), (401, 1001));
    plex.control(&Command::CaseSensitive(true));
    let expected = [("alice", 201), ("alice@example.org", 201), ("ALICE", 401), ("Alice@Example.ORG", 401)];
    for (login, expected) in expected {
        assert_eq!(status(login).0, expected, "{login}");
    }
    // Query parameters and a JSON body are accepted like a form.
    let query = format!("{SIGNIN}?login=alice&password={}", password("alice"));
    assert_eq!(answer(plex.ask(Method::POST, &query)).status, 201);
    let json = format!("{{\"login\":\"alice\",\"password\":\"{}\"}}", password("alice"));
    let request = plex.ask(Method::POST, SIGNIN).header("Content-Type", "application/json").body(json);
    assert_eq!(answer(request).status, 201);
}

#[test]
fn item_3_rejections_are_indistinguishable_and_missing_fields_are_named() {
    let plex = Plex::start(STREET);
    let wrong = sign_in(&plex, "alice", "wrong", None);
    assert_eq!(wrong.error(), (401, 1001));
    let others =
        [("nobody", "wrong"), ("zoe", "wrong"), ("zoe", ""), ("Kid", "wrong"), ("", "wrong"), ("erin", "wrong")];
    for (login, pw) in others {
        assert_eq!(sign_in(&plex, login, pw, None), wrong, "{login}");
    }
    for fields in [&[("login", "alice")][..], &[("password", "x")], &[]] {
        assert_eq!(plex.post(SIGNIN, fields).error(), (400, 1004), "{fields:?}");
    }
}

#[test]
fn item_4_verification_code_is_accepted_in_its_field_or_after_the_password() {
    let plex = Plex::start(STREET);
    let right = password("erin");
    let appended = format!("{right}314159");
    let cases = [
        (right.as_str(), None, (401, 1029)),
        (&right, Some("000000"), (401, 1028)),
        (&right, Some("314159"), (201, 0)),
        (&appended, None, (201, 0)),
        (&format!("{right}000000"), None, (401, 1001)),
        ("wrong", Some("314159"), (401, 1001)),
        ("wrong314159", None, (401, 1001)),
    ];
    for (pw, code, expected) in cases {
        assert_eq!(sign_in(&plex, "erin", pw, code).error(), expected, "{pw} {code:?}");
    }
    // An account without two-factor authentication may send a code all the same.
    assert_eq!(sign_in(&plex, "alice", &password("alice"), Some("000000")).status, 201);
}

#[test]
fn item_5_some_accounts_sign_in_only_with_their_email_address() {
    let plex = Plex::start(STREET);
    assert_eq!(sign_in(&plex, "frank", &password("frank"), None).error(), (401, 1030));
    assert_eq!(sign_in(&plex, "frank@example.org", &password("frank"), None).status, 201);
    assert_eq!(sign_in(&plex, "frank", "wrong", None).error(), (401, 1001));
}

#[test]
fn item_6_only_an_address_with_too_many_failures_is_blocked_temporarily() {
    let plex = Plex::start(STREET);
    plex.control(&Command::BlockAfter(3));
    plex.control(&Command::BlockFor(3000));
    for _ in 0..3 {
        assert_eq!(sign_in(&plex, "alice", "wrong", None).error(), (401, 1001));
    }
    assert_eq!(sign_in(&plex, "alice", &password("alice"), None).error(), (401, 1031));
    assert_eq!(sign_in(&plex, "alice", "wrong", None).error(), (401, 1031));
    let elsewhere = plex.client_at([127, 0, 0, 2]);
    let url = format!("{}{SIGNIN}", plex.server.address("address"));
    let request = elsewhere.post(url).header("X-Plex-Client-Identifier", "c");
    assert_eq!(answer(form(request, &[("login", "alice"), ("password", &password("alice"))])).status, 201);
    std::thread::sleep(Duration::from_millis(3100));
    assert_eq!(sign_in(&plex, "alice", &password("alice"), None).status, 201);
    assert_eq!(sign_in(&plex, "alice", "wrong", None).error(), (401, 1001), "it counts from nothing again");
}

#[test]
fn item_7_rate_limit_response_has_two_forms() {
    let plex = Plex::start(STREET);
    let control = plex.server.control();
    control.fault(Endpoint::Signin, Fault::Api(429, 1003));
    assert_eq!(sign_in(&plex, "alice", "x", None).error(), (429, 1003));
    control.fault(Endpoint::Signin, Fault::TooMany(None));
    let empty = sign_in(&plex, "alice", "x", None);
    assert_eq!((empty.status, empty.body.as_str()), (429, ""));
}

#[test]
fn item_8_sign_in_response_has_alternative_formats() {
    let plex = Plex::start(STREET);
    let control = plex.server.control();
    control.fault(Endpoint::All, Fault::OddShape);
    let odd = sign_in(&plex, "alice", &password("alice"), None);
    let fields = odd.json();
    assert_eq!((odd.status, &fields["id"]), (200, &Value::from("2")));
    assert!(fields["subscription"].is_null() && fields["pin"].is_null() && fields["brandNewField"].is_object());
    let booleans: Vec<_> = ["confirmed", "restricted", "home", "guest", "hasPassword"].map(|name| &fields[name]).into();
    assert!(booleans.iter().any(|value| value.is_string()) && booleans.iter().any(|value| value.is_number()));
    let error = sign_in(&plex, "alice", "wrong", None);
    assert_eq!(error.error(), (401, 1001));
    assert!(error.json()["errors"][0].get("status").is_none());
    let rows = plex.get("/api/v2/resources", fields["authToken"].as_str().unwrap()).json();
    assert!(rows[0]["brandNewField"].is_object() && !rows[0]["owned"].is_boolean());

    control.clear_faults();
    control.fault(Endpoint::All, Fault::Bare);
    let bare = sign_in(&plex, "alice", &password("alice"), None).json();
    assert_eq!(bare.as_object().unwrap().keys().collect::<Vec<_>>(), ["authToken", "id"]);
    let error = sign_in(&plex, "alice", "wrong", None);
    assert_eq!(error.body, r#"{"errors":[{"code":1001}]}"#);
}

#[test]
fn item_9_each_new_client_adds_a_device_and_sends_a_mail() {
    let plex = Plex::start(STREET);
    for client in ["one", "two", "one", "one"] {
        let request = plex.plain(Method::POST, SIGNIN).header("X-Plex-Client-Identifier", client);
        let request = request.header("X-Plex-Product", "plex-auth").header("X-Plex-Device-Name", "den");
        assert_eq!(answer(form(request, &[("login", "alice"), ("password", &password("alice"))])).status, 201);
    }
    assert_eq!(plex.server.control().counters().mails, 2);
    let token = plex.token("bob");
    let devices = plex.get("/devices.xml", &token);
    assert_eq!(devices.attributes("Device", "clientIdentifier"), [crate::common::CLIENT]);
    let token = plex.token("alice");
    let devices = plex.get("/devices.xml", &token);
    assert_eq!(devices.attributes("Device", "clientIdentifier"), ["one", "two", crate::common::CLIENT]);
    assert_eq!(devices.attributes("Device", "product"), ["plex-auth", "plex-auth", ""]);
    assert!(devices.attributes("Device", "token").iter().all(|token| token.starts_with("TOKEN-SECRET-2-")));
}

/// K8: the message of a blocked address begins like that of a wrong password; the code tells them apart.
#[test]
fn messages_of_a_wrong_password_and_of_a_blocked_address_begin_alike() {
    let plex = Plex::start(STREET);
    let message = |login: &str| {
        let error = sign_in(&plex, login, "wrong", None).json()["errors"][0].clone();
        (error["code"].as_u64().unwrap(), error["message"].as_str().unwrap().to_owned())
    };
    let unauthenticated = (1001, "User could not be authenticated".to_owned());
    assert_eq!((message("alice"), message("nobody")), (unauthenticated.clone(), unauthenticated.clone()));
    assert_eq!(plex.get("/api/v2/user", "bogus").json()["errors"][0]["message"], unauthenticated.1);
    plex.control(&Command::BlockAfter(0));
    let blocked = "User could not be authenticated. This IP appears to be having trouble signing in to an account \
                   (detected repeated failures)";
    assert_eq!(message("alice"), (1031, blocked.to_owned()));
}
