//! Link codes: created by a device, approved by a user elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::xml::Element;
use super::{either, error, keys, parts, unauthorized};
use crate::command::Approval;
use crate::device::Origin;
use crate::http::{Request, Response};
use crate::jwt::Jwk;
use crate::store::{Pin, Store};

/// More than one request a second is answered with 429, with some tolerance for network delays.
const POLL: Duration = Duration::from_millis(900);

pub(super) fn answer(store: &mut Store, request: &Request, method: &str) -> Response {
    match (method, &parts(&request.path)[3..]) {
        ("POST", []) => create(store, request),
        ("PUT", ["link"]) => link(store, request),
        ("GET", [id]) => poll(store, request, id.parse().unwrap_or(0)),
        _ => error(request, 405, 1005, "Method Not Allowed"),
    }
}

fn create(store: &mut Store, request: &Request) -> Response {
    let strong = request.params.get("strong").is_some_and(|strong| matches!(strong.as_str(), "true" | "True" | "1"));
    let pin = store.add_pin(Origin::of(request), Jwk::of(request), strong);
    shown(request, 201, &pin)
}

fn poll(store: &mut Store, request: &Request, id: u64) -> Response {
    let client_id = request.plex_header("X-Plex-Client-Identifier").unwrap_or_default();
    let now = SystemTime::now();
    // Unknown, expired and other clients' codes are indistinguishable.
    let good = |pin: &&mut Pin| pin.id == id && pin.origin.client_id == client_id && pin.expires > now;
    let Some(pin) = store.pins.iter_mut().find(good) else {
        return error(request, 404, 1020, "Code not found or expired");
    };
    let recently = |before: SystemTime| now.duration_since(before).is_ok_and(|since| since < POLL);
    if pin.polled.replace(now).is_some_and(recently) {
        return error(request, 429, 1003, "Too many requests");
    }
    let mut pin = pin.clone();
    if let Some(jwk) = &pin.jwk {
        // The token of a device with a key is for that device alone.
        match request.params.get("deviceJWT").map(|token| keys::verified(jwk, token, client_id)) {
            None => pin.token = None,
            Some(Err((status, code, message))) => return error(request, status, code, message),
            Some(Ok(_)) => {}
        }
    }
    shown(request, 200, &pin)
}

fn link(store: &mut Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request).cloned() else { return unauthorized(request) };
    let code = request.params.get("code").cloned().unwrap_or_default();
    let said = |header| request.plex_header(header).map(str::to_owned);
    // Before the code is approved, which can end this very token.
    let client_id = said("X-Plex-Token").and_then(|token| store.tokens.client_of(&token).map(str::to_owned));
    match approve(store, &code, account.id) {
        Some(()) => {
            store.approvals.push(Approval {
                code,
                account: account.name().to_owned(),
                client_id_of_token: client_id,
                client_id_sent: said("X-Plex-Client-Identifier"),
                product: said("X-Plex-Product"),
            });
            Response::empty(204)
        }
        None => error(request, 404, 1020, "Code not found or expired"),
    }
}

/// Approves an open code as an account; `None` if there is no such code.
pub(crate) fn approve(store: &mut Store, code: &str, account: u64) -> Option<()> {
    let now = SystemTime::now();
    let open = |pin: &Pin| pin.code.eq_ignore_ascii_case(code) && pin.expires > now && pin.token.is_none();
    let pin = store.pins.iter().find(|pin| open(pin))?.clone();
    let token = match &pin.jwk {
        Some(jwk) => {
            let (token, device) = store.mint_signed(account, &pin.origin, &jwk.kid);
            store.tokens.register(device, jwk.clone());
            token
        }
        None => store.mint(account, &pin.origin),
    };
    store.pins.iter_mut().find(|pin| open(pin))?.token = Some(token);
    Some(())
}

fn shown(request: &Request, status: u16, pin: &Pin) -> Response {
    let left = pin.expires.duration_since(SystemTime::now()).map_or(0, |left| left.as_secs());
    let time = |time| humantime::format_rfc3339_seconds(time).to_string();
    let flags = ["european_union_member", "in_privacy_restricted_country", "in_privacy_restricted_region"];
    let location = [
        ("code", "GB"),
        ("continent_code", "EU"),
        ("country", "United Kingdom"),
        ("city", "Nowhere"),
        ("time_zone", "Europe/London"),
        ("postal_code", "N0"),
        ("subdivisions", "England"),
        ("coordinates", "51.5, -0.1"),
    ];
    let mut json_location: BTreeMap<_, serde_json::Value> =
        location.iter().map(|(name, value)| (*name, (*value).into())).collect();
    json_location.extend(flags.map(|name| (name, false.into())));
    let product = &pin.origin.product;
    let qr = format!("https://plex.tv/api/v2/pins/qr/{}", pin.code);
    let json = json!({
        "id": pin.id, "code": pin.code, "product": product, "trusted": false, "qr": qr,
        "clientIdentifier": pin.origin.client_id,
        "location": json_location, "expiresIn": left,
        "createdAt": time(pin.created), "expiresAt": time(pin.expires), "authToken": pin.token, "newRegistration": null
    });
    let place = location.iter().fold(Element::new("location"), |place, (name, value)| place.with(name, value));
    let place = flags.iter().fold(place, |place, name| place.with_flag(name, false));
    let xml = Element::new("pin")
        .with("id", pin.id)
        .with("code", &pin.code)
        .with("product", product)
        .with_flag("trusted", false)
        .with("qr", qr)
        .with("clientIdentifier", &pin.origin.client_id)
        .with("expiresIn", left)
        .with("createdAt", time(pin.created))
        .with("expiresAt", time(pin.expires))
        .with("authToken", pin.token.as_deref().unwrap_or_default())
        .with("newRegistration", "")
        .child(&place);
    either(request, status, &json, &xml)
}
