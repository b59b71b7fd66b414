//! A Plex Home: its members, and switching between them.

use serde_json::json;

use super::xml::{self, Element};
use super::{either, failure, is_v2, parts, person, unauthorized};
use crate::device::Origin;
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::Account;

pub(super) fn users(store: &Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let people = store.world.home(account);
    let admin = people.first().map_or(0, |admin| admin.id);
    let rows = people.iter().map(|person| row(person, admin));
    if !is_v2(request) {
        let container = Element::new("MediaContainer")
            .with("friendlyName", "myPlex")
            .with("identifier", "com.plexapp.plugins.myplex")
            .with("machineIdentifier", "")
            .with("totalSize", people.len())
            .with("size", people.len())
            .with("guestUserID", "");
        return xml::document(200, &container.children(rows));
    }
    let json = json!({
        "id": admin, "name": "Home", "guestUserID": null, "guestUserUUID": null, "guestEnabled": false,
        "subscription": false, "users": people.iter().map(|person| to_json(person, admin)).collect::<Vec<_>>()
    });
    let home = Element::new("home").with("id", admin).with("name", "Home").with_flag("guestEnabled", false);
    either(request, 200, &json, &home.child(&Element::new("users").children(rows)))
}

fn to_json(account: &Account, admin: u64) -> serde_json::Value {
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "id": account.id, "uuid": person::uuid(account), "title": account.title(), "username": said(&account.username),
        "email": said(&account.email), "friendlyName": null, "thumb": person::thumb(account),
        "hasPassword": account.password.is_some(), "restricted": account.restricted,
        "restrictionProfile": account.restricted.then_some("little_kid"), "admin": account.id == admin, "guest": false,
        "protected": account.home_pin.is_some(), "updatedAt": 1_700_000_000
    })
}

fn row(account: &Account, admin: u64) -> Element {
    Element::new("User")
        .with("id", account.id)
        .with("uuid", person::uuid(account))
        .with_flag("admin", account.id == admin)
        .with_flag("guest", false)
        .with_flag("restricted", account.restricted)
        .with_some("restrictionProfile", if account.restricted { "little_kid" } else { "" })
        .with_flag("hasPassword", account.password.is_some())
        .with_flag("protected", account.home_pin.is_some())
        .with("title", account.title())
        .with("username", &account.username)
        .with("email", &account.email)
        .with("thumb", person::thumb(account))
}

/// Switches to another member of the same Home, by id or uuid. The PIN is in the query or the form.
pub(super) fn switch(store: &mut Store, request: &Request) -> Response {
    let Some(account) = store.account_of(request) else { return unauthorized(request) };
    let segments = parts(&request.path);
    let wanted = segments.get(segments.len() - 2).copied().unwrap_or_default();
    let is_wanted = |person: &&&Account| person.id.to_string() == wanted || person::uuid(person) == wanted;
    let people = store.world.home(account);
    let Some(person) = people.iter().find(is_wanted) else { return failure(request, 404, 1002, "Not Found") };
    if person.home_pin.as_ref().is_some_and(|pin| request.params.get("pin") != Some(pin)) {
        return failure(request, 403, 1041, "A valid PIN is required");
    }
    let id = person.id;
    let token = store.mint(id, &Origin::of(request));
    if is_v2(request) {
        return person::shown(store, request, 201, &token);
    }
    let person = store.world.by_id(id).unwrap();
    xml::document(201, &person::legacy_element(&store.world, person, &token))
}
