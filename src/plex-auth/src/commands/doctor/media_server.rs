//! Checks of the media server that confirms sign-ins (`server_url`).

use std::time::Instant;

use config::{Config, Source};
use nix::unistd::{Uid, User};
use plex::Token;
use url::Url;

use super::listeners;
use crate::client::plex_tv::{self, Clients, QUESTION};
use crate::client::preferences;
use crate::ui::check::Checks;

const NAME: &str = "media server";

/// Checks that the address leads to the server that counts, and that nobody else can listen there.
pub(super) fn check(config: &Config, clients: &Clients, url: &Url, checks: &mut Checks) {
    if config.server_url_insecure {
        insecure(config, clients, url, checks);
    }
    let identity = match clients.plain().server_identity(url, Instant::now() + QUESTION) {
        Ok(identity) => identity,
        Err(error) => {
            let hint = "start the media server, or correct server_url: plex-auth setup --server-url auto; until then plex.tv decides \
                        alone";
            checks.warning(NAME, format!("{url} does not answer: {error}"), hint);
            return;
        }
    };
    let found = protocol::printable(&identity.machine_identifier, 64);
    if config.machine_id.as_deref() != Some(&identity.machine_identifier) {
        let what = format!("{url} is another server: {found}");
        checks.error(NAME, what, "correct server_url or machine_id: plex-auth setup");
    } else if identity.claimed {
        checks.ok(NAME, format!("{url} is the configured server"));
    } else {
        let hint = format!("claim it: sign in at {url}web; until then its answers are ignored");
        checks.error(NAME, format!("{url} belongs to no Plex account, and treats everyone as its owner"), hint);
    }
}

/// Warns about plain http, and names the user whose process is listening.
fn insecure(config: &Config, clients: &Clients, url: &Url, checks: &mut Checks) {
    let what = format!(
        "while the server is stopped, any local user can listen at {url}, refuse friends and get their tokens for the server \
         (server_url_insecure)"
    );
    let hint = match secure_address(config, clients) {
        Some(secure) => {
            let secure = secure.as_str().trim_end_matches('/').to_owned();
            format!("run: plex-auth setup --yes --pam=no --server-url {secure}")
        }
        None => "run: plex-auth setup --yes --pam=no --server-url auto".to_owned(),
    };
    checks.warning(NAME, what, hint);
    let port = url.port_or_known_default().unwrap_or_default();
    let server = preferences::user();
    // A container's port belongs to root.
    let strangers = listeners::users(port).into_iter().filter(|uid| !uid.is_root() && Some(*uid) != server);
    for uid in strangers.filter(|uid| server.is_some() || !is_the_packages(*uid)) {
        let what = format!("the process that listens on port {port} belongs to {}, not to the media server", name(uid));
        checks.error(NAME, what, format!("see what it is: ss -lntp 'sport = :{port}'"));
    }
}

/// True for the user of a distribution's package.
fn is_the_packages(uid: Uid) -> bool {
    ["plex", "plexmediaserver"].contains(&name(uid).as_str())
}

fn name(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| format!("uid {uid}"), |user| user.name)
}

/// The server's https address, as plex.tv shows it to the owner.
fn secure_address(config: &Config, clients: &Clients) -> Option<Url> {
    let (Source::Token(token), Some(identifier)) = (&config.source, config.client_identifier.as_deref()) else {
        return None;
    };
    let token = Token::from(token.expose());
    let rows = clients.for_owner(Some(identifier)).resources(&token, Instant::now() + QUESTION).ok()?;
    let is_it = |row: &&plex::Resource| row.owned && row.client_identifier == config.machine_id;
    plex_tv::server_addresses(rows.iter().find(is_it)?).into_iter().next()
}
