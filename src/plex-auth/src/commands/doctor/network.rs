//! The way to plex.tv: clock, name, network, certificate, token, and the owner's server.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::{Config, Source};
use plex::{Client, Error, Token, Unreachable};
use policy::{PlexId, PlexUser, reaches};

use super::checks::Findings;
use crate::client::plex_tv::{self, Place, QUESTION};

/// How far this clock may be from plex.tv's.
const APART: u64 = 60;

/// No machine that runs this has lived before 2024; a clock that says so was never set.
const YEAR_2024: u64 = 1_704_067_200;

/// What sets the clock.
const SET_CLOCK: &str = "run: timedatectl set-ntp true";

/// Everything about plex.tv, and about the media server; and the owner, if plex.tv said who that is.
pub(super) fn check(config: &Config, findings: &mut Findings) -> Option<PlexUser> {
    let place = Place {
        url: config.plex_url.clone(),
        ca_file: config.ca_file.clone(),
        connect: config.timeouts.connect,
        identifier: config.client_identifier.clone(),
    };
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let unset = now() < YEAR_2024;
    if unset {
        findings.bad("clock", "it was never set: it stands before 2024", SET_CLOCK);
    }
    let client = match plex_tv::client(place) {
        Ok(client) => client,
        Err(failure) => {
            match failure.into_parts() {
                (what, Some(mend)) => findings.bad("client-id", what, mend),
                (text, None) => {
                    let (what, mend) = text.split_once("; ").unwrap_or((&text, "mend the file, or remove ca_file"));
                    findings.bad("TLS", what, mend);
                }
            }
            return None;
        }
    };
    match client.reach(Instant::now() + QUESTION) {
        Ok(date) => {
            findings.good("TLS", format!("{} answers, and its certificate is good", config.plex_url));
            let there = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
            if !unset {
                clock(now(), there, findings);
            }
        }
        Err(why) => {
            unreachable(config, &why, findings);
            return None;
        }
    }
    let owner = match &config.source {
        Source::Token(token) => owner(config, &client, &Token::from(token.expose()), findings),
        Source::Resources { .. } => None,
    };
    if let Some(url) = &config.server_url {
        server(config, &client, url, findings);
    }
    owner
}

fn clock(here: u64, there: Option<u64>, findings: &mut Findings) {
    match there {
        Some(there) if here.abs_diff(there) > APART => {
            let how = if here > there { "ahead of" } else { "behind" };
            let by = humantime::format_duration(Duration::from_secs(here.abs_diff(there)));
            findings.warn("clock", format!("it is {by} {how} plex.tv's"), SET_CLOCK);
        }
        Some(_) => findings.good("clock", "it agrees with plex.tv's"),
        None => findings.good("clock", "it is set (plex.tv does not say its own)"),
    }
}

fn unreachable(config: &Config, why: &Unreachable, findings: &mut Findings) {
    let host = config.plex_url.host_str().unwrap_or("plex.tv");
    let what = format!("{}: {why}", config.plex_url);
    match why {
        Unreachable::Name(_) => findings.bad("DNS", what, format!("run: getent hosts {host}; then mend /etc/resolv.conf")),
        Unreachable::Certificate(_) => findings.bad(
            "TLS",
            what,
            "is the clock right, and is ca-certificates installed? Where the network inspects TLS, set ca_file to its CA",
        ),
        Unreachable::Late | Unreachable::Network(_) => {
            let port = config.plex_url.port_or_known_default().unwrap_or(443);
            findings.bad("network", what, format!("let this machine reach {host} port {port}: look at `ip route` and the firewall"));
        }
    }
}

/// Whose token it is, and whether the machine is theirs.
fn owner(config: &Config, client: &Client, token: &Token, findings: &mut Findings) -> Option<PlexUser> {
    let account = match client.account(token, Instant::now() + QUESTION) {
        Ok(account) => account,
        Err(Error::Refused | Error::Forbidden(_)) => {
            findings.bad("token", "plex.tv no longer takes it", "run: plex-auth setup");
            return None;
        }
        Err(error) => {
            findings.warn(
                "token",
                format!("plex.tv does not say whose it is: {error}"),
                "run: plex-auth doctor, later",
            );
            return None;
        }
    };
    let name = account.username.clone().or_else(|| account.email.clone()).unwrap_or_else(|| "somebody".to_owned());
    let (id, person) = (account.id, account);
    let before = findings.count();
    if let Some(owner) = config.owner_id.filter(|owner| *owner != id) {
        let what = format!("it is {name}'s (Plex id {id}), and owner_id is {owner}");
        findings.bad("token", what, "run: plex-auth setup");
    }
    if let Some(admin) = config.admin_account.as_ref().filter(|admin| !person.goes_by(admin)) {
        let mend = format!("write admin_account = \"{name}\", or sign {admin} in: plex-auth setup");
        findings.warn(
            "token",
            format!("it is {name}'s, and admin_account names {admin}: {admin} does not come in"),
            mend,
        );
    }
    findings.good_unless(before, "token", format!("plex.tv takes it; it is {name}'s"));
    if let Some(machine_id) = &config.machine_id {
        machine(machine_id, id, &name, client, token, findings);
    }
    Some(person)
}

fn machine(id: &str, owner: PlexId, name: &str, client: &Client, token: &Token, findings: &mut Findings) {
    let rows = match client.resources(token, Instant::now() + QUESTION) {
        Ok(rows) => rows,
        Err(error) => {
            let what = format!("plex.tv does not say which servers {name} has: {error}");
            findings.warn("machine", what, "run: plex-auth doctor, later");
            return;
        }
    };
    let rows: Vec<_> = rows.into_iter().filter_map(|row| row.server_row()).collect();
    if reaches(id, owner, owner, &rows).is_ok() {
        findings.good("machine", format!("{id} is {name}'s server"));
    } else {
        findings.bad(
            "machine",
            format!("{name} has no server {id}: nobody but {name} comes in"),
            "run: plex-auth setup",
        );
    }
}

/// Whether the media server's address leads to the server that counts.
fn server(config: &Config, client: &Client, url: &url::Url, findings: &mut Findings) {
    let identity = match client.server_identity(url, Instant::now() + QUESTION) {
        Ok(identity) => identity,
        Err(error) => {
            let mend = "run: systemctl start plexmediaserver (or mend server_url; until then plex.tv alone is asked)";
            findings.warn("media server", format!("{url} does not answer: {error}"), mend);
            return;
        }
    };
    let found = protocol::printable(&identity.machine_identifier, 64);
    if config.machine_id.as_deref() != Some(&identity.machine_identifier) {
        let what = format!("{url} is another server: {found}");
        findings.bad("media server", what, "mend server_url or machine_id: plex-auth setup");
    } else if identity.claimed {
        findings.good("media server", format!("{url} is the server that counts"));
    } else {
        let mend = format!("claim it: sign in at {url}web; until then its word does not count");
        findings.bad("media server", format!("{url} belongs to nobody, and lets everybody in as its owner"), mend);
    }
}
