//! An account: sign-in, the account of a token, sign-out.

use std::time::Instant;

use bytes::Bytes;
use policy::{PlexId, PlexUser};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::body::json;
use crate::client::{with_form, with_token};
use crate::de::Object;
use crate::{Client, Error, Token, de};

/// An account as plex.tv shows it to itself.
#[derive(Deserialize)]
struct Account {
    #[serde(deserialize_with = "id")]
    id: PlexId,
    #[serde(default, deserialize_with = "de::text")]
    username: Option<String>,
    #[serde(default, deserialize_with = "de::text")]
    email: Option<String>,
}

fn user<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PlexUser, D::Error> {
    let Account { id, username, email } = Account::deserialize(deserializer)?;
    Ok(PlexUser { id, username, email })
}

/// Result of a sign-in.
#[derive(Debug, Deserialize)]
pub struct SignedIn {
    /// The account that signed in.
    #[serde(flatten, deserialize_with = "user")]
    pub account: PlexUser,
    /// The new token, to be revoked after use.
    #[serde(rename = "authToken")]
    pub token: Token,
    /// Two-factor authentication of the account, if plex.tv says.
    #[serde(rename = "twoFactorEnabled", default, deserialize_with = "de::opt_bool")]
    pub two_factor: Option<bool>,
}

/// Answer to a request for the account of a token.
#[derive(Debug)]
pub enum TokenAccount {
    /// The account.
    Shown(PlexUser),
    /// Any client error (4xx) but a rate limit. Another token may be accepted.
    Rejected(Error),
}

impl Client {
    /// Signs in with a name or an e-mail address, a password, and a verification code where plex.tv wants one.
    ///
    /// # Errors
    /// [`Error`], a refusal or another; [`Error::RefusedWithoutCode`] and [`Error::ServerError`] occur only here.
    pub fn sign_in(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
        deadline: Instant,
    ) -> Result<SignedIn, Error> {
        let answer = self.send(self.sign_in_request(login, password, code), deadline)?;
        let status = answer.status;
        signed_in(&answer.success().map_err(|error| of_a_sign_in(status, error))?)
    }

    /// The account of a token.
    ///
    /// # Errors
    /// [`Error::Refused`] if the token is no longer valid.
    pub fn account(&self, token: &Token, deadline: Instant) -> Result<PlexUser, Error> {
        match self.token_account(token, deadline)? {
            TokenAccount::Shown(account) => Ok(account),
            TokenAccount::Rejected(error) => Err(error),
        }
    }

    /// The account of a token, or why plex.tv does not show it for this token.
    ///
    /// # Errors
    /// [`Error`]; plex.tv says nothing about the token.
    pub fn token_account(&self, token: &Token, deadline: Instant) -> Result<TokenAccount, Error> {
        let answer = self.send(self.account_request(token)?, deadline)?;
        let is_client_error = (400..=499).contains(&answer.status);
        match answer.success() {
            Ok(body) => account(&body).map(TokenAccount::Shown),
            Err(error @ Error::RateLimited(_)) => Err(error),
            Err(error) if is_client_error => Ok(TokenAccount::Rejected(error)),
            Err(error) => Err(error),
        }
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// [`Error`]; the token may still be valid.
    pub fn sign_out(&self, token: &Token, deadline: Instant) -> Result<(), Error> {
        self.send(self.sign_out_request(token)?, deadline)?.success().map(|_| ())
    }

    pub(crate) fn sign_in_request(&self, login: &str, password: &str, code: Option<&str>) -> RequestBuilder {
        with_form(self.request(Method::POST, "/api/v2/users/signin"), form(login, password, code))
    }

    pub(crate) fn account_request(&self, token: &Token) -> Result<RequestBuilder, Error> {
        with_token(self.request(Method::GET, "/api/v2/user"), token)
    }

    pub(crate) fn sign_out_request(&self, token: &Token) -> Result<RequestBuilder, Error> {
        with_token(self.request(Method::DELETE, "/api/v2/users/signout"), token)
    }
}

/// The error of a sign-in, from the error of any request with the same answer.
pub(crate) fn of_a_sign_in(status: u16, error: Error) -> Error {
    match (status, error) {
        (401, Error::Unavailable(_)) => Error::RefusedWithoutCode,
        (500..=599, Error::Unreachable(why)) => Error::ServerError(why),
        // There is no token that could have expired, so the answer is not about the password.
        (498, Error::Refused) => Error::Unavailable("answered 498, which a sign-in cannot mean".into()),
        (_, other) => other,
    }
}

/// Bytes that the form may have: each byte that a user types becomes three at most.
fn room(login: &str, password: &str, code: Option<&str>) -> usize {
    64 + 3 * (login.len() + password.len() + code.map_or(0, str::len))
}

/// The form, in memory that is wiped as soon as the request has been sent.
fn form(login: &str, password: &str, code: Option<&str>) -> Bytes {
    // Room enough that the text never moves and so leaves no copy behind.
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(room(login, password, code)));
    form.append_pair("login", login).append_pair("password", password).append_pair("rememberMe", "false");
    if let Some(code) = code {
        form.append_pair("verificationCode", code);
    }
    Bytes::from_owner(Zeroizing::new(form.finish().into_bytes()))
}

