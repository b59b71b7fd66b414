//! The Plex Media Server on the local network, asked whether it lets somebody in with the token that plex.tv gave them for
//! it. Its word counts only while it says no to a token that cannot be good: a server may be set to let everybody on
//! the local network in.

use std::time::{Duration, Instant};

use plex::{Client, Error, Token};
use url::Url;

/// How long the server may take for all that it is asked.
const PATIENCE: Duration = Duration::from_secs(3);

/// A token that no server can know.
const BOGUS: &str = "plex-auth-asks-whether-you-say-no";

/// The server to ask.
pub(crate) struct MediaServer {
    pub url: Url,
    pub machine_id: String,
}

/// What the server says.
pub(crate) enum ServerAnswer {
    /// It lets them in.
    Accepts,
    /// It does not.
    Rejects,
    /// Nothing that counts, and why.
    NoOpinion(String),
}

impl MediaServer {
    /// Asks the server, with the token that `token_for_it` gets from plex.tv once it is known that the answer will count.
    ///
    /// # Errors
    /// Those of `token_for_it`.
    pub(crate) fn ask<E>(
        &self,
        client: &Client,
        deadline: Instant,
        token_for_it: impl FnOnce() -> Result<Option<Token>, E>,
    ) -> Result<ServerAnswer, E> {
        let deadline = deadline.min(Instant::now() + PATIENCE);
        if let Err(why) = self.can_say_no(client, deadline) {
            return Ok(ServerAnswer::NoOpinion(why));
        }
        let Some(token) = token_for_it()? else { return Ok(ServerAnswer::Rejects) };
        Ok(match client.server_accepts(&self.url, &token, deadline.max(Instant::now() + PATIENCE / 3)) {
            Ok(true) => ServerAnswer::Accepts,
            Ok(false) => ServerAnswer::Rejects,
            Err(error) => ServerAnswer::NoOpinion(off(&error)),
        })
    }

    fn can_say_no(&self, client: &Client, deadline: Instant) -> Result<(), String> {
        let identity = client.server_identity(&self.url, deadline).map_err(|error| off(&error))?;
        if identity.machine_identifier != self.machine_id {
            return Err("server_url leads to another server than machine_id".into());
        }
        match client.server_accepts(&self.url, &Token::from(BOGUS), deadline) {
            Ok(false) => Ok(()),
            Ok(true) => Err("the server lets everybody on the local network in, so its word does not count".into()),
            Err(error) => Err(off(&error)),
        }
    }
}

fn off(error: &Error) -> String {
    format!("the server does not answer: {error}")
}
