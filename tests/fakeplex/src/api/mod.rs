//! What plex.tv answers. Version 2 is XML unless JSON is asked for and wants a client identifier; what is older is XML
//! whatever is asked for.

mod account;
mod friends;
mod pins;
mod resources;
mod xml;

pub(crate) use pins::approve;
pub(crate) use resources::access_token;

use serde_json::json;

use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::store::Store;
use xml::Element;

/// Which endpoint a request is for.
pub(crate) fn endpoint(request: &Request) -> Endpoint {
    match request.path.trim_end_matches('/') {
        "/api/v2/users/signin" => Endpoint::Signin,
        "/api/v2/users/signout" => Endpoint::Signout,
        "/api/v2/user" => Endpoint::User,
        "/api/users" => Endpoint::Users,
        "/api/v2/resources" => Endpoint::Resources,
        path if path.starts_with("/api/v2/pins") => Endpoint::Pins,
        path if shared_servers(path).is_some() => Endpoint::SharedServers,
        _ => Endpoint::Other,
    }
}

fn shared_servers(path: &str) -> Option<&str> {
    path.strip_prefix("/api/servers/")?.strip_suffix("/shared_servers")
}

/// The right answer to a request.
pub(crate) fn answer(store: &mut Store, request: &Request) -> Response {
    let path = request.path.trim_end_matches('/');
    if path.starts_with("/api/v2/") && request.plex_header("X-Plex-Client-Identifier").is_none() {
        return error(request, 400, 1000, "X-Plex-Client-Identifier is missing");
    }
    match (request.method.as_str(), path) {
        ("POST", "/api/v2/users/signin") => account::sign_in(store, request),
        ("DELETE", "/api/v2/users/signout") => account::sign_out(store, request),
        ("GET", "/api/v2/user") => account::user(store, request),
        ("GET", "/api/v2/ping") => account::ping(store, request),
        ("GET", "/users/account") => account::legacy(store, request),
        ("GET", "/api/users") => friends::users(store, request),
        ("GET", "/api/v2/friends") => error(request, 410, 1999, "Gone"),
        ("GET", "/api/v2/resources") => resources::list(store, request),
        ("POST", "/api/v2/pins") => pins::create(store, request),
        ("PUT", "/api/v2/pins/link") => pins::link(store, request),
        ("GET", path) if path.starts_with("/api/v2/pins/") => pins::poll(store, request),
        ("GET", path) => match shared_servers(path) {
            Some(machine_id) => friends::shared_servers(store, request, machine_id),
            None => error(request, 404, 1002, "Not Found"),
        },
        _ => error(request, 404, 1002, "Not Found"),
    }
}

/// An error of version 2, in the format that was asked for.
pub(crate) fn error(request: &Request, status: u16, code: u32, message: &str) -> Response {
    if request.wants_json() {
        let body = json!({"errors": [{"code": code, "message": message, "status": status}]});
        Response::new(status, "application/json; charset=utf-8", body.to_string())
    } else {
        let error = Element::new("error").with("code", code).with("message", message).with("status", status);
        xml::document(status, &Element::new("errors").child(&error))
    }
}

/// What an older endpoint says to a token that is not good.
fn unauthorized() -> Response {
    xml::document(401, &Element::new("errors").child(&Element::new("error").text("Invalid authentication token.")))
}

/// JSON or XML, as the request wants it.
fn either(request: &Request, status: u16, json: &serde_json::Value, xml: &Element) -> Response {
    if request.wants_json() {
        Response::new(status, "application/json; charset=utf-8", json.to_string())
    } else {
        xml::document(status, xml)
    }
}
