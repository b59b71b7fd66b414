//! Records of devices and media servers, and the headers that rewrite them.

use fakeplex::Command;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;

use crate::common::{Answer, CLIENT, MACHINE, OLGA, Plex, STREET, answer, form};

/// Token of Olga's server, the Den.
const SERVER: &str = "TOKEN-SECRET-den";

/// The street, where the Den has a token of its own.
fn with_server_token() -> String {
    STREET.replacen("name = \"Den\"\n", &format!("name = \"Den\"\ntoken = \"{SERVER}\"\n"), 1)
}

fn ask(plex: &Plex, token: &str, headers: &[(&str, &str)]) -> Answer {
    let request = plex.plain(Method::GET, "/api/v2/user").header("X-Plex-Token", token);
    let named = |request: RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
    answer(headers.iter().fold(request.header("X-Plex-Client-Identifier", CLIENT), named))
}

/// Name, product and capabilities of the Den in every list that shows it.
fn den(plex: &Plex) -> [Vec<(String, String, String)>; 3] {
    let rows = plex.get("/api/v2/resources", OLGA).json();
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let resources = rows.as_array().unwrap().iter().filter(|row| row["clientIdentifier"] == MACHINE);
    let resources = resources.map(|row| (text(row, "name"), text(row, "product"), text(row, "provides"))).collect();
    let rows = |path: &str, element: &str, id: &str, names: [&str; 3]| {
        let list = plex.get(path, OLGA);
        let [a, b, c] = names.map(|name| list.attributes(element, name));
        let ids = list.attributes(element, id);
        let rows = ids.into_iter().zip(a.into_iter().zip(b).zip(c)).filter(|(id, _)| id == MACHINE);
        rows.map(|(_, ((a, b), c))| (a, b, c)).collect()
    };
    [
        resources,
        rows("/devices.xml", "Device", "clientIdentifier", ["name", "product", "provides"]),
        rows("/pms/servers", "Server", "machineIdentifier", ["name", "owned", "port"]),
    ]
}

fn row(name: &str, product: &str, provides: &str) -> Vec<(String, String, String)> {
    vec![(name.into(), product.into(), provides.into())]
}

/// K3
#[test]
fn headers_of_any_request_rewrite_the_row_of_the_tokens_device() {
    let plex = Plex::start(STREET);
    let token = plex.token("alice");
    let of = |name: &str| plex.get("/devices.xml", &token).attributes("Device", name).remove(0);
    assert_eq!(ask(&plex, &token, &[("X-Plex-Device-Name", "den"), ("X-Plex-Product", "plex-auth")]).status, 200);
    assert_eq!((of("name"), of("product"), of("platform")), ("den".into(), "plex-auth".into(), String::new()));
    let later = [
        ("X-Plex-Version", "2.0"),
        ("X-Plex-Platform", "Linux"),
        ("X-Plex-Device", "Linux machine"),
        ("X-Plex-Model", "m"),
        ("X-Plex-Provides", "player"),
    ];
    assert_eq!(ask(&plex, &token, &later).status, 200);
    assert_eq!((of("name"), of("product")), ("den".into(), "plex-auth".into()), "what is not sent is kept");
    let described = ["productVersion", "platform", "device", "model", "provides"].map(of);
    assert_eq!(described, ["2.0", "Linux", "Linux machine", "m", "player"]);
    assert_eq!(of("clientIdentifier"), CLIENT);
    let before = plex.get("/devices.xml", &token).body;
    plex.get("/api/v2/user", OLGA);
    assert_eq!(ask(&plex, "bogus", &[("X-Plex-Product", "another")]).status, 401);
    assert_eq!(plex.get("/devices.xml", &token).body, before, "only requests with its token");
}

