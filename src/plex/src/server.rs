//! A Plex Media Server on the local network.

use std::time::Instant;

use reqwest::blocking::RequestBuilder;
use serde::Deserialize;
use url::Url;

use crate::body::json;
use crate::client::with_token;
use crate::de::Object;
use crate::{Client, Error, Token, de};

/// Identity of a server, which it shows to anyone. It proves nothing about a user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The machine id.
    pub machine_identifier: String,
    /// True if it belongs to an account. An unclaimed server gives anyone the owner's access.
    #[serde(default, deserialize_with = "de::bool")]
    pub claimed: bool,
}

impl Client {
    /// Requests the identity of a server.
    ///
    /// # Errors
    /// [`Error::Unavailable`]
    pub fn server_identity(&self, server: &Url, deadline: Instant) -> Result<Identity, Error> {
        server_identity(&self.send(self.identity_request(server), deadline)?.success()?)
    }

    /// True if a server accepts this token. A server may accept any token from the local network, so this counts only if it
    /// rejects an invalid one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the server does not say.
    pub fn server_accepts(&self, server: &Url, token: &Token, deadline: Instant) -> Result<bool, Error> {
        let answer = self.send(self.front_page_request(server, token)?, deadline)?;
        // The refusal is a page of HTML without a code.
        if answer.status == 401 { Ok(false) } else { answer.success().map(|_| true) }
    }

    pub(crate) fn identity_request(&self, server: &Url) -> RequestBuilder {
        self.request_to(server, "/identity")
    }

    pub(crate) fn front_page_request(&self, server: &Url, token: &Token) -> Result<RequestBuilder, Error> {
        with_token(self.request_to(server, "/"), token)
    }
}

/// Parses the identity of a server.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn server_identity(body: &[u8]) -> Result<Identity, Error> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "MediaContainer")]
        container: Object<Identity>,
    }
    let Object(Body { container: Object(identity) }) = json(body, "the answer is no Plex Media Server's")?;
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_server_is_identified_by_its_machine_identifier() {
        let claimed = |text: &str| server_identity(text.as_bytes()).ok().map(|server| server.claimed);
        assert_eq!(claimed(r#"{"MediaContainer":{"machineIdentifier":"a","claimed":true}}"#), Some(true));
        assert_eq!(claimed(r#"{"MediaContainer":{"machineIdentifier":"a"}}"#), Some(false));
        for text in [r#"{"MediaContainer":{}}"#, r#"{"MediaContainer":["a",true]}"#, r#"[{"machineIdentifier":"a"}]"#] {
            assert_eq!(claimed(text), None, "{text}");
        }
    }
}
