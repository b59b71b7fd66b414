//! The two pages where people approve codes. Each accepts only its own kind: plex.tv/link those of four characters
//! (weak), and app.plex.tv/auth those of twenty-five (strong).
//!
//! app.plex.tv's page is a script that reads its parameters from the fragment of the address, which never reaches a
//! server. What a browser does there is therefore not visible in requests; [`follow`] does it instead of the browser.

use url::{Host, Url};

use super::pins::approve;
use crate::http::{Request, Response};
use crate::store::Store;

/// Message of app.plex.tv about another page's code, after the user has signed in and pressed the button.
const UNABLE: &str = "unable to authorize this request";

/// Message of plex.tv/link about an unknown code.
const INVALID: &str = "This code is not valid";

/// Length of the codes that people type.
const WEAK: usize = 4;

pub(super) fn is_page(path: &str) -> bool {
    matches!(path.trim_end_matches('/'), "/link" | "/auth")
}

/// The page as a browser receives it, signed in or not: the rest is done by its script.
pub(super) fn show(request: &Request) -> Response {
    let pin = request.params.get("pin").filter(|pin| pin.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let field = pin.map_or_else(String::new, |pin| format!("<input name=\"pin\" value=\"{pin}\">"));
    Response::new(
        200,
        "text/html",
        format!("<html><head><title>Plex</title></head><body><form>{field}</form></body></html>"),
    )
}

/// Opens an address in the browser of an account that is signed in, and presses the page's button.
///
/// # Errors
/// The page's message if it does not approve the code.
pub(crate) fn follow(store: &mut Store, address: &str, account: u64) -> Result<(), String> {
    let url = Url::parse(address).map_err(|error| format!("no address: {error}"))?;
    let page = url.path().trim_end_matches('/');
    let code = match (url.scheme(), url.host(), page) {
        ("https", Some(Host::Domain("plex.tv" | "www.plex.tv")), "/link") => link(&url)?,
        ("https", Some(Host::Domain("app.plex.tv")), "/auth") => auth(store, &url)?,
        _ => return Err("there is no page for codes".into()),
    };
    approve(store, &code, account).ok_or_else(|| INVALID.into())
}

fn link(url: &Url) -> Result<String, String> {
    let pin = url.query_pairs().find(|(name, _)| name == "pin").map(|(_, value)| value.into_owned());
    pin.filter(|pin| pin.len() == WEAK).ok_or_else(|| INVALID.into())
}

/// The code in the fragment, `#?clientID=…&code=…` or `#!?…`, if it is a strong one that this client has requested.
fn auth(store: &Store, url: &Url) -> Result<String, String> {
    let fragment = url.fragment().unwrap_or_default();
    let query = fragment.strip_prefix("!?").or_else(|| fragment.strip_prefix('?')).unwrap_or_default();
    let said = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let (client, code) = said("clientID").zip(said("code")).ok_or(UNABLE)?;
    let known = store.pins.iter().any(|pin| pin.code == code && pin.origin.client_id == client);
    if known && code.len() > WEAK { Ok(code) } else { Err(UNABLE.into()) }
}
