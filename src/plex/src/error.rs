//! Errors of a request, by plex.tv's error codes (`docs/development/plex-tv.md`): the HTTP status alone does not
//! tell a wrong password from a blocked address, for both are 401.

use std::time::Duration;

use serde::Deserialize;

use crate::de::{self, Object};
use crate::xml::Xml;

/// Failure of a request.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Error {
    /// Wrong name, password or token (1001, or another code with 401 or 422), or an expired token (498).
    #[error("refused")]
    Refused,
    /// A sign-in was rejected without a readable code (a bare 401). It says nothing about the password, but it may have been
    /// a guess.
    #[error("answered 401 and nothing that can be read")]
    RefusedWithoutCode,
    /// A verification code is required (1029).
    #[error("a verification code is wanted")]
    CodeWanted,
    /// The verification code is wrong (1028).
    #[error("wrong verification code")]
    WrongCode,
    /// The account signs in with its e-mail address only (1030).
    #[error("the account signs in with its e-mail address only")]
    EmailOnly,
    /// plex.tv blocks this machine's address for too many failed sign-ins (1031).
    #[error("this address has sent too many wrong passwords (1031)")]
    AddressBlocked,
    /// plex.tv does not know this link code, or no longer (1020).
    #[error("the link code is unknown or has expired")]
    UnknownCode,
    /// Too many requests (429, 1003), and how long to wait if plex.tv says so.
    #[error("too many requests")]
    RateLimited(Option<Duration>),
    /// The account may not do this (403 with a code).
    #[error("forbidden (code {0})")]
    Forbidden(u32),
    /// plex.tv cannot be reached: no connection to it, none that TLS accepts, no whole answer in time, or an error of its
    /// own servers (5xx). Who can make others see this without plex.tv being away, controls their network.
    #[error("{0}")]
    Unreachable(String),
    /// A sign-in had an error of plex.tv's own servers (5xx): [`Error::Unreachable`], but there was an answer, which what a user
    /// typed may have provoked.
    #[error("{0}")]
    ServerError(String),
    /// Everything else: a response that cannot be read, or one without a code.
    #[error("{0}")]
    Unavailable(String),
}

impl Error {
    /// The kind of an answer that is no success. Only 401, 403 and 422 with a code that can be read are a refusal, and 498,
    /// which has no other use than an expired token; all else, an empty 404 of the edge or a page of HTML among it, says
    /// nothing about a person.
    pub(crate) fn of_answer(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let code = code(body);
        match (status, code) {
            (429, _) | (_, Some(1003)) => Self::RateLimited(retry_after),
            (401, Some(1028)) => Self::WrongCode,
            (401, Some(1029)) => Self::CodeWanted,
            (401, Some(1030)) => Self::EmailOnly,
            (401, Some(1031)) => Self::AddressBlocked,
            (401 | 422, Some(_)) | (498, _) => Self::Refused,
            (404, Some(1020)) => Self::UnknownCode,
            (403, Some(code)) => Self::Forbidden(code),
            (410, _) => Self::Unavailable("answered 410: plex.tv no longer offers this; look for an update".into()),
            (300..=399, _) => Self::Unavailable(format!("answered with a redirect ({status}), which is not followed")),
            (500..=599, Some(code)) => Self::Unreachable(format!("answered {status}, code {code}")),
            (500..=599, None) => Self::Unreachable(format!("answered {status} and nothing that can be read")),
            (_, Some(code)) => Self::Unavailable(format!("answered {status}, code {code}")),
            (_, None) => Self::Unavailable(format!("answered {status} and nothing that can be read")),
        }
    }
}

/// The error code in a body: `{"errors":[{"code":1001,…}]}` or `<errors><error code="1001"/></errors>`.
pub(crate) fn code(body: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Object<Entry>>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(deserialize_with = "de::number")]
        code: Option<u64>,
    }
    let narrow = |code: u64| u32::try_from(code).ok();
    if let Ok(Object(Errors { errors })) = serde_json::from_slice(body) {
        return errors.first().and_then(|Object(entry)| entry.code).and_then(narrow);
    }
    let mut code = None;
    Xml::clean(body).elements(|_, element| {
        if code.is_none() && element.is("error") {
            code = Some(element.fields(&["code"]).and_then(|fields| fields.get("code")?.parse().ok()));
        }
    })?;
    code.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P8: 498 is an expired token, whatever its body.
    #[test]
    fn every_response_maps_to_its_error() {
        let json = |code: u32| format!("{{\"errors\":[{{\"code\":{code},\"message\":\"m\"}}]}}");
        let xml =
            |code: u32| format!("<?xml version=\"1.0\"?><errors><error code=\"{code}\" status=\"401\"/></errors>");
        let cases = [
            (401, json(1001), Error::Refused),
            (401, xml(1001), Error::Refused),
            (401, json(1028), Error::WrongCode),
            (401, xml(1029), Error::CodeWanted),
            (401, json(1030), Error::EmailOnly),
            (401, json(1031), Error::AddressBlocked),
            (401, "<errors><error code=\"1001\"/><error code=\"1031\"/></errors>".into(), Error::Refused),
            (401, "<errors code=\"1031\"><error code=\"1001\"/></errors>".into(), Error::Refused),
            (401, "{\"errors\":[{\"code\":\"1031\"}]}".into(), Error::AddressBlocked),
            (422, json(1998), Error::Refused),
            (498, json(1001), Error::Refused),
            (498, String::new(), Error::Refused),
            (498, "<html>498</html>".into(), Error::Refused),
            (404, json(1020), Error::UnknownCode),
            (403, json(1041), Error::Forbidden(1041)),
            (429, json(1003), Error::RateLimited(None)),
            (429, String::new(), Error::RateLimited(None)),
        ];
        for (status, body, expected) in cases {
            assert_eq!(Error::of_answer(status, None, body.as_bytes()), expected, "{status} {body}");
        }
    }

    #[test]
    fn r36_a_response_without_a_readable_code_is_an_outage() {
        let bodies = [
            "",
            "<html>401</html>",
            "{}",
            "{\"errors\":[]}",
            "{\"errors\":[{\"code\":null}]}",
            "{\"errors\"",
            "\u{0}",
            "[[[1001]]]",
        ];
        for status in [301, 400, 401, 403, 404, 410, 418, 422, 500, 502, 503] {
            for body in bodies {
                let error = Error::of_answer(status, None, body.as_bytes());
                // R69: only plex.tv's own servers can say that they are out of order.
                let expected = if status >= 500 {
                    matches!(error, Error::Unreachable(_))
                } else {
                    matches!(error, Error::Unavailable(_))
                };
                assert!(expected, "{status} {body}: {error:?}");
            }
        }
    }
}
