//! What the bytes of an answer say: no I/O, no state. Each function is the one that the request of the same name uses.
//! They are reachable from outside so that the fuzzers can call them, and are no part of what this crate offers.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::de::Object;
pub use crate::friends::{shared_servers, users};
use crate::{Account, Error, Identity, LinkCode, Resource, SignedIn, Token};

/// The answer to a sign-in.
///
/// # Errors
/// [`Error::Unavailable`]: a page of HTML with status 200, or an account without a token, has signed nobody in.
pub fn signed_in(body: &[u8]) -> Result<SignedIn, Error> {
    let otherwise = "the answer is no account";
    let Object(answer): Object<SignedIn> = json(body, otherwise)?;
    if answer.token.expose().is_empty() { Err(Error::Unavailable(otherwise.into())) } else { Ok(answer) }
}

/// Whose token it is.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn account(body: &[u8]) -> Result<Account, Error> {
    json(body, "the answer is no account").map(|Object(account)| account)
}

/// What an account can reach.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn resources(body: &[u8]) -> Result<Vec<Resource>, Error> {
    let rows: Vec<Object<Resource>> = json(body, "the answer is no list of devices")?;
    Ok(rows.into_iter().map(|Object(row)| row).collect())
}

/// What a Plex Media Server says of itself.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn server_identity(body: &[u8]) -> Result<Identity, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "MediaContainer")]
        container: Object<Identity>,
    }
    let Object(Answer { container: Object(identity) }) = json(body, "the answer is no Plex Media Server's")?;
    Ok(identity)
}

/// A fresh link code.
///
/// # Errors
/// [`Error::Unavailable`], also when the code is nothing that could be shown on a screen.
pub fn link_code(body: &[u8]) -> Result<LinkCode, Error> {
    let otherwise = "the answer is no link code";
    let Object(code): Object<LinkCode> = json(body, otherwise)?;
    if code.is_plain() { Ok(code) } else { Err(Error::Unavailable(otherwise.into())) }
}

/// The token of a link code, once it has been approved.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn approval(body: &[u8]) -> Result<Option<Token>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "authToken", default)]
        token: Option<Token>,
    }
    let Object(Answer { token }) = json(body, "the answer is no link code")?;
    Ok(token.filter(|token| !token.expose().is_empty()))
}

/// What an answer that is no success stands for.
#[must_use]
pub fn failure(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Error {
    Error::of_answer(status, retry_after, body)
}

/// The parser's own report is dropped: it may quote the answer, and the answer may hold a token.
fn json<T: DeserializeOwned>(body: &[u8], otherwise: &str) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| Error::Unavailable(otherwise.into()))
}
