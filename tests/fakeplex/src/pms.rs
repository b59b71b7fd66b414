//! A Plex Media Server on the local network.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::api::{Element, access_token, either};
use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::serve::{self, converse};
use crate::store::Store;

/// Serves one media server of the world until the process ends.
pub(crate) fn run(listener: &TcpListener, name: &str, store: &Arc<Mutex<Store>>) {
    while let Ok((stream, peer)) = listener.accept() {
        let (name, store) = (name.to_owned(), Arc::clone(store));
        std::thread::spawn(move || {
            converse(stream, peer, |request| {
                serve::answer(request, &store, Endpoint::Pms, |store| answer(request, &name, store))
            })
        });
    }
}

fn answer(request: &Request, name: &str, store: &Store) -> Response {
    let Some(server) = store.world.servers.iter().find(|server| server.name == name) else {
        return Response::html(404, "Not Found");
    };
    let mode = server.local.as_deref().unwrap_or("normal");
    let claimed = mode != "unclaimed";
    let token = request.plex_header("X-Plex-Token");
    let mut guests = store.world.accounts.iter().filter(|account| account.is_among(&server.shared_with));
    // An account's token is valid only on its own server. Where no token is needed, everyone has the owner's rights.
    let owner = mode != "normal" || store.account_of(request).is_some_and(|account| account.name() == server.owner);
    let guest = token.is_some_and(|token| guests.any(|account| access_token(server, account) == token));
    let json = json!({"MediaContainer": {
        "size": 0, "claimed": claimed, "machineIdentifier": server.machine_id, "version": "1.41.0"
    }});
    let xml = Element::new("MediaContainer")
        .with("size", 0)
        .with_flag("claimed", claimed)
        .with("machineIdentifier", &server.machine_id)
        .with("version", "1.41.0");
    match request.path.as_str() {
        "/identity" => either(request, 200, &json, &xml),
        _ if !owner && !guest => Response::html(401, "Unauthorized"),
        "/" | "/library/sections" => either(request, 200, &json, &xml),
        "/accounts" | "/:/prefs" if owner => either(request, 200, &json, &xml),
        "/accounts" | "/:/prefs" => Response::html(403, "Forbidden"),
        _ => Response::html(404, "Not Found"),
    }
}
