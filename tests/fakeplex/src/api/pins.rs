//! Link codes: made by a device, approved by a person elsewhere.

use std::time::{Duration, Instant};

use serde_json::json;

use super::xml::Element;
use super::{either, error};
use crate::http::{Request, Response};
use crate::store::{Pin, Store};

/// Asking more often than this is answered with 429.
const POLL: Duration = Duration::from_millis(900);

pub(super) fn create(store: &mut Store, request: &Request) -> Response {
    let strong = request.params.get("strong").is_some_and(|strong| matches!(strong.as_str(), "true" | "1"));
    let client_id = request.plex_header("X-Plex-Client-Identifier").unwrap_or_default();
    let pin = store.add_pin(client_id, strong);
    shown(request, 201, &pin)
}

pub(super) fn poll(store: &mut Store, request: &Request) -> Response {
    let id = request.path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
    let client_id = request.plex_header("X-Plex-Client-Identifier").unwrap_or_default();
    let now = Instant::now();
    // Unknown, expired and another client's are the same to whoever asks.
    let good = |pin: &&mut Pin| Some(pin.id) == id && pin.client_id == client_id && pin.expires > now;
    let Some(pin) = store.pins.iter_mut().find(good) else {
        return error(request, 404, 1020, "Code not found or expired");
    };
    if pin.polled.replace(now).is_some_and(|before| now - before < POLL) {
        return error(request, 429, 1003, "Too many requests");
    }
    let pin = pin.clone();
    shown(request, 200, &pin)
}

pub(super) fn link(store: &mut Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request).map(|account| account.id) else {
        return error(request, 401, 1001, "User could not be authenticated");
    };
    let code = request.params.get("code").cloned().unwrap_or_default();
    match approve(store, &code, account) {
        Some(()) => Response { status: 204, headers: Vec::new(), body: Vec::new() },
        None => error(request, 404, 1020, "Code not found or expired"),
    }
}

/// Approves an open code as an account.
pub(crate) fn approve(store: &mut Store, code: &str, account: u64) -> Option<()> {
    let now = Instant::now();
    let open = |pin: &Pin| pin.code.eq_ignore_ascii_case(code) && pin.expires > now && pin.token.is_none();
    let client_id = store.pins.iter().find(|pin| open(pin))?.client_id.clone();
    let token = store.mint(account, &client_id);
    store.pins.iter_mut().find(|pin| open(pin))?.token = Some(token);
    Some(())
}

fn shown(request: &Request, status: u16, pin: &Pin) -> Response {
    let left = pin.expires.saturating_duration_since(Instant::now()).as_secs();
    let product = request.plex_header("X-Plex-Product").unwrap_or_default();
    let json = json!({
        "id": pin.id, "code": pin.code, "product": product, "trusted": false,
        "qr": format!("https://plex.tv/api/v2/pins/qr/{}", pin.code), "clientIdentifier": pin.client_id,
        "location": {"code": "GB", "country": "United Kingdom", "city": "Nowhere"}, "expiresIn": left,
        "createdAt": "2026-01-01T00:00:00Z", "expiresAt": "2026-01-01T00:15:00Z", "authToken": pin.token,
        "newRegistration": null
    });
    let xml = Element::new("pin")
        .with("id", pin.id)
        .with("code", &pin.code)
        .with("product", product)
        .with_flag("trusted", pin.strong)
        .with("clientIdentifier", &pin.client_id)
        .with("expiresIn", left)
        .with("createdAt", "2026-01-01T00:00:00Z")
        .with("expiresAt", "2026-01-01T00:15:00Z")
        .with("authToken", pin.token.as_deref().unwrap_or_default());
    either(request, status, &json, &xml)
}
