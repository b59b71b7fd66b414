//! Choice of the server, among those of the owner.

use std::time::Instant;

use plex::Resource;
use url::Url;

use super::local_server::LocalServer;
use super::owner::Owner;
use super::plex_errors::explain;
use crate::client::plex_tv::{self, QUESTION};
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal::{ask, say};

/// Hint where the server is another account's, or the account does not show its servers.
pub(super) const SIGN_IN: &str = "sign in as the server's owner: plex-auth setup --sign-in link";

/// A server of the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its machine id.
    pub machine_id: String,
    /// Its name, for display.
    pub name: String,
    /// The https addresses that can be its `server_url`, as far as plex.tv shows them.
    pub addresses: Vec<Url>,
}

/// Chooses the requested server, the configured one, the local one, or the only one; otherwise asks.
///
/// # Errors
/// The owner has no such server, or several and there is no terminal for questions.
pub(crate) fn choose(
    owner: &Owner,
    asked_for: Option<&str>,
    existing: &Existing,
    local: Option<&LocalServer>,
    interactive: bool,
) -> Result<Server, Error> {
    let rows = owner.client.resources(&owner.token, Instant::now() + QUESTION).map_err(|error| explain(&error))?;
    let servers = theirs(&rows);
    let who = owner.name();
    let not_theirs = |what: String| {
        let what = format!("{what} does not belong to {who}");
        if servers.is_empty() {
            Error::new(format!("{what}, who owns no Plex server")).hint(SIGN_IN)
        } else {
            let theirs = commands(&servers);
            Error::new(what).hint(format!("{SIGN_IN}; or take one of {who}'s servers:\n{theirs}"))
        }
    };
    let by = |wanted: &str| by_id_or_name(&servers, wanted).cloned();
    if let Some(wanted) = asked_for {
        return by(wanted).ok_or_else(|| not_theirs(format!("the server {}", protocol::printable(wanted, 64))));
    }
    if let Some(wanted) = existing.text_of("machine_id") {
        return by(wanted).ok_or_else(|| not_theirs("the server in the configuration (machine_id)".into()));
    }
    if let Some(local) = local {
        let what = || format!("the server at {}", local.url);
        return by(&local.machine_id).ok_or_else(|| not_theirs(what()));
    }
    match servers.as_slice() {
        [] => Err(Error::new(format!("{who} owns no Plex server")).hint(SIGN_IN)),
        [only] => Ok(only.clone()),
        _ if interactive => by_number(&who, &servers),
        several => Err(Error::new(format!("{who} owns {} servers", several.len()))
            .hint(format!("select one:\n{}", commands(several)))),
    }
}

/// The owner's own servers among their devices. A row says what the user who registered the device claimed: here, the owner.
fn theirs(rows: &[Resource]) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for row in rows.iter().filter(|row| row.is_server() && row.owned) {
        let Some(machine_id) = row.client_identifier.clone() else { continue };
        if !servers.iter().any(|server| server.machine_id == machine_id) {
            let name = protocol::printable(row.name.as_deref().unwrap_or("unnamed"), 40);
            let addresses = plex_tv::server_addresses(row);
            servers.push(Server { machine_id, name, addresses });
        }
    }
    servers
}

/// Finds a server by id, or by a name that only one server has.
fn by_id_or_name<'a>(servers: &'a [Server], wanted: &str) -> Option<&'a Server> {
    servers.iter().find(|server| server.machine_id == wanted).or_else(|| {
        let mut named = servers.iter().filter(|server| server.name == wanted);
        named.next().filter(|_| named.next().is_none())
    })
}

/// Options that choose each server.
fn commands(servers: &[Server]) -> String {
    let line =
        |server: &Server| format!("    --machine {}  ({})", protocol::printable(&server.machine_id, 64), server.name);
    servers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn by_number(who: &str, servers: &[Server]) -> Result<Server, Error> {
    say(format!("The servers of {who}:"));
    for (number, server) in servers.iter().enumerate() {
        say(format!("  {}  {:<20} {}", number + 1, server.name, protocol::printable(&server.machine_id, 64)));
    }
    loop {
        let answer = ask("Which one counts", Some("1"))?;
        let chosen = answer.parse::<usize>().ok().and_then(|number| servers.get(number.checked_sub(1)?));
        match chosen {
            Some(server) => return Ok(server.clone()),
            None => say(format!("Please answer with a number from 1 to {}.", servers.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn only_owned_servers_are_listed_and_each_once() {
        let rows = br#"[
            {"clientIdentifier":"aaaaaaaa","name":"Den\u001b[2J","provides":"server","owned":true},
            {"clientIdentifier":"aaaaaaaa","name":"Again","provides":"server","owned":true},
            {"clientIdentifier":"bbbbbbbb","name":"A friend's","provides":"server","owned":false,"ownerId":2},
            {"clientIdentifier":"cccccccc","name":"Phone","provides":"client,player","owned":true},
            {"name":"None","provides":"server","owned":true},
            {"clientIdentifier":"dddddddd","provides":"server,sync-target","owned":"1"}
        ]"#;
        let servers = theirs(&plex::parse::resources(rows).unwrap());
        let found: Vec<_> = servers.iter().map(|server| (server.machine_id.as_str(), server.name.as_str())).collect();
        assert_eq!(found, [("aaaaaaaa", "Den?[2J"), ("dddddddd", "unnamed")]);
    }

    #[test]
    fn a_server_is_found_by_id_or_by_a_unique_name() {
        let server = |id: &str, name: &str| Server { machine_id: id.into(), name: name.into(), addresses: Vec::new() };
        let servers = [server("aaaaaaaa", "Den"), server("bbbbbbbb", "Den"), server("cccccccc", "aaaaaaaa")];
        let found = |wanted| by_id_or_name(&servers, wanted).map(|server| server.machine_id.as_str());
        assert_eq!((found("bbbbbbbb"), found("Den"), found("aaaaaaaa")), (Some("bbbbbbbb"), None, Some("aaaaaaaa")));
    }
}
