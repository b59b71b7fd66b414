//! Endpoints older than version 2 that still work; the extension of the path selects the format.

use super::{JSON, account, old_error, person, unauthorized, xml};
use crate::http::{Request, Response};
use crate::store::Store;

/// `/users/sign_in.json` and `.xml`. There is no field for a verification code: it is appended to the password. A valid
/// token instead of a password returns its account.
pub(super) fn sign_in(store: &mut Store, request: &Request) -> Response {
    if request.plex_header("X-Plex-Client-Identifier").is_none() {
        return old_error(request, 400, "X-Plex-Client-Identifier is missing");
    }
    let (login, password) = request.credentials();
    if let (None, Some(token)) = (&login, request.plex_header("X-Plex-Token")) {
        return shown(store, request, 201, token);
    }
    let attempt = account::attempt(store, request, &login.unwrap_or_default(), &password.unwrap_or_default(), None);
    match attempt {
        Ok(token) => shown(store, request, 201, &token),
        Err((_, message)) => old_error(request, 401, message),
    }
}

/// `/users/account`, which needs no client identifier.
pub(super) fn account(store: &Store, request: &Request) -> Response {
    shown(store, request, 200, request.plex_header("X-Plex-Token").unwrap_or_default())
}

fn shown(store: &Store, request: &Request, status: u16, token: &str) -> Response {
    let world = &store.world;
    let Some(account) = store.tokens.owner(token).and_then(|id| world.by_id(id)) else {
        return unauthorized(request);
    };
    if request.ends_in_json() {
        Response::new(status, JSON, person::legacy_json(account, token).to_string())
    } else {
        xml::document(status, &person::legacy_element(world, account, token))
    }
}
