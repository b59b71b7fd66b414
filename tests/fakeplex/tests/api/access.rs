//! Lists of accessible servers: an account's own, and the owner's.

use fakeplex::Command;
use reqwest::Method;

use crate::common::{CLIENT, MACHINE, OLGA, Plex, STREET, answer, form, password};

/// The part of a row that clients rely on: identifier, capabilities, owned, home, owner.
type Row = (String, String, bool, bool, Option<u64>);

fn resources(plex: &Plex, token: &str) -> Vec<Row> {
    let rows = plex.get("/api/v2/resources?includeHttps=1", token).json();
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let read = |row: &serde_json::Value| {
        let flag = |name: &str| row[name].as_bool().unwrap();
        (text(row, "clientIdentifier"), text(row, "provides"), flag("owned"), flag("home"), row["ownerId"].as_u64())
    };
    rows.as_array().unwrap().iter().map(read).collect()
}

#[test]
fn item_12_resources_list_accessible_servers_and_self_declared_ones() {
    let plex = Plex::start(STREET);
    let row = |id: &str, provides: &str, owned, home, owner| (id.to_owned(), provides.to_owned(), owned, home, owner);
    let (attic, shed) = ("1".repeat(40), "2".repeat(40));
    let owner = vec![
        row(MACHINE, "server", true, false, None),
        row(&attic, "server", true, false, None),
        row(&shed, "server", false, false, Some(11)),
    ];
    let friend = vec![
        row(MACHINE, "server", false, false, Some(1)),
        row(&attic, "server", false, false, Some(1)),
        row("player-of-alice", "client,player", true, false, None),
    ];
    let forger = vec![
        row(MACHINE, "server", true, false, None),
        row(MACHINE, "server", false, false, Some(11)),
        row(MACHINE, "server", false, false, None),
        row(&MACHINE.to_uppercase(), "server", false, false, Some(1)),
        row(MACHINE, "client,player", false, false, Some(1)),
        row(&"3".repeat(40), "server,sync-target", false, false, Some(1)),
    ];
    let cases = [
        ("olga", owner),
        ("alice", friend),
        ("peggy", vec![row(MACHINE, "server", false, true, Some(1))]),
        ("bob", vec![row(&shed, "server", false, false, Some(11))]),
        ("carol", vec![]),
        ("mallory", forger),
    ];
    for (name, expected) in cases {
        assert_eq!(resources(&plex, &plex.token(name)), expected, "{name}");
    }
    // A separate token for a shared server, the account's own for an owned one; all players have the server's name.
    let alice = plex.token("alice");
    let rows = plex.get("/api/v2/resources", &alice).json();
    assert_eq!((&rows[0]["accessToken"], &rows[0]["sourceTitle"]), (&"ACCESS-SECRET-Den-2".into(), &"olga".into()));
    assert_eq!((&rows[2]["accessToken"], &rows[2]["name"]), (&alice.clone().into(), &"Den".into()));
    let rows = plex.get("/api/v2/resources", OLGA).json();
    assert!(rows[0]["ownerId"].is_null() && rows[0]["sourceTitle"].is_null() && rows[0]["accessToken"] == OLGA);
    let request = plex.plain(Method::GET, "/api/v2/resources").header("X-Plex-Client-Identifier", CLIENT);
    let xml = answer(request.header("X-Plex-Token", &alice));
    assert_eq!(xml.attributes("resource", "ownerId"), ["1", "1", ""]);
    assert_eq!(plex.get("/api/v2/resources", "bogus").error(), (401, 1001));
    let servers = plex.get("/pms/servers", &alice);
    assert_eq!(servers.attributes("Server", "machineIdentifier"), [MACHINE, &attic]);
    assert_eq!(plex.get("/pms/servers.xml", OLGA).attributes("Server", "owned"), ["1", "1", "0"]);
}

#[test]
fn item_12_sign_in_with_the_servers_identifier_forges_a_resource() {
    let plex = Plex::start(STREET);
    let request = plex.plain(Method::POST, "/api/v2/users/signin").header("X-Plex-Client-Identifier", MACHINE);
    let request = request.header("X-Plex-Provides", "server").header("X-Plex-Product", "Plex Media Server");
    let fields = [("login", "trent"), ("password", &password("trent"))];
    assert_eq!(answer(form(request, &fields)).status, 201);
    let rows = resources(&plex, &plex.token("trent"));
    assert!(rows.contains(&(MACHINE.into(), "server".into(), true, false, None)), "{rows:?}");
}

