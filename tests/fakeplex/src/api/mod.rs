//! Responses of plex.tv. Version 2 is XML unless JSON is requested, and requires a client identifier; older endpoints
//! are always XML, or follow the extension of the path.

mod account;
mod devices;
mod friends;
mod home;
mod invites;
mod keys;
mod legacy;
mod pages;
mod person;
mod pins;
mod resources;
mod shape;
mod shares;
mod xml;

pub(crate) use pages::follow;
pub(crate) use pins::approve;
pub(crate) use resources::access_token;
pub(crate) use xml::Element;

use std::time::SystemTime;

use serde_json::json;

use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::store::Store;

fn parts(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').collect()
}

/// The endpoint of a request.
pub(crate) fn endpoint(request: &Request) -> Endpoint {
    match parts(&request.path).as_slice() {
        ["api", "v2", "users", "signin"] => Endpoint::Signin,
        ["api", "v2", "users", "signout"] => Endpoint::Signout,
        ["api", "v2", "user"] => Endpoint::User,
        ["api", "v2", "ping"] => Endpoint::Ping,
        ["api", "v2", "friends"] => Endpoint::Friends,
        ["api", "v2", "resources"] | ["api", "resources"] => Endpoint::Resources,
        ["api", "v2", "pins", ..] => Endpoint::Pins,
        ["api", "v2", "home", "users"] | ["api", "home", "users"] => Endpoint::Home,
        ["api", "v2", "home", "users", _, "switch"] | ["api", "home", "users", _, "switch"] => Endpoint::HomeSwitch,
        ["api", "users"] => Endpoint::Users,
        ["api", "servers", _, "shared_servers"] | ["api", "servers", _, "shared_servers", _] => Endpoint::SharedServers,
        ["api", "invites", "requested" | "requests", ..] => Endpoint::Invites,
        ["users", "sign_in.json" | "sign_in.xml"] => Endpoint::LegacySignin,
        ["users", "account" | "account.json" | "account.xml"] => Endpoint::Account,
        ["devices.xml"] | ["devices", _] => Endpoint::Devices,
        ["pms", "servers" | "servers.xml"] => Endpoint::PmsServers,
        _ => Endpoint::Other,
    }
}

/// The regular response to a request.
pub(crate) fn answer(store: &mut Store, request: &Request) -> Response {
    if is_v2(request) && request.plex_header("X-Plex-Client-Identifier").is_none() {
        return error(request, 400, 1000, "X-Plex-Client-Identifier is missing");
    }
    let endpoint = endpoint(request);
    if request.plex_header("X-Plex-Token").is_some_and(|token| store.tokens.is_expired(token)) && needs_token(request) {
        return Response::html(498, "Token Expired");
    }
    store.tokens.describe(request);
    match (endpoint, request.method.as_str()) {
        (Endpoint::Signin, "POST") => account::sign_in(store, request),
        (Endpoint::Signout, "DELETE") => account::sign_out(store, request),
        (Endpoint::User, "GET") => account::user(store, request),
        (Endpoint::Ping, "GET") => account::ping(store, request),
        (Endpoint::LegacySignin, "POST") => legacy::sign_in(store, request),
        (Endpoint::Account, "GET") => legacy::account(store, request),
        (Endpoint::Devices, "GET") => devices::list(store, request),
        (Endpoint::Devices, "DELETE") => devices::remove(store, request),
        (Endpoint::Users, "GET") => friends::users(store, request),
        (Endpoint::SharedServers, "GET") => shares::shared_servers(store, request),
        (Endpoint::SharedServers, "POST") => invites::invite(store, request),
        (Endpoint::SharedServers, "PUT" | "DELETE") => shares::change(store, request),
        (Endpoint::Invites, method) => invites::answer(store, request, method),
        (Endpoint::Friends, "GET") if store.friends_array => friends::array(store, request),
        (Endpoint::Friends, "GET") => failure(request, 410, 1999, "Gone"),
        (Endpoint::Resources, "GET") if is_v2(request) => resources::list(store, request),
        (Endpoint::Resources, "GET") => resources::old_list(store, request),
        (Endpoint::PmsServers, "GET") => resources::servers(store, request),
        (Endpoint::Home, "GET") => home::users(store, request),
        (Endpoint::HomeSwitch, "POST") => home::switch(store, request),
        (Endpoint::Pins, method) => pins::answer(store, request, method),
        (Endpoint::Other, _) => other(store, request),
        _ => failure(request, 405, 1005, "Method Not Allowed"),
    }
}

