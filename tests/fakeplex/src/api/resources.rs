//! Devices and servers that an account can reach, by its own token.

use serde_json::json;

use super::xml::{self, Element};
use super::{either, unauthorized};
use crate::device::{Device, Origin};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server};

/// A row of the list.
struct Row {
    /// Identifier and description.
    origin: Origin,
    owned: bool,
    home: bool,
    owner_id: Option<u64>,
    owner: Option<String>,
    token: String,
    /// Its https address on 127.0.0.1, and the port.
    local: Option<(String, u16)>,
}

impl Row {
    fn is_server(&self) -> bool {
        self.origin.provides.split(',').any(|one| one == "server")
    }
}

pub(super) fn list(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let rows = rows(store, account, request.plex_header("X-Plex-Token").unwrap_or_default());
    let json: Vec<_> = rows.iter().map(to_json).collect();
    either(request, 200, &json.into(), &Element::new("resources").children(rows.iter().map(to_xml)))
}

/// `/api/resources`, the list before version 2: the same rows by other names, and times in seconds. Always XML.
pub(super) fn old_list(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let rows = rows(store, account, request.plex_header("X-Plex-Token").unwrap_or_default());
    let rows: Vec<_> = rows.iter().map(to_device).collect();
    xml::document(200, &Element::new("MediaContainer").with("size", rows.len()).children(rows))
}

/// `/pms/servers`: only the servers. Always XML.
pub(super) fn servers(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let rows = rows(store, account, request.plex_header("X-Plex-Token").unwrap_or_default());
    let rows: Vec<_> = rows.iter().filter(|row| row.is_server()).map(to_server).collect();
    let container = Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("identifier", "com.plexapp.plugins.myplex")
        .with("machineIdentifier", "")
        .with("size", rows.len());
    xml::document(200, &container.children(rows))
}

/// Servers first, then the additional rows of the world's file, then devices that signed in and claim to provide
/// something. plex.tv trusts such a device, whatever identifier it chose.
fn rows(store: &Store, account: &Account, own_token: &str) -> Vec<Row> {
    let world = &store.world;
    let home = world.home(account);
    let servers = world.servers.iter().filter_map(|server| {
        let owned = server.owner == account.name();
        let person = world.by_name(&server.owner)?;
        (owned || account.is_among(&server.shared_with)).then(|| Row {
            origin: store.tokens.described(person.id, server),
            owned,
            home: !owned && home.iter().any(|member| member.id == person.id),
            owner_id: (!owned).then_some(person.id),
            owner: (!owned).then(|| person.title().to_owned()),
            token: if owned { own_token.to_owned() } else { access_token(server, account) },
            local: store.local_ports.get(&server.name).map(|port| (server.secure_address(*port), *port)),
        })
    });
    let or = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
    let further = world.devices.iter().filter(|device| device.account == account.name()).map(|device| Row {
        origin: Origin {
            client_id: device.machine_id.clone(),
            name: or(&device.name, "Den"),
            product: or(&device.product, "Plex Media Server"),
            provides: device.provides.clone(),
            ..Origin::default()
        },
        owned: device.owned,
        home: false,
        owner_id: device.owner_id,
        owner: device.owner_id.and_then(|id| world.by_id(id)).map(|owner| owner.title().to_owned()),
        token: own_token.to_owned(),
        local: None,
    });
    let provides = |device: &&Device| !device.is_server() && !device.origin.provides.is_empty();
    let signed_in = store.tokens.devices_of(account.id).filter(provides).map(|device| Row {
        origin: device.origin.clone(),
        owned: true,
        home: false,
        owner_id: None,
        owner: None,
        token: own_token.to_owned(),
        local: None,
    });
    servers.chain(further).chain(signed_in).collect()
}

/// Token that an account presents to a server shared with it.
pub(crate) fn access_token(server: &Server, account: &Account) -> String {
    format!("ACCESS-SECRET-{}-{}", server.name, account.id)
}

