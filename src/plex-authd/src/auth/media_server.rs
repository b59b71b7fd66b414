//! Optional confirmation by the Plex Media Server, after plex.tv has signed a friend in. It can refuse a login and never admits
//! one, and counts only if the server rejects an invalid token: servers can be configured to allow LAN clients without
//! authentication.
//!
//! With `server_url_insecure` any local user may be listening in the server's place. What crosses this connection is therefore two
//! requests that are the same for everyone, and the friend's token for this one server (R72): no password, no token that plex.tv
//! accepts, nothing about the owner, and no header that describes this machine.

use std::fmt;
use std::time::{Duration, Instant};

use plex::{Client, Error, Token};
use url::Url;

/// Time limit of all requests to the server.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The server at `server_url`.
pub(crate) struct MediaServer {
    pub url: Url,
    pub machine_id: String,
}

/// The server's answer about one user.
pub(crate) enum ServerAnswer {
    Accepts,
    Rejects,
    NoOpinion(NoOpinion),
}

/// Why the server's answer does not count; shown in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoOpinion {
    /// It is not the server `machine_id`.
    OtherServer,
    /// It accepts an invalid token.
    AcceptsAnyToken,
    /// plex.tv shows the user no token that is for this server alone.
    NoServerToken,
    /// No usable response; the error's text.
    NoAnswer(String),
}

impl From<Error> for NoOpinion {
    fn from(error: Error) -> Self {
        Self::NoAnswer(error.to_string())
    }
}

impl fmt::Display for NoOpinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherServer => f.write_str("server_url leads to another server than machine_id"),
            Self::AcceptsAnyToken => {
                f.write_str("the server accepts everyone on the local network, so its answer does not count")
            }
            Self::NoServerToken => {
                f.write_str("plex.tv shows no token for the server alone, and no other is sent to the server")
            }
            Self::NoAnswer(why) => write!(f, "the server does not answer: {why}"),
        }
    }
}

impl MediaServer {
    /// Presents the user's token for the server. `server_token` fetches it from plex.tv, after the server has rejected an
    /// invalid one.
    ///
    /// # Errors
    /// Those of `server_token`.
    pub(crate) fn accepts<E>(
        &self,
        client: &Client,
        deadline: Instant,
        server_token: impl FnOnce() -> Result<Option<Token>, E>,
    ) -> Result<ServerAnswer, E> {
        let deadline = deadline.min(Instant::now() + TIMEOUT);
        if let Err(why) = self.rejects_invalid_tokens(client, deadline) {
            return Ok(ServerAnswer::NoOpinion(why));
        }
        let Some(token) = server_token()? else { return Ok(ServerAnswer::NoOpinion(NoOpinion::NoServerToken)) };
        Ok(match client.server_accepts(&self.url, &token, deadline.max(Instant::now() + TIMEOUT / 3)) {
            Ok(true) => ServerAnswer::Accepts,
            Ok(false) => ServerAnswer::Rejects,
            Err(error) => ServerAnswer::NoOpinion(error.into()),
        })
    }

    fn rejects_invalid_tokens(&self, client: &Client, deadline: Instant) -> Result<(), NoOpinion> {
        if client.server_identity(&self.url, deadline)?.machine_identifier != self.machine_id {
            return Err(NoOpinion::OtherServer);
        }
        let accepts = client.server_accepts(&self.url, &Token::invalid(), deadline)?;
        if accepts { Err(NoOpinion::AcceptsAnyToken) } else { Ok(()) }
    }
}
