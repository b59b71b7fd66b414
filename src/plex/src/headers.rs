//! Headers that describe a client to plex.tv. plex.tv writes them into the record of the device that a token was issued to,
//! so a token of unknown origin, which may be the media server's own, is sent without any that could change that record.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::Error;

const IDENTIFIER: HeaderName = HeaderName::from_static("x-plex-client-identifier");
const PRODUCT: HeaderName = HeaderName::from_static("x-plex-product");
const DEVICE_NAME: HeaderName = HeaderName::from_static("x-plex-device-name");

/// Name of this program in a user's list of devices.
const PLEX_AUTH: &str = "plex-auth";

/// Name of a media server there.
const MEDIA_SERVER: &str = "Plex Media Server";

/// Path of the endpoints that answer 400 to a request without an identifier.
const V2: &str = "/api/v2/";

/// The identifier that a text holds, with or without a line break behind it, if it can be one.
#[must_use]
pub fn client_id(text: &str) -> Option<&str> {
    let plain = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    Some(text.trim()).filter(plain)
}

/// The headers of a client, by the path of the request.
#[derive(Debug, Clone)]
pub(crate) struct Headers {
    v2: HeaderMap,
    /// For older endpoints.
    other: HeaderMap,
}

impl Headers {
    /// A device that is described in full, as sign-ins and link codes need it.
    pub(crate) fn device(identifier: &str, name: &str) -> Self {
        let mut all = identity(identifier, PLEX_AUTH);
        all.insert(DEVICE_NAME, value(name));
        let program =
            [("x-plex-version", env!("CARGO_PKG_VERSION")), ("x-plex-platform", "Linux"), ("x-plex-device", "Linux")];
        all.extend(program.map(|(name, text)| (HeaderName::from_static(name), HeaderValue::from_static(text))));
        Self { v2: all.clone(), other: all }
    }

    /// The holder of a token that was issued to `identifier`, or to an unknown device. The latter is identified, by `fallback`,
    /// only where plex.tv requires it.
    pub(crate) fn holder(identifier: Option<&str>, fallback: &str) -> Self {
        let named = |identifier: &str| identity(identifier, PLEX_AUTH);
        Self { v2: named(identifier.unwrap_or(fallback)), other: identifier.map(named).unwrap_or_default() }
    }

    /// Headers of a media server, as it sends them about itself.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the machine id cannot be one.
    pub(crate) fn media_server(machine_id: &str) -> Result<Self, Error> {
        // Another identifier would make another device of the server's token.
        let id = client_id(machine_id).ok_or_else(|| Error::Unavailable("this is no machine id".into()))?;
        let server = identity(id, MEDIA_SERVER);
        Ok(Self { v2: server.clone(), other: server })
    }

    /// The headers of a request to plex.tv.
    pub(crate) fn of(&self, path: &str) -> &HeaderMap {
        if path.starts_with(V2) { &self.v2 } else { &self.other }
    }
}

/// The formats of an answer that this crate reads: older endpoints have XML only.
pub(crate) fn accept(path: &str) -> HeaderValue {
    HeaderValue::from_static(if path.starts_with(V2) { "application/json" } else { "application/xml" })
}

fn identity(identifier: &str, product: &'static str) -> HeaderMap {
    [(IDENTIFIER, value(identifier)), (PRODUCT, HeaderValue::from_static(product))].into_iter().collect()
}

/// A host name that no header can carry is not worth a failed start.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(PLEX_AUTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn an_identifier_has_8_to_64_letters_digits_and_hyphens() {
        let longest = "x".repeat(64);
        for id in ["0123-abC", "--------", &longest] {
            assert_eq!(client_id(id), Some(id));
            assert_eq!(client_id(&format!("{id}\n")), Some(id), "with a line break");
        }
        let long = "x".repeat(65);
        for other in ["", "0123abc", "0123 abcd", "0123_abcd", "0123/abcd", "0123\nabcd", "0123abcdä", &long] {
            assert_eq!(client_id(other), None, "{other:?}");
        }
    }

    #[test]
    fn r64_the_holder_of_a_token_of_unknown_origin_describes_no_device() {
        let (v1, v2, both) = ("/api/users", "/api/v2/user", ["x-plex-client-identifier", "x-plex-product"]);
        let identifier = |headers: &Headers, path| headers.of(path).get(IDENTIFIER).cloned();
        let unknown = Headers::holder(None, "fallback");
        assert!(unknown.of(v1).is_empty());
        assert_eq!((names(unknown.of(v2)), identifier(&unknown, v2)), (both.to_vec(), Some(value("fallback"))));
        let known = Headers::holder(Some("ours"), "fallback");
        for path in [v1, v2, "/api/servers/m/shared_servers"] {
            assert_eq!(
                (names(known.of(path)), identifier(&known, path)),
                (both.to_vec(), Some(value("ours"))),
                "{path}"
            );
        }
        let device = Headers::device("ours", "host");
        assert_eq!((names(device.of(v1)), names(device.of(v2)).len()), (names(device.of(v2)), 6));
    }
}