const ADDRESS: &str = "203.0.113.5";
const URI: &str = "https://203-0-113-5.0123456789abcdef0123456789abcdef.plex.direct:32400";

fn to_json(row: &Row) -> serde_json::Value {
    let of = &row.origin;
    let connection = |uri: &str, address: &str, port: u16, local: bool| {
        json!({
            "protocol": "https", "address": address, "port": port, "uri": uri, "local": local, "relay": false, "IPv6": false
        })
    };
    // The remote one first: an order says nothing.
    let remote = row.is_server().then(|| connection(URI, ADDRESS, 32400, false));
    let local = row.local.as_ref().map(|(uri, port)| connection(uri, "127.0.0.1", *port, true));
    let connections: Vec<_> = remote.into_iter().chain(local).collect();
    json!({
        "name": of.name, "product": of.product, "productVersion": of.version, "platform": of.platform,
        "platformVersion": "12", "device": of.device, "clientIdentifier": of.client_id,
        "createdAt": "2020-01-01T00:00:00Z", "lastSeenAt": "2026-01-01T00:00:00Z", "provides": of.provides,
        "ownerId": row.owner_id, "sourceTitle": row.owner, "publicAddress": ADDRESS, "accessToken": row.token,
        "owned": row.owned, "home": row.home, "synced": false, "relay": true, "presence": true, "httpsRequired": false,
        "publicAddressMatches": false, "dnsRebindingProtection": false, "natLoopbackSupported": false,
        "connections": connections
    })
}

fn connection(name: &'static str) -> Element {
    Element::new(name)
        .with("protocol", "https")
        .with("address", ADDRESS)
        .with("port", 32400)
        .with("uri", URI)
        .with_flag("local", false)
        .with_flag("relay", false)
        .with_flag("IPv6", false)
}

fn to_xml(row: &Row) -> Element {
    let connections = row.is_server().then(|| connection("connection"));
    described(Element::new("resource"), row, ["2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"])
        .child(&Element::new("connections").children(connections))
}

fn to_device(row: &Row) -> Element {
    let connections = row.is_server().then(|| connection("Connection"));
    described(Element::new("Device"), row, ["1577836800", "1767225600"]).children(connections)
}

fn described(element: Element, row: &Row, [created, seen]: [&str; 2]) -> Element {
    let of = &row.origin;
    element
        .with("name", &of.name)
        .with("product", &of.product)
        .with("productVersion", &of.version)
        .with("platform", &of.platform)
        .with("platformVersion", "12")
        .with("device", &of.device)
        .with("clientIdentifier", &of.client_id)
        .with("createdAt", created)
        .with("lastSeenAt", seen)
        .with("provides", &of.provides)
        .with("ownerId", row.owner_id.map_or(String::new(), |id| id.to_string()))
        .with("sourceTitle", row.owner.as_deref().unwrap_or_default())
        .with("publicAddress", ADDRESS)
        .with("accessToken", &row.token)
        .with_flag("owned", row.owned)
        .with_flag("home", row.home)
        .with_flag("synced", false)
        .with_flag("relay", true)
        .with_flag("presence", true)
        .with_flag("httpsRequired", false)
        .with_flag("publicAddressMatches", false)
        .with_flag("dnsRebindingProtection", false)
        .with_flag("natLoopbackSupported", false)
}

fn to_server(row: &Row) -> Element {
    Element::new("Server")
        .with("accessToken", &row.token)
        .with("name", &row.origin.name)
        .with("address", ADDRESS)
        .with("port", 32400)
        .with("version", &row.origin.version)
        .with("scheme", "http")
        .with("host", ADDRESS)
        .with("localAddresses", "192.0.2.7")
        .with("machineIdentifier", &row.origin.client_id)
        .with("createdAt", 1_577_836_800)
        .with("updatedAt", 1_767_225_600)
        .with_flag("owned", row.owned)
        .with_flag("synced", false)
        .with("ownerId", row.owner_id.map_or(String::new(), |id| id.to_string()))
        .with("sourceTitle", row.owner.as_deref().unwrap_or_default())
}
