//! Link codes: four characters that a user types at plex.tv/link, or opens as a QR code, to sign in here without a
//! password. plex.tv authenticates the user there, with 2FA where they have it.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde::Deserialize;

use crate::body::json;
use crate::client::{with_form, with_token};
use crate::de::Object;
use crate::headers::Headers;
use crate::{Client, Error, Token, de};

/// Page to type a code at.
pub const LINK_PAGE: &str = "https://plex.tv/link";

/// The same page with a code filled in. The other page for codes, app.plex.tv/auth, accepts only codes of 25 characters: it
/// rejects one of four after the person has signed in.
const FILLED_IN: &str = "https://plex.tv/link/?pin=";

/// The longest code that is shown to anybody. plex.tv makes them of four characters, stronger ones of twenty-five.
const LONGEST: usize = 32;

/// A code that waits for approval. Its number and this installation's identifier are enough to fetch the token, so the
/// number is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct LinkCode {
    /// plex.tv's number for it.
    pub(crate) id: u64,
    /// The characters to type.
    code: String,
    /// How many seconds plex.tv keeps it.
    #[serde(rename = "expiresIn", default, deserialize_with = "de::number")]
    expires_in: Option<u64>,
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkCode(…)")
    }
}

impl LinkCode {
    /// The characters to type at [`LINK_PAGE`]: letters and digits only.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The page with the code filled in, for a QR code that a phone can read.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{FILLED_IN}{}", self.code)
    }

    /// How long plex.tv keeps it, if it said so.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    /// True for ASCII letters and digits only: the code is shown on screens and is part of a URL.
    pub(crate) fn is_plain(&self) -> bool {
        (1..=LONGEST).contains(&self.code.len()) && self.code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

/// State of a code.
#[derive(Debug)]
pub enum Approval {
    /// It is not approved yet.
    Waiting,
    /// It is approved; the token is the approving user's.
    Approved(Token),
    /// plex.tv no longer knows it.
    Expired,
}

impl Client {
    /// Requests a code.
    ///
    /// # Errors
    /// [`Error`]; nobody has been refused by it.
    pub fn link_code(&self, deadline: Instant) -> Result<LinkCode, Error> {
        link_code(&self.send(self.link_code_request(), deadline)?.success()?)
    }

    /// State of a code. plex.tv allows one request a second.
    ///
    /// # Errors
    /// [`Error`]; the code may still be good.
    pub fn approval(&self, code: &LinkCode, deadline: Instant) -> Result<Approval, Error> {
        match self.send(self.approval_request(code), deadline)?.success() {
            Ok(body) => Ok(approval(&body)?.map_or(Approval::Waiting, Approval::Approved)),
            Err(Error::UnknownCode) => Ok(Approval::Expired),
            Err(other) => Err(other),
        }
    }

    /// Approves a code with a media server's own token, as this server: its record at plex.tv stays as it is. The code's token
    /// then belongs to the server's owner.
    ///
    /// # Errors
    /// [`Error::Refused`] if the token is not valid, [`Error::UnknownCode`] if the code is not; the code may still be good.
    pub fn approve_as_server(
        &self,
        token: &Token,
        machine_id: &str,
        code: &LinkCode,
        deadline: Instant,
    ) -> Result<(), Error> {
        let server = self.with_headers(Headers::media_server(machine_id)?);
        let request = with_token(server.request(Method::PUT, "/api/v2/pins/link"), token)?;
        // A code has letters and digits only, which a form holds as they are.
        self.send(with_form(request, format!("code={}", code.code)), deadline)?.success().map(drop)
    }

    pub(crate) fn link_code_request(&self) -> RequestBuilder {
        with_form(self.request(Method::POST, "/api/v2/pins"), "strong=false")
    }

    pub(crate) fn approval_request(&self, code: &LinkCode) -> RequestBuilder {
        self.request(Method::GET, &format!("/api/v2/pins/{}", code.id))
    }
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
    struct Approved {
        #[serde(rename = "authToken", default)]
        token: Option<Token>,
    }
    let Object(Approved { token }) = json(body, "the answer is no link code")?;
    Ok(token.filter(|token| !token.expose().is_empty()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_link_code_is_accepted_only_if_it_can_be_shown() {
        let code = link_code(br#"{"id":7,"code":"AB12","expiresIn":900,"authToken":null}"#).unwrap();
        assert_eq!((code.code(), code.lifetime()), ("AB12", Some(Duration::from_secs(900))));
        assert_eq!(code.address(), "https://plex.tv/link/?pin=AB12");
        assert_eq!(format!("{code:?}"), "LinkCode(…)");
        assert_eq!(link_code(br#"{"id":7,"code":"AB12","expiresIn":null}"#).unwrap().lifetime(), None);
        let long = format!(r#"{{"id":7,"code":"{}"}}"#, "a".repeat(33));
        for text in [
            r#"{"id":7}"#,
            r#"{"id":7,"code":null}"#,
            r#"{"id":7,"code":""}"#,
            r#"{"id":7,"code":"AB 2"}"#,
            r#"{"id":7,"code":"A\u001b[2J"}"#,
            r#"{"id":7,"code":"\u0416\u0416\u0416\u0416"}"#,
            r#"{"code":"AB12"}"#,
            r#"{"id":"../7","code":"AB12"}"#,
            r#"[7,"AB12",900]"#,
            long.as_str(),
        ] {
            assert!(link_code(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn r36_only_a_token_approves_a_link_code() {
        let approved = |text: &str| approval(text.as_bytes()).map(|token| token.is_some());
        assert_eq!(approved(r#"{"authToken":"t"}"#), Ok(true));
        for text in [r#"{"authToken":null}"#, r#"{"authToken":""}"#, r"{}"] {
            assert_eq!(approved(text), Ok(false), "{text}");
        }
        for text in [r#"{"authToken":1}"#, r#"["t"]"#, r#"{"authToken":["t"]}"#, "t", ""] {
            assert!(approved(text).is_err(), "{text}");
        }
    }
}
