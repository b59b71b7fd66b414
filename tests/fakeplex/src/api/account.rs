//! Signing in and out, and asking whose a token is.

use serde_json::json;

use super::xml::{self, Element};
use super::{either, error, unauthorized};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::Account;

/// What a sign-in attempt amounts to.
enum Attempt {
    Right(u64),
    Wrong(u32, &'static str),
}

pub(super) fn sign_in(store: &mut Store, request: &Request) -> Response {
    let (Some(login), Some(password)) = (request.params.get("login"), request.params.get("password")) else {
        return error(request, 400, 1004, "A parameter is missing");
    };
    // A blocked address is told so even with the right password.
    if store.block_after.is_some_and(|most| store.failures >= most) {
        return error(request, 401, 1031, "Too many failed sign-ins from this address");
    }
    match judge(store.world.by_login(login), login, password, request.params.get("verificationCode")) {
        Attempt::Right(id) => {
            let token = store.mint(id, request.plex_header("X-Plex-Client-Identifier").unwrap_or_default());
            let account = store.world.accounts.iter().find(|account| account.id == id).unwrap();
            shown(request, 201, account, &token)
        }
        Attempt::Wrong(code, message) => {
            if code == 1001 {
                store.failures += 1;
            }
            error(request, 401, code, message)
        }
    }
}

fn judge(account: Option<&Account>, login: &str, password: &str, code: Option<&String>) -> Attempt {
    // Unknown, without a password, managed, wrong: nobody can tell them apart.
    let wrong = Attempt::Wrong(1001, "User could not be authenticated. This IP appears to be having trouble.");
    let Some((account, right)) = account.and_then(|account| Some((account, account.password.as_ref()?))) else {
        return wrong;
    };
    if account.restricted {
        return wrong;
    }
    // The code may be typed right behind the password.
    let appended = account.code.as_ref().is_some_and(|code| password == format!("{right}{code}"));
    if password != right && !appended {
        return wrong;
    }
    if account.email_only && login.eq_ignore_ascii_case(&account.username) {
        return Attempt::Wrong(1030, "Sign in with the e-mail address");
    }
    match (&account.code, code) {
        (Some(_), None) if !appended => Attempt::Wrong(1029, "Please enter the verification code"),
        (Some(wanted), Some(sent)) if wanted != sent => Attempt::Wrong(1028, "The verification code is wrong"),
        _ => Attempt::Right(account.id),
    }
}

pub(super) fn sign_out(store: &mut Store, request: &Request) -> Response {
    let token = request.plex_header("X-Plex-Token").unwrap_or_default().to_owned();
    if store.sign_out(&token) {
        store.counters.signouts += 1;
        Response { status: 204, headers: Vec::new(), body: Vec::new() }
    } else {
        error(request, 401, 1001, "User could not be authenticated")
    }
}

pub(super) fn user(store: &Store, request: &Request) -> Response {
    match (store.account_of(request), request.plex_header("X-Plex-Token")) {
        (Some(account), Some(token)) => shown(request, 200, account, token),
        _ => error(request, 401, 1001, "User could not be authenticated"),
    }
}

pub(super) fn ping(store: &Store, request: &Request) -> Response {
    match store.account_of(request) {
        Some(_) => either(request, 200, &json!({"pong": true}), &Element::new("pong").text("true")),
        None => error(request, 401, 1001, "User could not be authenticated"),
    }
}

pub(super) fn legacy(store: &Store, request: &Request) -> Response {
    match store.account_of(request) {
        Some(account) => xml::document(200, &element(account, request.plex_header("X-Plex-Token").unwrap_or_default())),
        None => unauthorized(),
    }
}

fn shown(request: &Request, status: u16, account: &Account, token: &str) -> Response {
    let json = json!({
        "id": account.id, "uuid": uuid(account), "username": account.username, "title": account.username,
        "email": account.email, "friendlyName": "", "locale": null, "confirmed": true, "joinedAt": 1_500_000_000,
        "emailOnlyAuth": account.email_only, "hasPassword": account.password.is_some(), "protected": false,
        "thumb": thumb(account), "authToken": token, "country": "GB", "pin": "",
        "subscription": {"active": false, "subscribedAt": null, "status": "Inactive", "plan": null, "features": []},
        "restricted": account.restricted, "anonymous": null, "home": account.home_of.is_some(), "guest": false,
        "twoFactorEnabled": account.code.is_some(), "entitlements": [], "roles": [], "services": []
    });
    either(request, status, &json, &element(account, token))
}

fn element(account: &Account, token: &str) -> Element {
    Element::new("user")
        .with("id", account.id)
        .with("uuid", uuid(account))
        .with("username", &account.username)
        .with("title", &account.username)
        .with("email", &account.email)
        .with("authToken", token)
        .with("authenticationToken", token)
        .with("thumb", thumb(account))
        .with_flag("restricted", account.restricted)
        .with_flag("home", account.home_of.is_some())
        .child(&Element::new("subscription").with_flag("active", false).with("status", "Inactive"))
        .child(&Element::new("profile").with_flag("autoSelectAudio", true))
        .child(&Element::new("entitlements"))
        .child(&Element::new("roles"))
        .child(&Element::new("services"))
}

fn uuid(account: &Account) -> String {
    format!("{:016x}", account.id)
}

fn thumb(account: &Account) -> String {
    format!("https://plex.tv/users/{}/avatar?c=1700000000", uuid(account))
}
