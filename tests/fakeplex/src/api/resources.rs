//! What an account can reach, by its own token.

use serde_json::json;

use super::xml::Element;
use super::{either, error};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server};

/// A row of the list.
struct Row {
    machine_id: String,
    name: String,
    provides: String,
    owned: bool,
    owner_id: Option<u64>,
    token: String,
}

pub(super) fn list(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else {
        return error(request, 401, 1001, "User could not be authenticated");
    };
    let own_token = request.plex_header("X-Plex-Token").unwrap_or_default();
    let rows = rows(store, account, own_token);
    let json: Vec<_> = rows.iter().map(to_json).collect();
    either(request, 200, &json.into(), &Element::new("resources").children(rows.iter().map(to_xml)))
}

fn rows(store: &Store, account: &Account, own_token: &str) -> Vec<Row> {
    let servers = store.world.servers.iter().filter_map(|server| {
        let owned = server.owner == account.username;
        let owner_id = store.world.by_name(&server.owner)?.id;
        (owned || server.shared_with.contains(&account.username)).then(|| Row {
            machine_id: server.machine_id.clone(),
            name: server.name.clone(),
            provides: "server".into(),
            owned,
            owner_id: (!owned).then_some(owner_id),
            token: if owned { own_token.to_owned() } else { access_token(server, account) },
        })
    });
    let devices = store.world.devices.iter().filter(|device| device.account == account.username).map(|device| Row {
        machine_id: device.machine_id.clone(),
        name: "Den".into(),
        provides: device.provides.clone(),
        owned: device.owned,
        owner_id: device.owner_id,
        token: own_token.to_owned(),
    });
    servers.chain(devices).collect()
}

/// What an account shows to a server that is shared with it.
pub(crate) fn access_token(server: &Server, account: &Account) -> String {
    format!("ACCESS-SECRET-{}-{}", server.name, account.id)
}

fn to_json(row: &Row) -> serde_json::Value {
    json!({
        "name": row.name, "product": "Plex Media Server", "productVersion": "1.41.0", "platform": "Linux",
        "platformVersion": "12", "device": "PC", "clientIdentifier": row.machine_id,
        "createdAt": "2020-01-01T00:00:00Z", "lastSeenAt": "2026-01-01T00:00:00Z", "provides": row.provides,
        "ownerId": row.owner_id, "sourceTitle": null, "publicAddress": "127.0.0.1", "accessToken": row.token,
        "owned": row.owned, "home": false, "synced": false, "relay": true, "presence": true, "httpsRequired": false,
        "publicAddressMatches": false, "connections": []
    })
}

fn to_xml(row: &Row) -> Element {
    Element::new("resource")
        .with("name", &row.name)
        .with("product", "Plex Media Server")
        .with("productVersion", "1.41.0")
        .with("platform", "Linux")
        .with("platformVersion", "12")
        .with("device", "PC")
        .with("clientIdentifier", &row.machine_id)
        .with("createdAt", "2020-01-01T00:00:00Z")
        .with("lastSeenAt", "2026-01-01T00:00:00Z")
        .with("provides", &row.provides)
        .with("ownerId", row.owner_id.map_or(String::new(), |id| id.to_string()))
        .with("publicAddress", "127.0.0.1")
        .with("accessToken", &row.token)
        .with_flag("owned", row.owned)
        .with_flag("home", false)
        .with_flag("synced", false)
        .with_flag("presence", true)
        .child(&Element::new("connections"))
}
