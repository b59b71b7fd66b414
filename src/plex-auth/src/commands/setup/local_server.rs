//! Search for the Plex Media Server on this machine.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use plex::{Client, Identity, Token};
use url::Url;

use super::server_url::ServerUrl;
use crate::client::preferences::{self, Preferences, ServerToken};
use crate::error::Error;
use crate::ui::terminal;

/// Default address of the server.
const USUAL: &str = "http://127.0.0.1:32400";

/// Its port.
const USUAL_PORT: u16 = 32400;

/// Timeout: the server is on this machine or close to it.
pub(super) const ANSWER: Duration = Duration::from_secs(3);

/// A server that responded and is claimed.
pub(crate) struct LocalServer {
    /// Its URL.
    pub url: Url,
    /// Its machine id.
    pub machine_id: String,
    /// Its name, if its preferences are readable.
    pub name: Option<String>,
    /// Its own token, if its preferences are readable.
    pub token: Option<Token>,
}

impl LocalServer {
    /// The server's own token, if its preferences are readable.
    pub(crate) fn own_token(&self) -> Option<ServerToken> {
        let machine_id = self.machine_id.clone();
        self.token.clone().map(|token| ServerToken { machine_id, token })
    }
}

/// Searches at the address that the server is to confirm sign-ins at, otherwise at the default one.
///
/// # Errors
/// A server or a file named on the command line cannot be used.
pub(crate) fn find(
    client: &Client,
    at: Option<&ServerUrl>,
    preferences: Option<&Path>,
) -> Result<Option<LocalServer>, Error> {
    let Some((url, identity)) = answering(client, at, preferences)? else { return Ok(None) };
    let address = url.as_str().trim_end_matches('/');
    if !identity.claimed {
        terminal::warn(format!(
            "the Plex server at {address} has not been claimed yet, so it has no friends; \
             sign in to it once: {address}/web"
        ));
        return Ok(None);
    }
    let about = preferences::read(preferences)?;
    let same = about.filter(|about| about.machine_id.as_deref() == Some(identity.machine_identifier.as_str()));
    if same.is_none() && preferences.is_some() {
        return Err(Error::new(format!("--preferences is not of the server at {address}"))
            .hint("name the Preferences.xml of that server, or leave --preferences out"));
    }
    let (name, token) = same.map_or((None, None), |about| (about.name, about.token));
    Ok(Some(LocalServer { machine_id: identity.machine_identifier, name, token, url }))
}

/// Tests whether something listens at this address of plain http. A server that requires secure connections closes others
/// without an answer.
fn refuses_plain_http(url: &Url) -> bool {
    let addresses = url.socket_addrs(|| None).unwrap_or_default();
    url.scheme() == "http" && addresses.iter().any(|address| TcpStream::connect_timeout(address, ANSWER).is_ok())
}

/// The server's identity, and the address at which it has answered. A server that requires secure connections is found by the
/// name in its certificate, which its preferences show.
fn answering(
    client: &Client,
    at: Option<&ServerUrl>,
    preferences: Option<&Path>,
) -> Result<Option<(Url, Identity)>, Error> {
    let asked = |url: &Url| client.server_identity(url, Instant::now() + ANSWER);
    let usual = || Url::parse(USUAL).map_err(|error| Error::new(error.to_string()));
    let url = at.map_or_else(usual, |at| Ok(at.url.clone()))?;
    let error = match asked(&url) {
        Ok(identity) => return Ok(Some((url, identity))),
        Err(error) => error,
    };
    let is_given = at.is_some_and(|at| at.is_given);
    let hint = if refuses_plain_http(&url) {
        let name = secure_name(preferences);
        let secure = name.as_ref().and_then(|name| {
            Url::parse(&format!("https://{name}:{}", url.port_or_known_default().unwrap_or(USUAL_PORT))).ok()
        });
        if let Some(secure) = secure
            && let Ok(identity) = asked(&secure)
        {
            return Ok(Some((secure, identity)));
        }
        let name = name.unwrap_or_else(|| {
            "127-0-0-1.HASH.plex.direct (HASH is CertificateUUID in its Preferences.xml)".to_owned()
        });
        format!("if it accepts secure connections only, this name must lead to it: {name}")
    } else if is_given {
        "is it running, and does its name resolve here? or leave --server-url out".to_owned()
    } else if preferences.is_some() {
        "start the server, or leave --preferences out".to_owned()
    } else {
        return Ok(None);
    };
    let failure =
        Error::new(format!("no Plex Media Server answers at {}: {error}", url.as_str().trim_end_matches('/')));
    let failure = failure.hint(hint);
    if is_given || preferences.is_some() {
        return Err(failure);
    }
    terminal::warn(failure);
    Ok(None)
}

/// A name of this machine that is in the server's certificate: it is for names below plex.direct, not for 127.0.0.1.
fn secure_name(preferences: Option<&Path>) -> Option<String> {
    let Preferences { certificate, .. } = preferences::read(preferences).ok().flatten()?;
    certificate.map(|hash| format!("127-0-0-1.{hash}.plex.direct"))
}