/// True if only a token's account can make this request. A sign-in or a link code is also for clients whose token has
/// expired.
fn needs_token(request: &Request) -> bool {
    match endpoint(request) {
        Endpoint::Signin | Endpoint::LegacySignin => false,
        Endpoint::Pins => request.method == "PUT",
        Endpoint::Other => {
            let open = ["/:/ip", "/api/v2/auth/keys", "/api/v2/auth/nonce", "/api/v2/auth/token"];
            !(pages::is_page(&request.path) || open.contains(&request.path.as_str()))
        }
        _ => true,
    }
}

fn is_v2(request: &Request) -> bool {
    request.path.starts_with("/api/v2/")
}

/// Everything that has no endpoint of its own. Some of it plex.tv has removed over the years.
fn other(store: &mut Store, request: &Request) -> Response {
    match (request.method.as_str(), parts(&request.path).as_slice()) {
        ("GET", _) if pages::is_page(&request.path) => pages::show(request),
        (_, ["api", "v2", "auth", what]) => keys::answer(store, request, what),
        ("GET", ["api", "servers", _]) => shares::server(store, request),
        ("GET", ["api", "v2", "shared_servers", ..]) => shares::owned(store, request),
        ("DELETE", ["api", "v2", "sharings", _]) => invites::unfriend(store, request),
        ("GET", ["api", "claim", "token.json"]) => account::claim_token(store, request),
        ("GET", [":", "ip"]) => Response::new(200, "text/plain", request.peer.to_string()),
        (_, ["api", "friends", ..] | ["pms", "friends", "all"]) => failure(request, 410, 1999, "Gone"),
        _ => failure(request, 404, 1002, "Not Found"),
    }
}

/// An error of version 2, in the requested format.
pub(crate) fn error(request: &Request, status: u16, code: u32, message: &str) -> Response {
    let json = json!({"errors": [{"code": code, "message": message, "status": status}]});
    let error = Element::new("error").with("code", code).with("message", message).with("status", status);
    either(request, status, &json, &Element::new("errors").child(&error))
}

/// An error in the version of the request. Older endpoints have only the status as a code, except those of a Home.
pub(crate) fn failure(request: &Request, status: u16, code: u32, message: &str) -> Response {
    if is_v2(request) {
        return error(request, status, code, message);
    }
    if request.ends_in_json() {
        return old_error(request, status, message);
    }
    let code = if status == 403 { code } else { status.into() };
    xml::document(status, &Element::new("Response").with("code", code).with("status", message))
}

/// An error of the oldest kind, without a code.
fn old_error(request: &Request, status: u16, message: &str) -> Response {
    if request.ends_in_json() {
        Response::new(status, JSON, json!({"error": message}).to_string())
    } else {
        xml::document(status, &Element::new("errors").child(&Element::new("error").text(message)))
    }
}

/// Message of code 1001: a wrong password or an invalid token.
const UNAUTHENTICATED: &str = "User could not be authenticated";

/// The response to an invalid token.
fn unauthorized(request: &Request) -> Response {
    if is_v2(request) {
        error(request, 401, 1001, UNAUTHENTICATED)
    } else {
        old_error(request, 401, "Invalid authentication token.")
    }
}

const JSON: &str = "application/json; charset=utf-8";

/// JSON or XML, as requested.
pub(crate) fn either(request: &Request, status: u16, json: &serde_json::Value, xml: &Element) -> Response {
    if request.wants_json() { Response::new(status, JSON, json.to_string()) } else { xml::document(status, xml) }
}

/// Seconds since 1970, the timestamps of older lists.
fn epoch(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
