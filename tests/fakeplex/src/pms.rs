//! A Plex Media Server on the local network.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::api::access_token;
use crate::http::{self, Request, Response};
use crate::store::Store;

/// Answers for one server of the world for as long as the process lives.
pub(crate) fn run(listener: &TcpListener, name: &str, store: &Arc<Mutex<Store>>) {
    for mut stream in listener.incoming().map_while(Result::ok) {
        let mut buffer = Vec::new();
        while let Ok(Some(request)) = http::read(&mut stream, &mut buffer) {
            let response = answer(&request, name, &store.lock().unwrap());
            if stream.write_all(&response.bytes()).is_err() {
                break;
            }
        }
    }
}

fn answer(request: &Request, name: &str, store: &Store) -> Response {
    let Some(server) = store.world.servers.iter().find(|server| server.name == name) else {
        return Response::html(404, "Not Found");
    };
    let mode = server.local.as_deref().unwrap_or("normal");
    let container = json!({"MediaContainer": {
        "size": 0, "claimed": mode != "unclaimed", "machineIdentifier": server.machine_id, "version": "1.41.0"
    }});
    let known = |token: &str| {
        let shared = store.world.accounts.iter().filter(|account| server.shared_with.contains(&account.username));
        // An account's own token is good only on its own server.
        let owner = store.account_of(request).is_some_and(|account| account.username == server.owner);
        owner || shared.map(|account| access_token(server, account)).any(|good| good == token)
    };
    let admitted = mode != "normal" || request.plex_header("X-Plex-Token").is_some_and(known);
    match request.path.as_str() {
        "/identity" => Response::new(200, "application/json", container.to_string()),
        "/" | "/library/sections" if admitted => Response::new(200, "application/json", container.to_string()),
        "/accounts" | "/:/prefs" if admitted => Response::html(403, "Forbidden"),
        _ if admitted => Response::html(404, "Not Found"),
        _ => Response::html(401, "Unauthorized"),
    }
}
