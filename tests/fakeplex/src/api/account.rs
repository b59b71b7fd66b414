//! Sign-in, sign-out, and the account of a token.

use serde_json::json;

use super::xml::Element;
use super::{JSON, UNAUTHENTICATED, either, error, person, unauthorized};
use crate::device::Origin;
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::Account;

/// Plex error code and message of a refused sign-in.
pub(super) type Refusal = (u32, &'static str);

/// Message of a blocked address. It starts like that of a wrong password.
const BLOCKED: &str = "User could not be authenticated. This IP appears to be having trouble signing in to an account \
                       (detected repeated failures)";

pub(super) fn sign_in(store: &mut Store, request: &Request) -> Response {
    let (Some(login), Some(password)) = (request.params.get("login"), request.params.get("password")) else {
        return error(request, 400, 1004, "A parameter is missing");
    };
    match attempt(store, request, login, password, request.params.get("verificationCode")) {
        Ok(token) => person::shown(store, request, 201, &token),
        Err((code, message)) => error(request, 401, code, message),
    }
}

/// Checks a sign-in; returns the token if it is accepted.
pub(super) fn attempt(
    store: &mut Store,
    request: &Request,
    login: &str,
    password: &str,
    code: Option<&String>,
) -> Result<String, Refusal> {
    // A blocked address is rejected even with the right password.
    if store.blocked.is(request.peer) {
        return Err((1031, BLOCKED));
    }
    match judge(store.world.by_login(login, store.case_sensitive), login, password, code) {
        Ok(account) => Ok(store.mint(account, &Origin::of(request))),
        Err(refusal) => {
            if refusal.0 == 1001 {
                store.blocked.failed(request.peer);
            }
            Err(refusal)
        }
    }
}

fn judge(account: Option<&Account>, login: &str, password: &str, code: Option<&String>) -> Result<u64, Refusal> {
    // Unknown account, no password, managed, wrong password: indistinguishable.
    let wrong = (1001, UNAUTHENTICATED);
    let (account, right) = account.and_then(|account| Some((account, account.password.as_ref()?))).ok_or(wrong)?;
    // The code may be appended to the password.
    let appended = account.code.as_ref().is_some_and(|code| password == format!("{right}{code}"));
    if account.restricted || (password != right && !appended) {
        return Err(wrong);
    }
    if account.email_only && login.eq_ignore_ascii_case(&account.username) {
        return Err((1030, "Sign in with the e-mail address"));
    }
    match (&account.code, code) {
        (Some(_), None) if !appended => Err((1029, "Please enter the verification code")),
        (Some(wanted), Some(sent)) if wanted != sent => Err((1028, "The verification code is wrong")),
        _ => Ok(account.id),
    }
}

pub(super) fn sign_out(store: &mut Store, request: &Request) -> Response {
    if store.tokens.sign_out(request.plex_header("X-Plex-Token").unwrap_or_default()) {
        store.counters.signouts += 1;
        Response::empty(204)
    } else {
        unauthorized(request)
    }
}

pub(super) fn user(store: &mut Store, request: &Request) -> Response {
    person::shown(store, request, 200, request.plex_header("X-Plex-Token").unwrap_or_default())
}

pub(super) fn ping(store: &Store, request: &Request) -> Response {
    match store.account_of(request) {
        Some(_) => either(request, 200, &json!({"pong": true}), &Element::new("pong").text("true")),
        None => unauthorized(request),
    }
}

/// `/api/claim/token.json`: a code that lets a new media server be claimed for the account.
pub(super) fn claim_token(store: &Store, request: &Request) -> Response {
    match store.account_of(request) {
        Some(account) => Response::new(200, JSON, json!({"token": format!("claim-SECRET-{}", account.id)}).to_string()),
        None => unauthorized(request),
    }
}
