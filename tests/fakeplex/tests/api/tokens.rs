//! Validity and revocation of tokens.

use fakeplex::{Command, Reissue};
use reqwest::Method;

use crate::common::{CLIENT, OLGA, Plex, STREET, answer};

#[test]
fn item_10_token_identifies_its_account_until_signed_out() {
    let plex = Plex::start(STREET);
    let token = plex.token("alice");
    let account = plex.get("/api/v2/user", &token);
    assert_eq!((account.status, account.json()["username"].as_str()), (200, Some("alice")));
    assert_eq!(account.json()["title"], "Alice in the attic");
    assert_eq!(plex.get("/api/v2/ping", &token).body, "{\"pong\":true}");
    let xml = plex.plain(Method::GET, "/api/v2/ping").header("X-Plex-Client-Identifier", CLIENT);
    assert!(answer(xml.header("X-Plex-Token", &token)).body.contains("<pong>true</pong>"));
    // The older endpoints need no client identifier, and the path selects their format.
    let old = |path: &str| answer(plex.plain(Method::GET, path).header("X-Plex-Token", &token));
    assert_eq!(old("/users/account.json").json()["user"]["id"], 2);
    assert_eq!(old("/users/account").attributes("user", "authenticationToken"), [token.as_str()]);

    let out = || answer(plex.ask(Method::DELETE, "/api/v2/users/signout").header("X-Plex-Token", &token));
    let first = out();
    assert_eq!((first.status, first.body.as_str()), (204, ""));
    assert_eq!(out().error(), (401, 1001));
    for path in ["/api/v2/user", "/api/v2/ping", "/api/v2/resources", "/api/v2/home/users"] {
        assert_eq!(plex.get(path, &token).error(), (401, 1001), "{path}");
    }
    for path in ["/users/account", "/users/account.json", "/api/users", "/devices.xml", "/pms/servers.xml"] {
        assert_eq!(old(path).status, 401, "{path}");
    }
    assert_eq!(plex.get("/api/v2/user", OLGA).status, 200, "nobody else's");
    // The device is still on the list; removing it revokes its token.
    let token = plex.token("alice");
    let devices = plex.get("/devices.xml", &token);
    let ids = devices.attributes("Device", "id");
    assert_eq!(ids.len(), 1);
    let path = format!("/devices/{}.xml", ids[0]);
    let remove = |token: &str| answer(plex.ask(Method::DELETE, &path).header("X-Plex-Token", token)).status;
    assert_eq!(remove(OLGA), 404, "not hers");
    assert_eq!(remove(&token), 204);
    assert_eq!(plex.get("/api/v2/user", &token).error(), (401, 1001));
}

#[test]
fn item_11_all_tokens_of_an_account_can_be_revoked_at_once() {
    let plex = Plex::start(STREET);
    let tokens = [plex.token("alice"), plex.token_for("alice", "another-client")];
    let bobs = plex.token("bob");
    plex.control(&Command::KillTokens("alice".into()));
    for token in &tokens {
        assert_eq!(plex.get("/api/v2/user", token).error(), (401, 1001));
    }
    assert_eq!(plex.get("/api/v2/user", &bobs).status, 200);
    assert_eq!(plex.server.control().counters().live_tokens, 1);
}

/// Validity of each token.
fn good<const N: usize>(plex: &Plex, tokens: [&str; N]) -> [bool; N] {
    tokens.map(|token| plex.get("/api/v2/user", token).status == 200)
}

#[test]
fn item_22_second_sign_in_of_account_and_identifier_revokes_the_older_token() {
    let plex = Plex::start(STREET);
    let (first, elsewhere, bobs) = (plex.token("alice"), plex.token_for("alice", "another-client"), plex.token("bob"));
    let second = plex.token("alice");
    assert_ne!(first, second);
    assert_eq!(good(&plex, [&first, &second, &elsewhere, &bobs, OLGA]), [false, true, true, true, true]);
    // An approved code counts as a sign-in of the client that requested it.
    let code = plex.post("/api/v2/pins", &[]).json()["code"].as_str().unwrap().to_owned();
    assert_eq!(good(&plex, [&second]), [true], "nobody has approved it yet");
    plex.control(&Command::Approve(code, "alice".into()));
    assert_eq!(good(&plex, [&second, &elsewhere]), [false, true]);
    // The token of the world's file was issued to an unknown client.
    plex.token("olga");
    assert_eq!(good(&plex, [OLGA]), [true]);
}

#[test]
fn item_22_token_of_the_worlds_file_can_belong_to_an_identifier() {
    let given = STREET.replacen(
        "token = \"TOKEN-SECRET-olga\"\n",
        "token = \"TOKEN-SECRET-olga\"\ntoken_client = \"the-first-client\"\n",
        1,
    );
    let plex = Plex::start(&given);
    plex.token("olga");
    assert_eq!(good(&plex, [OLGA]), [true]);
    let new = plex.token_for("olga", "the-first-client");
    assert_eq!(good(&plex, [OLGA, &new]), [false, true]);
}

#[test]
fn item_22_same_token_can_be_reissued_until_signed_out() {
    let plex = Plex::start(STREET);
    plex.control(&Command::Tokens(Reissue::Same));
    let (first, elsewhere) = (plex.token("alice"), plex.token_for("alice", "another-client"));
    assert_eq!(plex.token("alice"), first);
    assert_ne!(first, elsewhere);
    assert_eq!(answer(plex.ask(Method::DELETE, "/api/v2/users/signout").header("X-Plex-Token", &first)).status, 204);
    let second = plex.token("alice");
    assert_ne!(first, second);
    assert_eq!(good(&plex, [&first, &second, &elsewhere]), [false, true, true]);
}

#[test]
fn item_22_older_tokens_can_stay_valid() {
    let plex = Plex::start(STREET);
    plex.control(&Command::Tokens(Reissue::Keep));
    let tokens = [plex.token("alice"), plex.token("alice")];
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(good(&plex, [&tokens[0], &tokens[1]]), [true, true]);
}

/// K6
#[test]
fn expired_tokens_are_answered_with_498_until_a_new_sign_in() {
    let plex = Plex::start(STREET);
    let (expired, bobs) = (plex.token("alice"), plex.token("bob"));
    plex.control(&Command::ExpireTokens("alice".into()));
    for path in ["/api/v2/user", "/api/v2/ping", "/api/v2/resources", "/api/users", "/devices.xml"] {
        assert_eq!(plex.get(path, &expired).status, 498, "{path}");
        assert!(plex.get(path, &bobs).status == 200, "{path}");
    }
    let put = plex.ask(Method::PUT, "/api/v2/pins/link").header("X-Plex-Token", &expired);
    assert_eq!(answer(put).status, 498);
    assert_eq!(plex.server.control().counters().live_tokens, 1);
    let pin = plex.ask(Method::POST, "/api/v2/pins").header("X-Plex-Token", &expired);
    assert_eq!(answer(pin).status, 201, "a code can be requested");
    for reissue in [Reissue::Rotate, Reissue::Same] {
        plex.control(&Command::Tokens(reissue));
        let new = plex.token("alice");
        assert_eq!(plex.get("/api/v2/user", &new).status, 200, "{reissue:?}");
        plex.control(&Command::ExpireTokens("alice".into()));
    }
    plex.control(&Command::ExpireTokens("olga".into()));
    assert_eq!(plex.get("/api/v2/user", OLGA).status, 498, "that of the file too");
}
