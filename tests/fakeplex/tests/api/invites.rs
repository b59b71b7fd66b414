//! Invitations, and shares that come and go.

use reqwest::Method;

use crate::common::{Answer, MACHINE, OLGA, Plex, STREET, answer};

/// Status of a request with a token and no client identifier.
fn status(plex: &Plex, method: Method, path: &str, token: &str) -> u16 {
    answer(plex.plain(method, path).header("X-Plex-Token", token)).status
}

fn invites(plex: &Plex, list: &str, token: &str) -> Answer {
    answer(plex.plain(Method::GET, &format!("/api/invites/{list}")).header("X-Plex-Token", token))
}

/// Persons on the Den's list of shares, and who of them has accepted.
fn shares(plex: &Plex) -> Vec<(String, bool)> {
    let list = plex.get(&format!("/api/servers/{MACHINE}/shared_servers"), OLGA);
    let accepted = list.attributes("SharedServer", "acceptedAt").into_iter().map(|at| at != "-");
    list.attributes("SharedServer", "userID").into_iter().zip(accepted).collect()
}

/// K7
#[test]
fn owner_sees_invitations_that_are_not_accepted() {
    let plex = Plex::start(STREET);
    let sent = invites(&plex, "requested", OLGA);
    assert!(sent.is_xml());
    assert_eq!(sent.attributes("MediaContainer", "size"), ["1"]);
    let row = ["id", "username", "email", "friend", "home", "server", "createdAt"];
    let row = row.map(|name| sent.attributes("Invite", name).concat());
    assert_eq!(row, ["4", "carol", "carol@example.org", "1", "0", "1", "1690000000"]);
    assert_eq!(sent.attributes("Server", "name"), ["Den"]);
    let carol = plex.token("carol");
    assert_eq!(invites(&plex, "requests", &carol).attributes("Invite", "username"), ["olga"]);
    for (list, token) in [("requests", OLGA), ("requested", carol.as_str())] {
        assert_eq!(invites(&plex, list, token).attributes("MediaContainer", "size"), ["0"], "{list}");
    }
    assert_eq!(invites(&plex, "requested", "bogus").status, 401);
}

/// K7
#[test]
fn invitation_ends_when_it_is_accepted_or_withdrawn() {
    let plex = Plex::start(STREET);
    let carol = plex.token("carol");
    let not_hers = status(&plex, Method::PUT, "/api/invites/requests/1", &plex.token("bob"));
    assert_eq!((not_hers, shares(&plex)[1].clone()), (404, ("4".into(), false)));
    assert_eq!(status(&plex, Method::PUT, "/api/invites/requests/1?friend=1&home=0&server=1", &carol), 200);
    assert_eq!(shares(&plex)[1], ("4".into(), true));
    assert_eq!(invites(&plex, "requested", OLGA).attributes("MediaContainer", "size"), ["0"]);
    assert_eq!(plex.get("/api/v2/resources", &carol).json()[0]["clientIdentifier"], MACHINE);

    plex.server.control().load(STREET);
    assert_eq!(status(&plex, Method::DELETE, "/api/invites/requested/4?friend=1&home=0&server=1", OLGA), 200);
    assert!(shares(&plex).iter().all(|(id, _)| id != "4"));
    assert_eq!(status(&plex, Method::DELETE, "/api/invites/requested/4", OLGA), 404, "there is none any more");
}

/// K7
#[test]
fn owner_can_invite_a_person_and_end_every_share() {
    let plex = Plex::start(STREET);
    let path = format!("/api/servers/{MACHINE}/shared_servers");
    let invite = |token: &str, body: &str| {
        let request = plex.plain(Method::POST, &path).header("X-Plex-Token", token);
        answer(request.header("Content-Type", "application/json").body(body.to_owned())).status
    };
    let bob = r#"{"shared_server": {"library_section_ids": [], "invited_email": "bob@example.org"}}"#;
    assert_eq!(invite(&plex.token("alice"), bob), 404, "not her server");
    assert_eq!(invite(OLGA, bob), 201);
    assert_eq!(shares(&plex)[1], ("3".into(), false));
    assert_eq!(invite(OLGA, bob), 400, "invited already");
    assert_eq!(invite(OLGA, r#"{"shared_server": {"invited_id": 7}}"#), 201);
    let remove =
        |id: u64| answer(plex.ask(Method::DELETE, &format!("/api/v2/sharings/{id}")).header("X-Plex-Token", OLGA));
    assert_eq!((remove(3).status, remove(2).status, remove(99).error()), (204, 204, (404, 1002)));
    let list = plex.get(&path, OLGA).attributes("SharedServer", "id");
    let one = format!("{path}/{}", list.last().unwrap());
    assert_eq!(status(&plex, Method::PUT, &one, OLGA), 200);
    assert_eq!(status(&plex, Method::DELETE, &one, &plex.token("bob")), 404);
    assert_eq!(status(&plex, Method::DELETE, &one, OLGA), 200);
    let left: Vec<_> = shares(&plex).into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, ["4", "7", "8"]);
    assert!(!plex.get("/api/users", OLGA).attributes("User", "id").contains(&"2".to_owned()));
}
