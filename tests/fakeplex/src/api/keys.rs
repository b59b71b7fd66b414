//! Devices with a key: `/api/v2/auth/…`. Their tokens are signed by plex.tv, last seven days, and are renewed with the
//! key alone.

use serde_json::{Value, json};

use super::{JSON, error, unauthorized};
use crate::http::{Request, Response};
use crate::jwt::{self, Jwk};
use crate::store::Store;

/// Code and message of a refused key or token.
type Refusal = (u16, u32, &'static str);

const INVALID: Refusal = (422, 1998, "Signature Verification Failed");
const FOREIGN: Refusal = (422, 1097, "The token's issuer does not match");

/// Answers without a token, except for a registration.
pub(super) fn answer(store: &mut Store, request: &Request, what: &str) -> Response {
    let ok = |json: Value| Response::new(200, JSON, json.to_string());
    match (request.method.as_str(), what) {
        ("GET", "keys") => ok(json!({"keys": [store.signer.public()]})),
        ("GET", "nonce") => ok(json!({"nonce": store.signer.nonce()})),
        ("POST", "jwk") => register(store, request),
        ("POST", "token") => match renew(store, request) {
            Ok(token) => ok(json!({"auth_token": token})),
            Err((status, code, message)) => error(request, status, code, message),
        },
        _ => error(request, 404, 1002, "Not Found"),
    }
}

/// Registers a key for the device of the request's token, whatever client identifier the request has.
fn register(store: &mut Store, request: &Request) -> Response {
    let Some(device) = request.plex_header("X-Plex-Token").and_then(|token| store.tokens.device_of(token)) else {
        return unauthorized(request);
    };
    let Some(jwk) = Jwk::of(request) else { return error(request, 400, 1004, "A parameter is malformed") };
    if store.tokens.register(device, jwk) {
        Response::new(201, JSON, "{}")
    } else {
        error(request, 422, 1998, "Thumbprint Already Taken")
    }
}

/// A new token for a device, in exchange for one that its key has signed.
fn renew(store: &mut Store, request: &Request) -> Result<String, Refusal> {
    let sent = request.params.get("jwt").ok_or((400, 1004, "A parameter is missing"))?;
    let kid = jwt::key_id(sent).ok_or(INVALID)?;
    let device = store.tokens.device_with_key(&kid).ok_or(INVALID)?.clone();
    let jwk = device.jwk.as_ref().ok_or(INVALID)?;
    let claims = verified(jwk, sent, &device.origin.client_id)?;
    if !store.signer.spend(claims["nonce"].as_str().unwrap_or_default()) {
        return Err(INVALID);
    }
    Ok(store.mint_signed(device.account, &device.origin, &kid).0)
}

/// The claims of a device's token, if they are for plex.tv and still good.
pub(super) fn verified(jwk: &Jwk, token: &str, client_id: &str) -> Result<Value, Refusal> {
    let claims = jwk.verify(token).filter(|claims| claims["aud"] == "plex.tv").ok_or(INVALID)?;
    let now = super::epoch(std::time::SystemTime::now());
    if claims["iss"] != client_id {
        Err(FOREIGN)
    } else if claims["exp"].as_u64().is_some_and(|end| end <= now) {
        Err((498, 1998, "Token Expired"))
    } else {
        Ok(claims)
    }
}
