//! The list of devices that an account has signed in with.

use super::xml::{self, Element};
use super::{epoch, failure, parts, unauthorized};
use crate::device::Device;
use crate::http::{Request, Response};
use crate::store::Store;

pub(super) fn list(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let rows = store.tokens.devices_of(account.id).map(row);
    xml::document(200, &Element::new("MediaContainer").with("publicAddress", request.peer).children(rows))
}

fn row(device: &Device) -> Element {
    let origin = &device.origin;
    Element::new("Device")
        .with("name", &origin.name)
        .with("publicAddress", "203.0.113.5")
        .with("product", &origin.product)
        .with("productVersion", &origin.version)
        .with("platform", &origin.platform)
        .with("platformVersion", "")
        .with("device", &origin.device)
        .with("model", &origin.model)
        .with("vendor", "")
        .with("provides", &origin.provides)
        .with("clientIdentifier", &origin.client_id)
        .with("version", &origin.version)
        .with("id", device.id)
        .with("token", &device.token)
        .with("createdAt", epoch(device.created))
        .with("lastSeenAt", epoch(device.seen))
        .with("screenResolution", "")
        .with("screenDensity", "")
}

pub(super) fn remove(store: &mut Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request).map(|account| account.id) else { return unauthorized(request) };
    let id = parts(&request.path).last().and_then(|name| name.strip_suffix(".xml")?.parse().ok());
    if id.is_some_and(|id| store.tokens.remove_device(account, id)) {
        Response::empty(204)
    } else {
        failure(request, 404, 1002, "Not Found")
    }
}
