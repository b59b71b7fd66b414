//! Checks of the connection to plex.tv: clock, name, network, certificate, token, and the owner's server.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::{Config, Source};
use plex::{Client, Error, SetupError, Token, Unreachable};
use policy::{PlexId, PlexUser, reaches};

use crate::client::plex_tv::{self, CLIENT_ID, ClientError, Place, QUESTION};
use crate::ui::check::Checks;

/// Largest difference to plex.tv's clock, in seconds.
const APART: u64 = 60;

/// A clock before 2024, in seconds since 1970, was never set.
const YEAR_2024: u64 = 1_704_067_200;

/// Fix for a wrong clock.
const SET_CLOCK: &str = "run: timedatectl set-ntp true";

/// Checks plex.tv and the media server, and returns the owner, if plex.tv told.
pub(super) fn check(config: &Config, checks: &mut Checks) -> Option<PlexUser> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let unset = now() < YEAR_2024;
    if unset {
        checks.error("clock", "it was never set: it stands before 2024", SET_CLOCK);
    }
    let client = match plex_tv::client(Place::of(config)) {
        Ok(client) => client,
        Err(error) => {
            unusable(error, checks);
            return None;
        }
    };
    match client.reach(Instant::now() + QUESTION) {
        Ok(date) => {
            checks.ok("TLS", format!("{} answers, and its certificate is good", config.plex_url));
            let there = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
            if !unset {
                clock(now(), there, checks);
            }
        }
        Err(why) => {
            unreachable(config, &why, checks);
            return None;
        }
    }
    let owner = match &config.source {
        Source::Token(token) => owner(config, &client, &Token::from(token.expose()), checks),
        Source::Resources { .. } => None,
    };
    if let Some(url) = &config.server_url {
        server(config, &client, url, checks);
    }
    owner
}

/// Reports a client that cannot be set up.
fn unusable(error: ClientError, checks: &mut Checks) {
    match error {
        ClientError::Identifier(error) => {
            let hint = error.fix().unwrap_or_else(|| format!("run: ls -l {CLIENT_ID}"));
            checks.error("client-id", error.to_string(), hint);
        }
        ClientError::Setup(SetupError::NoCertificates) => {
            checks.error("TLS", "no CA certificates found", "install the package ca-certificates");
        }
        ClientError::Setup(SetupError::CaFile(file, why)) => {
            checks.error("TLS", format!("{}: {why}", file.display()), "it must hold certificates in PEM form");
        }
        ClientError::Setup(error @ SetupError::Client(_)) => {
            checks.error("TLS", error.to_string(), "mend the file, or remove ca_file");
        }
    }
}

fn clock(here: u64, there: Option<u64>, checks: &mut Checks) {
    match there {
        Some(there) if here.abs_diff(there) > APART => {
            let how = if here > there { "ahead of" } else { "behind" };
            let by = humantime::format_duration(Duration::from_secs(here.abs_diff(there)));
            checks.warning("clock", format!("it is {by} {how} plex.tv's"), SET_CLOCK);
        }
        Some(_) => checks.ok("clock", "it agrees with plex.tv's"),
        None => checks.ok("clock", "it is set (plex.tv does not say its own)"),
    }
}

fn unreachable(config: &Config, why: &Unreachable, checks: &mut Checks) {
    let host = config.plex_url.host_str().unwrap_or("plex.tv");
    let what = format!("{}: {why}", config.plex_url);
    match why {
        Unreachable::Name(_) => checks.error("DNS", what, format!("run: getent hosts {host}; then mend /etc/resolv.conf")),
        Unreachable::Certificate(_) => checks.error(
            "TLS",
            what,
            "is the clock right, and is ca-certificates installed? Where the network inspects TLS, set ca_file to its CA",
        ),
        Unreachable::Late | Unreachable::Network(_) => {
            let port = config.plex_url.port_or_known_default().unwrap_or(443);
            checks.error("network", what, format!("let this machine reach {host} port {port}: look at `ip route` and the firewall"));
        }
    }
}

/// Checks the token's account and the machine.
fn owner(config: &Config, client: &Client, token: &Token, checks: &mut Checks) -> Option<PlexUser> {
    let account = match client.account(token, Instant::now() + QUESTION) {
        Ok(account) => account,
        Err(Error::Refused | Error::Forbidden(_)) => {
            checks.error("token", "plex.tv no longer takes it", "run: plex-auth setup");
            return None;
        }
        Err(error) => {
            checks.warning(
                "token",
                format!("plex.tv does not say whose it is: {error}"),
                "run: plex-auth doctor, later",
            );
            return None;
        }
    };
    let name = account.username.clone().or_else(|| account.email.clone()).unwrap_or_else(|| "somebody".to_owned());
    let (id, person) = (account.id, account);
    let before = checks.count();
    if let Some(owner) = config.owner_id.filter(|owner| *owner != id) {
        let what = format!("it is {name}'s (Plex id {id}), and owner_id is {owner}");
        checks.error("token", what, "run: plex-auth setup");
    }
    if let Some(admin) = config.admin_account.as_ref().filter(|admin| !person.goes_by(admin)) {
        let hint = format!("write admin_account = \"{name}\", or sign {admin} in: plex-auth setup");
        checks.warning(
            "token",
            format!("it is {name}'s, and admin_account names {admin}: {admin} does not come in"),
            hint,
        );
    }
    checks.ok_unless(before, "token", format!("plex.tv takes it; it is {name}'s"));
    if let Some(machine_id) = &config.machine_id {
        machine(machine_id, id, &name, client, token, checks);
    }
    Some(person)
}

fn machine(id: &str, owner: PlexId, name: &str, client: &Client, token: &Token, checks: &mut Checks) {
    let rows = match client.resources(token, Instant::now() + QUESTION) {
        Ok(rows) => rows,
        Err(error) => {
            let what = format!("plex.tv does not say which servers {name} has: {error}");
            checks.warning("machine", what, "run: plex-auth doctor, later");
            return;
        }
    };
    let rows: Vec<_> = rows.into_iter().filter_map(|row| row.server_row()).collect();
    if reaches(id, owner, owner, &rows).is_ok() {
        checks.ok("machine", format!("{id} is {name}'s server"));
    } else {
        checks.error(
            "machine",
            format!("{name} has no server {id}: nobody but {name} comes in"),
            "run: plex-auth setup",
        );
    }
}

/// Checks that the media server's address leads to the configured server.
fn server(config: &Config, client: &Client, url: &url::Url, checks: &mut Checks) {
    let identity = match client.server_identity(url, Instant::now() + QUESTION) {
        Ok(identity) => identity,
        Err(error) => {
            let hint = "run: systemctl start plexmediaserver (or mend server_url; until then plex.tv alone is asked)";
            checks.warning("media server", format!("{url} does not answer: {error}"), hint);
            return;
        }
    };
    let found = protocol::printable(&identity.machine_identifier, 64);
    if config.machine_id.as_deref() != Some(&identity.machine_identifier) {
        let what = format!("{url} is another server: {found}");
        checks.error("media server", what, "mend server_url or machine_id: plex-auth setup");
    } else if identity.claimed {
        checks.ok("media server", format!("{url} is the server that counts"));
    } else {
        let hint = format!("claim it: sign in at {url}web; until then its word does not count");
        checks.error("media server", format!("{url} belongs to nobody, and lets everybody in as its owner"), hint);
    }
}
