//! Representations of an account, in each format of plex.tv.

use serde_json::json;

use super::xml::Element;
use super::{either, unauthorized};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, World};

/// Join date and `rememberExpiresAt` of every account, in seconds since 1970.
const JOINED: u64 = 1_500_000_000;
const JOINED_TEXT: &str = "2017-07-14T02:40:00.000Z";
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
    let mut shown = json!({
        "id": account.id, "uuid": uuid(account), "username": account.username, "title": account.title(),
        "email": account.email, "joinedAt": JOINED, "emailOnlyAuth": account.email_only,
        "hasPassword": account.password.is_some(), "protected": account.home_pin.is_some(), "thumb": thumb(account),
        "authToken": token, "pin": pin(account), "restricted": account.restricted, "home": admin.is_some(),
        "homeSize": world.home(account).len(), "homeAdmin": admin.is_some_and(|a| a.id == account.id),
        "rememberExpiresAt": REMEMBERED, "twoFactorEnabled": account.code.is_some(),
        "backupCodesCreated": account.code.is_some()
    });
    shown.as_object_mut().unwrap().extend(constants());
    shown
}

/// Fields that are the same for every account.
fn constants() -> serde_json::Map<String, serde_json::Value> {
    let constants = json!({
        "friendlyName": "", "locale": null, "confirmed": true, "mailingListStatus": "unsubscribed",
        "mailingListActive": false, "scrobbleTypes": "", "country": "GB", "subscription": subscription(),
        "subscriptionDescription": null, "anonymous": null, "guest": false, "maxHomeSize": 15, "profile": profile(),
        "entitlements": [], "roles": [], "services": [], "adsConsent": null, "adsConsentSetAt": null,
        "adsConsentReminderAt": null, "experimentalFeatures": false, "attributionPartner": null,
        "pastSubscriptions": [], "trials": []
    });
    serde_json::from_value(constants).unwrap_or_default()
}

fn subscription() -> serde_json::Value {
    json!({
        "active": false, "subscribedAt": null, "status": "Inactive", "paymentService": null, "plan": null,
        "features": ["companions_sonos"]
    })
}

fn profile() -> serde_json::Value {
    json!({
        "autoSelectAudio": true, "defaultAudioLanguage": "en", "defaultSubtitleLanguage": "en", "autoSelectSubtitle": 1,
        "defaultSubtitleAccessibility": 0, "defaultSubtitleForced": 0, "watchedIndicator": 1,
        "mediaReviewsVisibility": 0, "mediaReviewsLanguages": null
    })
}

/// The account in XML, as version 2 writes it.
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
        .with("adsConsent", "")
        .with("adsConsentSetAt", "")
        .with("adsConsentReminderAt", "")
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
        .child(
            &Element::new("profile")
                .with_flag("autoSelectAudio", true)
                .with("defaultAudioLanguage", "en")
                .with("defaultSubtitleLanguage", "en")
                .with("autoSelectSubtitle", 1)
                .with("defaultSubtitleAccessibility", 0)
                .with("defaultSubtitleForced", 0)
                .with("watchedIndicator", 1)
                .with("mediaReviewsVisibility", 0),
        )
        .child(&Element::new("entitlements"))
        .child(&Element::new("roles"))
        .child(&Element::new("services"))
}

/// The account in XML, as endpoints before version 2 write it.
pub(super) fn legacy_element(world: &World, account: &Account, token: &str) -> Element {
    let admin = world.home_admin(account);
    let subscription = Element::new("subscription")
        .with_flag("active", false)
        .with("status", "Inactive")
        .with("plan", "")
        .child(&Element::new("feature").with("id", "companions_sonos"));
    let text = |name, text: &str| Element::new(name).text(text);
    Element::new("user")
        .with("email", &account.email)
        .with("id", account.id)
        .with("uuid", uuid(account))
        .with("mailing_list_status", "unsubscribed")
        .with("thumb", thumb(account))
        .with("username", &account.username)
        .with("title", account.title())
        .with("cloudSyncDevice", "")
        .with("locale", "")
        .with("authenticationToken", token)
        .with("authToken", token)
        .with("scrobbleTypes", "")
        .with_flag("restricted", account.restricted)
        .with_flag("home", admin.is_some())
        .with_flag("guest", false)
        .with("queueEmail", "")
        .with("queueUid", "")
        .with("hasPassword", account.password.is_some())
        .with("homeSize", world.home(account).len())
        .with("maxHomeSize", 15)
        .with_flag("secure", true)
        .with("certificateVersion", 2)
        .with("pin", pin(account))
        .child(&subscription)
        .child(&Element::new("roles"))
        .child(&Element::new("entitlements").with_flag("all", false))
        .child(&Element::new("profile_settings").with("auto_select_audio", true))
        .child(&Element::new("services"))
        .child(&text("username", &account.username))
        .child(&text("email", &account.email))
        .child(&text("joined-at", JOINED_TEXT))
        .child(&text("authentication-token", token))
}

/// The account in JSON, as endpoints before version 2 write it.
pub(super) fn legacy_json(account: &Account, token: &str) -> serde_json::Value {
    json!({"user": {
        "id": account.id, "uuid": uuid(account), "email": account.email, "joined_at": JOINED_TEXT,
        "username": account.username, "title": account.title(), "thumb": thumb(account),
        "hasPassword": account.password.is_some(), "authToken": token, "authentication_token": token,
        "subscription": {"active": false, "status": "Inactive", "plan": null, "features": []},
        "roles": {"roles": []}, "entitlements": [], "confirmedAt": JOINED_TEXT, "forumId": null,
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