#[test]
fn item_13_users_lists_every_related_account_except_the_owner() {
    let plex = Plex::start(STREET);
    let list = plex.get("/api/users", OLGA);
    assert!(list.is_xml(), "though JSON was asked for");
    assert_eq!(list.attributes("User", "id"), ["2", "3", "4", "8", "9", "10", "11"]);
    assert_eq!(list.attributes("User", "username"), ["alice", "bob", "carol", "peggy", "-", "zoe", "trent"]);
    assert_eq!(list.attributes("User", "email")[4], "-");
    assert_eq!(list.attributes("User", "title")[..1], ["Alice in the attic"]);
    assert_eq!(list.attributes("User", "title")[4], "Kid");
    assert_eq!(list.attributes("User", "home"), ["0", "0", "0", "1", "1", "0", "0"]);
    assert_eq!(list.attributes("User", "restricted"), ["0", "0", "0", "0", "1", "0", "0"]);
    // Alice's two, Carol's invitation, Peggy's, the Kid's, and the one that Trent shares with Olga.
    assert_eq!(list.attributes("Server", "name"), ["Den", "Attic", "Den", "Den", "Den", "Shed"]);
    assert_eq!(list.attributes("Server", "pending"), ["0", "0", "1", "0", "0", "0"]);
    assert_eq!(list.attributes("Server", "owned"), ["1", "1", "1", "1", "1", "0"]);
    assert_eq!(list.attributes("MediaContainer", "size"), ["7"]);

    let without_client = answer(plex.plain(Method::GET, "/api/users/").header("X-Plex-Token", OLGA));
    assert_eq!(without_client.body, list.body);
    assert_eq!(plex.get("/api/users", "bogus").status, 401);
    let nobody = plex.get("/api/users", &plex.token("mallory"));
    assert_eq!((nobody.status, nobody.attributes("User", "id").len()), (200, 0));
    assert_eq!(nobody.attributes("MediaContainer", "size"), ["0"]);
}

#[test]
fn item_14_version_2_friends_are_gone_unless_switched_on() {
    let plex = Plex::start(STREET);
    assert_eq!(plex.get("/api/v2/friends", OLGA).status, 410);
    plex.control(&Command::FriendsArray(true));
    let rows = plex.get("/api/v2/friends", OLGA).json();
    let of = |name: &str| rows.as_array().unwrap().iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), [2, 3, 8, 9, 10, 11], "Carol has not accepted");
    assert_eq!(of("username")[3], serde_json::Value::Null);
    assert!(of("status").iter().all(|status| status == "accepted"));
    assert!(of("sharedServers").iter().all(|servers| servers == &serde_json::json!([])));
    let rows = plex.get("/api/v2/friends?includeSharedServers=true&status=accepted", OLGA).json();
    assert_eq!(rows[0]["sharedServers"].as_array().unwrap().len(), 2);
    assert_eq!(rows.as_array().unwrap().len(), 6);
    assert_eq!(plex.get("/api/v2/friends", "bogus").error(), (401, 1001));
    for path in ["/pms/friends/all", "/api/friends/2", "/api/friends"] {
        assert_eq!(plex.get(path, OLGA).error(), (410, 410), "{path}");
    }
}

#[test]
fn item_14_shared_servers_are_xml_with_access_tokens() {
    let plex = Plex::start(STREET);
    let path = format!("/api/servers/{MACHINE}/shared_servers");
    let list = plex.get(&path, OLGA);
    assert!(list.is_xml(), "though JSON was asked for");
    assert_eq!(list.attributes("SharedServer", "userID"), ["2", "4", "8", "9"]);
    assert_eq!(list.attributes("SharedServer", "username"), ["alice", "carol", "peggy", ""]);
    assert_eq!(list.attributes("SharedServer", "acceptedAt")[1], "-", "Carol has not accepted");
    assert_eq!(list.attributes("SharedServer", "accessToken")[0], "ACCESS-SECRET-Den-2");
    assert_eq!(list.attributes("Section", "title").len(), 4);
    assert_eq!(plex.get(&path, &plex.token("alice")).status, 404, "not her server");
    assert_eq!(plex.get(&path, "bogus").status, 401);
}

#[test]
fn item_15_withdrawn_share_disappears_from_every_list() {
    let plex = Plex::start(STREET);
    let token = plex.token("alice");
    plex.server.control().load(&STREET.replace("\"alice\", \"peggy\"", "\"peggy\""));
    let list = plex.get(&format!("/api/servers/{MACHINE}/shared_servers"), OLGA);
    assert_eq!(list.attributes("SharedServer", "userID"), ["4", "8", "9"]);
    assert!(resources(&plex, &token).iter().all(|row| row.0 != MACHINE), "with the token that she had");
    assert_eq!(plex.get("/api/users", OLGA).attributes("Server", "name")[0], "Attic");
}
