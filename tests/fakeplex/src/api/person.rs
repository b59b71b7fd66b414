//! Representations of an account, in each format of plex.tv.

use serde_json::json;

use super::xml::Element;
use super::{either, unauthorized};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, World};

/// Join date and `rememberExpiresAt` of every account, in seconds since 1970.
const JOINED: u64 = 1_500_000_000;
const REMEMBERED: u64 = 1_900_000_000;

/// The account of a token, as version 2 shows it to itself.
pub(super) fn shown(store: &Store, request: &Request, status: u16, token: &str) -> Response {
    let world = &store.world;
    let Some(account) = store.tokens.owner(token).and_then(|id| world.by_id(id)) else {
        return unauthorized(request);
    };
    either(request, status, &json(world, account, token), &element(world, account, token))
}

fn json(world: &World, account: &Account, token: &str) -> serde_json::Value {
    let admin = world.home_admin(account);
    json!({
        "id": account.id, "uuid": uuid(account), "username": account.username, "title": account.title(),
        "email": account.email, "friendlyName": "", "locale": null, "confirmed": true, "joinedAt": JOINED,
        "emailOnlyAuth": account.email_only, "hasPassword": account.password.is_some(),
        "protected": account.home_pin.is_some(), "thumb": thumb(account), "authToken": token,
        "mailingListStatus": "unsubscribed", "mailingListActive": false, "scrobbleTypes": "", "country": "GB",
        "pin": pin(account), "subscription": {
            "active": false, "subscribedAt": null, "status": "Inactive", "paymentService": null, "plan": null,
            "features": ["companions_sonos"]
        },
        "subscriptionDescription": null, "restricted": account.restricted, "anonymous": null, "home": admin.is_some(),
        "guest": false, "homeSize": world.home(account).len(), "homeAdmin": admin.is_some_and(|a| a.id == account.id),
        "maxHomeSize": 15, "rememberExpiresAt": REMEMBERED, "profile": {"autoSelectAudio": true}, "entitlements": [],
        "roles": [], "services": [], "adsConsent": null, "experimentalFeatures": false,
        "twoFactorEnabled": account.code.is_some(), "backupCodesCreated": account.code.is_some(),
        "pastSubscriptions": [], "trials": []
    })
}

/// The account in XML: version 2 names its token `authToken`, older endpoints `authenticationToken`.
pub(super) fn element(world: &World, account: &Account, token: &str) -> Element {
    let admin = world.home_admin(account);
    Element::new("user")
        .with("id", account.id)
        .with("uuid", uuid(account))
        .with("username", &account.username)
        .with("title", account.title())
        .with("email", &account.email)
        .with("friendlyName", "")
        .with("locale", "")
        .with_flag("confirmed", true)
        .with("joinedAt", JOINED)
        .with_flag("emailOnlyAuth", account.email_only)
        .with_flag("hasPassword", account.password.is_some())
        .with_flag("protected", account.home_pin.is_some())
        .with("thumb", thumb(account))
        .with("authToken", token)
        .with("authenticationToken", token)
        .with("mailingListStatus", "unsubscribed")
        .with_flag("mailingListActive", false)
        .with("scrobbleTypes", "")
        .with("country", "GB")
        .with("pin", pin(account))
        .with("subscriptionDescription", "")
        .with_flag("restricted", account.restricted)
        .with("anonymous", "")
        .with_flag("home", admin.is_some())
        .with_flag("guest", false)
        .with("homeSize", world.home(account).len())
        .with_flag("homeAdmin", admin.is_some_and(|admin| admin.id == account.id))
        .with("maxHomeSize", 15)
        .with("rememberExpiresAt", REMEMBERED)
        .with_flag("experimentalFeatures", false)
        .with_flag("twoFactorEnabled", account.code.is_some())
        .with_flag("backupCodesCreated", account.code.is_some())
        .child(
            &Element::new("subscription")
                .with_flag("active", false)
                .with("subscribedAt", "")
                .with("status", "Inactive")
                .with("paymentService", "")
                .with("plan", "")
                .child(&Element::new("features").child(&Element::new("feature").with("id", "companions_sonos"))),
        )
        .child(&Element::new("profile").with_flag("autoSelectAudio", true))
        .child(&Element::new("entitlements"))
        .child(&Element::new("roles"))
        .child(&Element::new("services"))
}

/// The account in JSON, as endpoints before version 2 write it.
pub(super) fn legacy_json(account: &Account, token: &str) -> serde_json::Value {
    json!({"user": {
        "id": account.id, "uuid": uuid(account), "email": account.email, "joined_at": "2017-07-14T02:40:00.000Z",
        "username": account.username, "title": account.title(), "thumb": thumb(account),
        "hasPassword": account.password.is_some(), "authToken": token, "authentication_token": token,
        "subscription": {"active": false, "status": "Inactive", "plan": null, "features": []},
        "roles": {"roles": []}, "entitlements": [], "confirmedAt": "2017-07-14T02:40:00.000Z", "forumId": null,
        "rememberMe": false
    }})
}

pub(super) fn uuid(account: &Account) -> String {
    format!("{:016x}", account.id)
}

pub(super) fn thumb(account: &Account) -> String {
    format!("https://plex.tv/users/{}/avatar?c=1700000000", uuid(account))
}

/// A hash, the only form in which the PIN of a Home is ever shown.
fn pin(account: &Account) -> String {
    account.home_pin.as_ref().map_or_else(String::new, |_| format!("PINHASH-SECRET-{}", account.id))
}
