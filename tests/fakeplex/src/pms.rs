//! A Plex Media Server on the local network.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Map, Value, json};

use crate::api::{Element, access_token, either};
use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::serve::{self, converse};
use crate::store::Store;
use crate::world::Server;

/// First byte of a TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// Serves one media server of the world until the process ends: with TLS or without, on one port.
pub(crate) fn run(listener: &TcpListener, name: &str, tls: &Arc<ServerConfig>, store: &Arc<Mutex<Store>>) {
    while let Ok((stream, peer)) = listener.accept() {
        let (name, tls, store) = (name.to_owned(), Arc::clone(tls), Arc::clone(store));
        std::thread::spawn(move || connection(stream, peer, &name, tls, &store));
    }
}

fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    name: &str,
    tls: Arc<ServerConfig>,
    store: &Mutex<Store>,
) -> io::Result<()> {
    let respond =
        |request: &Request| serve::answer(request, store, Endpoint::Pms, |store| answer(request, name, store));
    let mut first = [0];
    if stream.peek(&mut first)? == 1 && first == [HANDSHAKE] {
        let session = ServerConnection::new(tls).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, stream);
        if converse(&mut stream, peer, respond)? {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
    } else {
        converse(&mut stream, peer, respond)?;
    }
    Ok(())
}

fn answer(request: &Request, name: &str, store: &Store) -> Response {
    let Some(server) = store.world.servers.iter().find(|server| server.name == name) else {
        return Response::html(404, "Not Found");
    };
    let mode = server.local.as_deref().unwrap_or("normal");
    let token = request.plex_header("X-Plex-Token");
    let mut guests = store.world.accounts.iter().filter(|account| account.is_among(&server.shared_with));
    // An account's token is valid only on its own server. Where no token is needed, everyone has the owner's rights.
    let open = matches!(mode, "allow-all" | "unclaimed");
    let owner = open || store.account_of(request).is_some_and(|account| account.name() == server.owner);
    let guest =
        mode != "refuse" && token.is_some_and(|token| guests.any(|account| access_token(server, account) == token));
    let shown = |fields: Value, children: Vec<Element>| container(request, &fields, children);
    match request.path.trim_end_matches('/') {
        "/identity" => shown(identity(server), Vec::new()),
        _ if !owner && !guest => Response::html(401, "Unauthorized"),
        "" => shown(description(server), Vec::new()),
        "/library/sections" => shown(json!({"size": 1, "allowSync": false, "title1": "Plex Library"}), vec![films()]),
        "/accounts" if owner => shown(identity(server), accounts(store, server)),
        "/library" | "/:/prefs" if owner => shown(identity(server), Vec::new()),
        "/library" | "/accounts" | "/:/prefs" => Response::html(403, "Forbidden"),
        _ => Response::html(404, "Not Found"),
    }
}

fn identity(server: &Server) -> Value {
    let claimed = server.local.as_deref() != Some("unclaimed");
    json!({"size": 0, "claimed": claimed, "machineIdentifier": server.machine_id, "version": "1.41.0"})
}

/// Fields of `/`: the server's name, what it can do, and the account that has claimed it.
fn description(server: &Server) -> Value {
    let claimed = server.local.as_deref() != Some("unclaimed");
    let mut shown = json!({
        "size": 0, "friendlyName": server.name, "machineIdentifier": server.machine_id, "version": "1.41.0",
        "certificate": claimed, "myPlex": claimed, "myPlexSubscription": false,
        "myPlexMappingState": if claimed { "mapped" } else { "unknown" },
        "myPlexSigninState": if claimed { "ok" } else { "none" },
        "myPlexUsername": if claimed { server.owner.as_str() } else { "" }
    });
    let flags = "allowCameraUpload allowChannelAccess allowSharing backgroundProcessing companionProxy eventStream \
                 hubSearch itemClusters mediaProviders multiuser pluginHost sync transcoderAudio transcoderLyrics \
                 transcoderPhoto transcoderSubtitles transcoderVideo updater voiceSearch";
    let fields = shown.as_object_mut().unwrap();
    fields.extend(flags.split_whitespace().map(|name| (name.to_owned(), true.into())));
    let others = json!({
        "allowMediaDeletion": false, "allowSync": false, "allowTuners": false, "countryCode": "gbr",
        "diagnostics": "logs,databases", "livetv": 7, "musicAnalysis": 2, "offlineTranscode": 1,
        "ownerFeatures": "companions_sonos", "platform": "Linux", "platformVersion": "12", "pushNotifications": false,
        "readOnlyLibraries": false, "streamingBrainABRVersion": 3, "streamingBrainVersion": 2,
        "transcoderActiveVideoSessions": 0, "transcoderVideoBitrates": "64,96,208",
        "transcoderVideoQualities": "0,1,2", "transcoderVideoResolutions": "128,128,160", "updatedAt": 1_700_000_000
    });
    fields.extend(others.as_object().cloned().unwrap_or_default());
    shown
}

fn films() -> Element {
    Element::new("Directory")
        .with("key", 1)
        .with("type", "movie")
        .with("title", "Films")
        .with("agent", "tv.plex.agents.movie")
        .with("scanner", "Plex Movie")
        .with("language", "en-GB")
        .with("uuid", "00000000-0000-4000-8000-000000000001")
}

/// The accounts that the server has seen. The owner's number is 1 there, whatever it is at plex.tv.
fn accounts(store: &Store, server: &Server) -> Vec<Element> {
    let people = store.world.accounts.iter().filter_map(|account| {
        let id = if account.name() == server.owner { 1 } else { account.id };
        (id == 1 || account.is_among(&server.shared_with)).then(|| (id, account.title()))
    });
    people.map(|(id, name)| Element::new("Account").with("id", id).with("name", name)).collect()
}

/// A container in the requested format. Only XML has the children: nobody reads them in JSON here.
fn container(request: &Request, fields: &Value, children: Vec<Element>) -> Response {
    let attribute = |element: Element, (name, value): (&String, &Value)| match value {
        Value::Bool(flag) => element.with_flag(name, *flag),
        Value::String(text) => element.with(name, text),
        other => element.with(name, other),
    };
    let empty = Map::new();
    let attributes = fields.as_object().unwrap_or(&empty).iter();
    let xml = attributes.fold(Element::new("MediaContainer"), attribute).children(children);
    either(request, 200, &json!({"MediaContainer": fields}), &xml)
}
