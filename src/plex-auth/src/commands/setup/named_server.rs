//! The server without a request to version 2 of plex.tv's interface, which lists the owner's servers: one that is named, by
//! the command line, the configuration or itself (R64).

use std::time::Instant;

use plex::ListError;

use super::local_server::LocalServer;
use super::owner::Owner;
use super::plex_errors::explain;
use super::server::{SIGN_IN, Server};
use crate::client::plex_tv::QUESTION;
use crate::config_file::existing::Existing;
use crate::error::Error;

/// The requested server, the configured one or the local one. Only its owner sees with whom it is shared, which proves that
/// a new one is the owner's.
///
/// # Errors
/// No server is named, or it is not the owner's.
pub(crate) fn choose(
    owner: &Owner,
    asked_for: Option<&str>,
    existing: &Existing,
    local: Option<&LocalServer>,
) -> Result<Server, Error> {
    let configured = existing.text_of("machine_id").map(|id| Server {
        machine_id: id.to_owned(),
        name: existing.comment_of("machine_id").unwrap_or_else(|| id.to_owned()),
        addresses: Vec::new(),
    });
    let local = local.filter(|local| config::machine_id(&local.machine_id).is_ok()).map(|local| {
        let name = local.name.as_deref().map(|name| protocol::printable(name, 40));
        let machine_id = local.machine_id.clone();
        Server { name: name.unwrap_or_else(|| machine_id.clone()), machine_id, addresses: Vec::new() }
    });
    let is = |wanted: &str, server: &Server| server.machine_id == wanted || server.name == wanted;
    let is_configured = |id: &str| configured.as_ref().is_some_and(|server| server.machine_id == id);
    let mut known = [&configured, &local].into_iter().flatten();
    let server = match asked_for {
        Some(wanted) => match known.find(|server| is(wanted, server)) {
            Some(server) => server.clone(),
            None => by_id(wanted)?,
        },
        None => known
            .next()
            .cloned()
            .ok_or_else(|| Error::new("no server was selected").hint(format!("name it: --machine ID; or {SIGN_IN}")))?,
    };
    if !is_configured(&server.machine_id) {
        prove(owner, &server)?;
    }
    Ok(server)
}

fn by_id(wanted: &str) -> Result<Server, Error> {
    let machine_id = config::machine_id(wanted).map_err(|mistake| {
        Error::new(format!("--machine {}: {}", protocol::printable(wanted, 64), mistake.what()))
            .hint(format!("{}; a name is known only after a sign-in: plex-auth setup --sign-in link", mistake.hint()))
    })?;
    Ok(Server { name: machine_id.clone(), machine_id, addresses: Vec::new() })
}

/// Checks that plex.tv shows the owner with whom the server is shared.
fn prove(owner: &Owner, server: &Server) -> Result<(), Error> {
    match owner.client.shared_servers(&owner.token, &server.machine_id, Instant::now() + QUESTION) {
        Ok(_) => Ok(()),
        Err(error @ (ListError::Gone(_) | ListError::Changed(_) | ListError::Request(plex::Error::Refused))) => {
            let (id, who) = (protocol::printable(&server.machine_id, 64), owner.name());
            Err(Error::new(format!("plex.tv does not show that the server {id} belongs to {who}: {error}"))
                .hint(SIGN_IN))
        }
        Err(ListError::Request(error)) => Err(explain(&error)),
    }
}
