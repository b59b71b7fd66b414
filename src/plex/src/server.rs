//! A Plex Media Server on the local network.

use std::time::Instant;

use serde::Deserialize;
use url::Url;

use crate::body::json;
use crate::client::{send, with_token};
use crate::de::Object;
use crate::{Client, Error, Token, de};

/// What a server says of itself to anybody. It proves nothing about a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The machine id.
    pub machine_identifier: String,
    /// Whether it belongs to an account. An unclaimed server lets everybody in as its owner.
    #[serde(default, deserialize_with = "de::truth")]
    pub claimed: bool,
}

impl Client {
    /// Asks a server who it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`]
    pub fn server_identity(&self, server: &Url, deadline: Instant) -> Result<Identity, Error> {
        server_identity(&send(self.request_to(server, "/identity"), deadline)?.success()?)
    }

    /// Whether a server lets this token in. A server that lets everybody in says yes to any token, so a yes counts
    /// only beside a no to a token that cannot be good.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the server does not say.
    pub fn server_accepts(&self, server: &Url, token: &Token, deadline: Instant) -> Result<bool, Error> {
        let answer = send(with_token(self.request_to(server, "/"), token)?, deadline)?;
        // The refusal is a page of HTML without a code.
        if answer.status == 401 { Ok(false) } else { answer.success().map(|_| true) }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_what_it_calls_its_machine_id() {
        let claimed = |text: &str| server_identity(text.as_bytes()).ok().map(|server| server.claimed);
        assert_eq!(claimed(r#"{"MediaContainer":{"machineIdentifier":"a","claimed":true}}"#), Some(true));
        assert_eq!(claimed(r#"{"MediaContainer":{"machineIdentifier":"a"}}"#), Some(false));
        for text in [r#"{"MediaContainer":{}}"#, r#"{"MediaContainer":["a",true]}"#, r#"[{"machineIdentifier":"a"}]"#] {
            assert_eq!(claimed(text), None, "{text}");
        }
    }
}
