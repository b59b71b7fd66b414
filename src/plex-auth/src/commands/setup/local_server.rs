//! Search for the Plex Media Server on this machine.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use plex::{Client, Token};
use url::Url;

use crate::client::preferences::{self, Preferences, ServerToken};
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
    let identity = match client.server_identity(&url, Instant::now() + ANSWER) {
        Ok(identity) => identity,
        Err(error) => {
            let what = format!("no Plex Media Server answers at {address}: {error}");
            let secure = refuses_plain_http(&url).then(|| secure_address(&url, preferences));
            let hint = match (given, preferences, secure) {
                (_, _, Some(secure)) => format!("if it accepts secure connections only, {secure}"),
                (Some(_), ..) => {
                    "is it running? systemctl status plexmediaserver; or leave --server-url out".to_owned()
                }
                (None, Some(_), None) => {
                    "start the server, or say where it is: --server-url http://127.0.0.1:PORT".to_owned()
                }
                (None, None, None) => return Ok(None),
            };
            let failure = Error::new(what).hint(hint);
            if given.is_some() || preferences.is_some() {
                return Err(failure);
            }
            terminal::warn(failure);
            return Ok(None);
        }
    };
    if !identity.claimed {
        terminal::warn(format!(
            "the Plex server at {address} belongs to nobody yet, so it cannot say who its friends are; \
             sign in to it once: {address}/web"
        ));
        return Ok(None);
    }
    let about = preferences::read(preferences)?;
    let same = about.filter(|about| about.machine_id.as_deref() == Some(identity.machine_identifier.as_str()));
    if same.is_none() && preferences.is_some() {
        return Err(Error::new(format!("--preferences is not of the server at {address}"))
            .hint("name the Preferences.xml of that server, or say where the other answers: --server-url"));
    }
    let (name, token) = same.map_or((None, None), |about| (about.name, about.token));
    Ok(Some(LocalServer { url, machine_id: identity.machine_identifier, name, token }))
}

/// Tests whether something listens at this address of plain http. A server that requires secure connections closes others
/// without an answer.
fn refuses_plain_http(url: &Url) -> bool {
    let addresses = url.socket_addrs(|| None).unwrap_or_default();
    url.scheme() == "http" && addresses.iter().any(|address| TcpStream::connect_timeout(address, ANSWER).is_ok())
}

/// The option with the server's address for secure connections. Its certificate is for names below plex.direct, not for
/// 127.0.0.1.
fn secure_address(url: &Url, named: Option<&Path>) -> String {
    let port = url.port_or_known_default().unwrap_or(443);
    let certificate = preferences::read(named).ok().flatten().and_then(|Preferences { certificate, .. }| certificate);
    let option =
        |hash: &str| format!("name it by its certificate: --server-url https://127-0-0-1.{hash}.plex.direct:{port}");
    match certificate {
        Some(hash) => option(&hash),
        None => format!("{} (HASH is CertificateUUID in its Preferences.xml)", option("HASH")),
    }
}