/// The one field that must be there.
fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PlexId, D::Error> {
    de::number(deserializer)?
        .filter(|id| *id > 0)
        .map(PlexId)
        .ok_or_else(|| serde::de::Error::custom("an account without a number"))
}

/// Parses the response to a sign-in.
///
/// # Errors
/// [`Error::Unavailable`]: a page of HTML with status 200, or an account without a token, has signed nobody in.
pub fn signed_in(body: &[u8]) -> Result<SignedIn, Error> {
    let otherwise = "the answer is no account";
    let Object(answer): Object<SignedIn> = json(body, otherwise)?;
    if answer.token.expose().is_empty() { Err(Error::Unavailable(otherwise.into())) } else { Ok(answer) }
}

/// Parses the response about the account of a token.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn account(body: &[u8]) -> Result<PlexUser, Error> {
    let Object(Account { id, username, email }) = json(body, "the answer is no account")?;
    Ok(PlexUser { id, username, email })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn accounts_are_parsed_from_every_spelling_of_their_fields() {
        let cases = [
            (r#"{"id":7,"username":"alice","email":"a@example.org","authToken":"t","new":{"x":[1]}}"#, Some("alice")),
            (r#"{"id":"7","username":null,"authToken":"t"}"#, None),
            (r#"{"id":7,"username":"","email":"","authToken":"t"}"#, None),
            (r#"{"id":7,"username":["odd"],"authToken":"t"}"#, None),
        ];
        for (text, username) in cases {
            let signed_in = signed_in(text.as_bytes()).unwrap();
            assert_eq!((signed_in.account.id.0, signed_in.account.username.as_deref()), (7, username), "{text}");
        }
    }

    #[test]
    fn r45_two_factor_enabled_is_true_false_or_unknown() {
        let cases = [
            ("true", Some(true)),
            ("\"1\"", Some(true)),
            ("false", Some(false)),
            ("0", Some(false)),
            ("null", None),
            ("\"maybe\"", None),
            ("2", None),
        ];
        for (value, expected) in cases {
            let text = format!("{{\"id\":7,\"authToken\":\"t\",\"twoFactorEnabled\":{value}}}");
            assert_eq!(serde_json::from_str::<SignedIn>(&text).unwrap().two_factor, expected, "{value}");
        }
        assert_eq!(serde_json::from_str::<SignedIn>(r#"{"id":7,"authToken":"t"}"#).unwrap().two_factor, None);
    }

    #[test]
    fn r36_an_answer_without_an_id_or_a_token_is_no_sign_in() {
        let cases = [
            r"{}",
            r#"{"id":7}"#,
            r#"{"id":7,"authToken":null}"#,
            r#"{"id":7,"authToken":""}"#,
            r#"{"authToken":"t"}"#,
            r#"{"id":0,"authToken":"t"}"#,
            r#"{"id":null,"authToken":"t"}"#,
            r#"{"id":-7,"authToken":"t"}"#,
            r#"{"id":true,"authToken":"t"}"#,
            r#"{"id":7.5,"authToken":"t"}"#,
            "<user id=\"7\" authToken=\"t\"/>",
            r#"[7,"alice","a@example.org","t"]"#,
        ];
        for text in cases {
            assert!(signed_in(text.as_bytes()).is_err(), "{text}");
        }
        assert!(account(br#"[7,"alice","a@example.org"]"#).is_err());
    }

    /// P9
    #[test]
    fn r36_only_a_bare_401_is_a_rejected_sign_in_without_a_code() {
        let json = br#"{"errors":[{"code":1001}]}"#;
        let error = |status, body: &[u8]| of_a_sign_in(status, Error::of_answer(status, None, body));
        for body in [&b""[..], b"<html>401</html>", b"{}", br#"{"errors":[]}"#] {
            assert_eq!(error(401, body), Error::RefusedWithoutCode);
            for status in [400, 403, 404, 422, 498] {
                assert!(matches!(error(status, body), Error::Unavailable(_)), "{status}");
            }
            assert!(matches!(error(503, body), Error::ServerError(_)));
        }
        assert_eq!((error(401, json), error(422, json)), (Error::Refused, Error::Refused));
        assert!(matches!(error(498, json), Error::Unavailable(_)), "a password does not expire");
    }

    #[test]
    fn passwords_of_any_characters_are_sent_as_typed() {
        let sent = form("a+b@example.org", "p&=%+ ä🙂", Some("123456"));
        let back: std::collections::HashMap<_, _> = form_urlencoded::parse(&sent).collect();
        assert_eq!(back.get("login").unwrap(), "a+b@example.org");
        assert_eq!(back.get("password").unwrap(), "p&=%+ ä🙂");
        assert_eq!(back.get("verificationCode").unwrap(), "123456");
    }

    /// Where it did not fit, a copy of the password would be left in memory.
    #[test]
    fn a_form_of_the_longest_text_fits_into_its_room_and_little_is_left() {
        let (login, password) = ("@".repeat(254), "%".repeat(1024));
        for (login, password, code) in [
            (login.as_str(), password.as_str(), Some("&&&&&&")),
            ("@@@", password.as_str(), None),
            (login.as_str(), "%", None),
            ("@", "%", Some("&")),
        ] {
            let (length, room) = (form(login, password, code).len(), room(login, password, code));
            assert!(length <= room && room <= length + 32, "{length} of {room}");
        }
    }
}