/// K3
#[test]
fn foreign_headers_with_the_servers_token_rewrite_the_server() {
    let plex = Plex::start(&with_server_token());
    let server = ("Den".to_owned(), "1".to_owned(), "32400".to_owned());
    let own = row("Den", "Plex Media Server", "server");
    assert_eq!(den(&plex), [own.clone(), own.clone(), vec![server.clone()]]);
    assert_eq!(plex.get("/api/v2/user", SERVER).json()["id"], 1, "the owner's account");
    let shared = plex.token("alice");
    assert_eq!(den(&plex), [own.clone(), own, vec![server]], "a token and an identifier change nothing");

    ask(&plex, SERVER, &[("X-Plex-Product", "plex-auth"), ("X-Plex-Device-Name", "host")]);
    let renamed = row("host", "plex-auth", "server");
    assert_eq!(den(&plex), [renamed.clone(), renamed, vec![("host".into(), "1".into(), "32400".into())]]);
    assert_eq!(plex.get("/api/v2/resources", &shared).json()[0]["name"], "host", "friends see it as well");
    ask(&plex, SERVER, &[("X-Plex-Provides", "controller")]);
    let lost = row("host", "plex-auth", "controller");
    assert_eq!(den(&plex), [lost.clone(), lost, vec![]], "it is no server any more");
    plex.server.control().load(&with_server_token());
    assert_eq!(den(&plex)[0], row("host", "plex-auth", "controller"), "and another world does not restore it");
}

/// K3
#[test]
fn fragile_server_is_lost_by_any_foreign_header_but_not_by_its_own() {
    let foreign = ["Product", "Version", "Platform", "Device", "Device-Name", "Model", "Provides"];
    let own = [("X-Plex-Product", "Plex Media Server"), ("X-Plex-Device-Name", "Den"), ("X-Plex-Provides", "server")];
    for header in foreign {
        let plex = Plex::start(&with_server_token());
        plex.control(&Command::FragileServers(true));
        ask(&plex, SERVER, &own);
        ask(&plex, OLGA, &[("X-Plex-Product", "plex-auth")]);
        assert_eq!(den(&plex)[0], row("Den", "Plex Media Server", "server"), "{header}");
        ask(&plex, SERVER, &[(&format!("X-Plex-{header}"), "foreign")]);
        assert!(!den(&plex)[0][0].2.split(',').any(|one| one == "server"), "{header}");
        assert!(den(&plex)[2].is_empty(), "{header}");
    }
}

/// K3
#[test]
fn requests_are_recorded_with_the_headers_that_describe_the_client() {
    let plex = Plex::start(STREET);
    ask(&plex, OLGA, &[("X-Plex-Product", "p"), ("X-Plex-Device-Name", "n")]);
    plex.get("/api/v2/user?X-Plex-Model=m", OLGA);
    let seen = plex.server.control().seen();
    assert_eq!(seen[0].described, ["x-plex-device-name", "x-plex-product"]);
    assert_eq!(seen[1].described, ["x-plex-model"], "in the query as well");
}

/// K4
#[test]
fn approval_with_a_token_records_the_device_that_approved() {
    let plex = Plex::start(&with_server_token());
    let code = || plex.post("/api/v2/pins", &[("strong", "false")]).json()["code"].as_str().unwrap().to_owned();
    let link = |token: &str, client_id: &str, product: Option<&str>, code: &str| {
        let request = plex.plain(Method::PUT, "/api/v2/pins/link").header("X-Plex-Client-Identifier", client_id);
        let request = product.into_iter().fold(request, |request, product| request.header("X-Plex-Product", product));
        answer(form(request.header("X-Plex-Token", token), &[("code", code)])).status
    };
    let (first, second, third) = (code(), code(), code());
    assert_eq!(link(SERVER, MACHINE, Some("Plex Media Server"), &first), 204);
    assert_eq!(link(OLGA, CLIENT, None, &second), 204);
    assert_eq!(link("bogus", CLIENT, None, &third), 401);
    plex.control(&Command::Approve(third, "alice".into()));
    let seen = plex.server.control().approvals();
    let [server, owner] = seen.as_slice() else { panic!("only those with a token: {seen:?}") };
    assert_eq!((server.code.as_str(), server.account.as_str()), (first.as_str(), "olga"));
    assert_eq!(
        (server.client_id_of_token.as_deref(), server.client_id_sent.as_deref()),
        (Some(MACHINE), Some(MACHINE))
    );
    assert_eq!(server.product.as_deref(), Some("Plex Media Server"));
    assert_eq!((owner.code.as_str(), owner.client_id_sent.as_deref()), (second.as_str(), Some(CLIENT)));
    assert_eq!((&owner.client_id_of_token, &owner.product), (&None, &None), "the file does not say whose token it is");
    assert_eq!(den(&plex)[0], row("Den", "Plex Media Server", "server"), "it approved as itself");
    plex.server.control().reset();
    assert!(plex.server.control().approvals().is_empty());
}
