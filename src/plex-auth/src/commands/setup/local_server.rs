//! Search for the Plex Media Server on this machine.

use std::path::Path;
use std::time::{Duration, Instant};

use plex::{Client, Token};
use url::Url;

use crate::error::Error;
use crate::ui::terminal;

/// Default address of the server.
const USUAL: &str = "http://127.0.0.1:32400";

/// Timeout: the server is on this machine or close to it.
const ANSWER: Duration = Duration::from_secs(3);

/// A server that responded and is claimed.
pub(crate) struct LocalServer {
    /// Its URL.
    pub url: Url,
    /// Its machine id.
    pub machine_id: String,
    /// Its name, if its preferences are readable.
    pub name: Option<String>,
    /// Its owner's token, if its preferences are readable.
    pub token: Option<Token>,
}

/// Searches at the given address, at the configured one, and at the default one.
///
/// # Errors
/// A server or a file named on the command line cannot be used.
pub(crate) fn find(
    client: &Client,
    given: Option<&str>,
    configured: Option<&str>,
    preferences: Option<&Path>,
) -> Result<Option<LocalServer>, Error> {
    let address = given.or(configured).unwrap_or(USUAL);
    let url = config::server_url(address)
        .map_err(|mistake| Error::new(format!("--server-url {address}: {}", mistake.what())).hint(mistake.hint()))?;
    let answer = client.server_identity(&url, Instant::now() + ANSWER);
    let identity = match (answer, given) {
        (Ok(identity), _) => identity,
        (Err(error), Some(_)) => {
            return Err(Error::new(format!("no Plex Media Server answers at {address}: {error}"))
                .hint("is it running? systemctl status plexmediaserver; or leave --server-url out"));
        }
        (Err(_), None) if preferences.is_none() => return Ok(None),
        (Err(error), None) => {
            return Err(Error::new(format!("no Plex Media Server answers at {address}: {error}"))
                .hint("start the server, or say where it is: --server-url http://127.0.0.1:PORT"));
        }
    };
    if !identity.claimed {
        terminal::warn(format!(
            "the Plex server at {address} belongs to nobody yet, so it cannot say who its friends are; \
             sign in to it once: {address}/web"
        ));
        return Ok(None);
    }
    let about = super::preferences::read(preferences)?;
    let same = about.filter(|about| about.machine_id.as_deref() == Some(identity.machine_identifier.as_str()));
    if same.is_none() && preferences.is_some() {
        return Err(Error::new(format!("--preferences is not of the server at {address}"))
            .hint("name the Preferences.xml of that server, or say where the other answers: --server-url"));
    }
    let (name, token) = same.map_or((None, None), |about| (about.name, about.token));
    Ok(Some(LocalServer { url, machine_id: identity.machine_identifier, name, token }))
}
