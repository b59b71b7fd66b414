//! Checks of the connection to plex.tv: clock, name, network, certificate, and the media server.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::{Config, Source};
use plex::{SetupError, Token, Unreachable};
use policy::PlexUser;

use super::{media_server, token};
use crate::client::plex_tv::{CLIENT_ID, ClientError, Clients, QUESTION};
use crate::ui::check::Checks;

/// Largest difference to plex.tv's clock, in seconds.
const APART: u64 = 60;

/// Fix for a wrong clock.
const SET_CLOCK: &str = "run: timedatectl set-ntp true";

/// Checks plex.tv and the media server, and returns the owner, if plex.tv told.
pub(super) fn check(config: &Config, checks: &mut Checks) -> Option<PlexUser> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let unset = system::clock_is_behind();
    if unset {
        let what = "it is earlier than the build of plex-auth, so no certificate can be checked, and nobody but the owner has \
                    access";
        checks.error("clock", what, SET_CLOCK);
    }
    let clients = match Clients::of(config) {
        Ok(clients) => clients,
        Err(error) => {
            unusable(error, checks);
            return None;
        }
    };
    match clients.plain().reach(Instant::now() + QUESTION) {
        Ok(date) => {
            checks.ok("TLS", format!("{} answers, and its certificate is valid", config.plex_url));
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
        Source::Token(token) => token::check(config, &clients, &Token::from(token.expose()), checks),
        Source::Resources { .. } => None,
    };
    if let Some(url) = &config.server_url {
        media_server::check(config, &clients, url, checks);
    }
    owner
}

/// Reports a client that cannot be set up.
fn unusable(error: ClientError, checks: &mut Checks) {
    match error {
        ClientError::Identifier(error) => {
            let hint = error.fix().unwrap_or_else(|| format!("see: ls -l {CLIENT_ID}"));
            checks.error("client-id", error.to_string(), hint);
        }
        ClientError::Setup(SetupError::NoCertificates) => {
            checks.error("TLS", "no CA certificates found", "install the package ca-certificates");
        }
        ClientError::Setup(SetupError::CaFile(file, why)) => {
            checks.error("TLS", format!("{}: {why}", file.display()), "it must hold certificates in PEM form");
        }
        ClientError::Setup(error @ SetupError::Client(_)) => {
            checks.error("TLS", error.to_string(), "correct the file, or remove ca_file");
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
        Unreachable::Name(_) => checks.error("DNS", what, format!("getent hosts {host} has to answer: see /etc/resolv.conf")),
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
