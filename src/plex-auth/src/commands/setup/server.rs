//! Which server counts: one that belongs to whoever signed in.

use std::time::Instant;

use plex::Resource;

use super::local_server::LocalServer;
use super::owner::Owner;
use super::plex_errors::explain;
use crate::client::plex_tv::QUESTION;
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal::{ask, say};

/// A server of the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its machine id.
    pub machine_id: String,
    /// What it is called, fit for a screen.
    pub name: String,
}

/// Chooses it: the one that was asked for, the one that counts already, the local one, the only one; or asks.
///
/// # Errors
/// When there is none, or nobody to say which.
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
    let sign_in = "sign in as the server's owner: plex-auth setup --sign-in link";
    let not_theirs = |what: String| {
        let what = format!("{what} does not belong to {who}");
        if servers.is_empty() {
            Error::new(format!("{what}, who owns no Plex server")).hint(sign_in)
        } else {
            let theirs = commands(&servers);
            Error::new(what).hint(format!("{sign_in}; or take one of {who}'s servers:\n{theirs}"))
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
        [] => Err(Error::new(format!("{who} owns no Plex server")).hint(sign_in)),
        [only] => Ok(only.clone()),
        _ if interactive => by_number(&who, &servers),
        several => Err(Error::new(format!("{who} owns {} servers", several.len()))
            .hint(format!("say which one counts:\n{}", commands(several)))),
    }
}

/// The servers among somebody's devices that are their own. What a device says of itself is nobody's word but that of
/// whoever registered it, here the owner.
fn theirs(rows: &[Resource]) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for row in rows.iter().filter(|row| row.is_server() && row.owned) {
        let Some(machine_id) = row.client_identifier.clone() else { continue };
        if !servers.iter().any(|server| server.machine_id == machine_id) {
            let name = protocol::printable(row.name.as_deref().unwrap_or("unnamed"), 40);
            servers.push(Server { machine_id, name });
        }
    }
    servers
}

/// Names are not unique; one that two servers have says nothing.
fn by_id_or_name<'a>(servers: &'a [Server], wanted: &str) -> Option<&'a Server> {
    servers.iter().find(|server| server.machine_id == wanted).or_else(|| {
        let mut named = servers.iter().filter(|server| server.name == wanted);
        named.next().filter(|_| named.next().is_none())
    })
}

/// How each of them is asked for.
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
    fn only_servers_of_their_own_are_theirs_and_each_once() {
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
    fn a_name_that_two_servers_have_says_nothing_and_an_id_always_does() {
        let server = |id: &str, name: &str| Server { machine_id: id.into(), name: name.into() };
        let servers = [server("aaaaaaaa", "Den"), server("bbbbbbbb", "Den"), server("cccccccc", "aaaaaaaa")];
        let found = |wanted| by_id_or_name(&servers, wanted).map(|server| server.machine_id.as_str());
        assert_eq!((found("bbbbbbbb"), found("Den"), found("aaaaaaaa")), (Some("bbbbbbbb"), None, Some("aaaaaaaa")));
    }
}
