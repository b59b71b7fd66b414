//! Proof that the server is the owner's. A list of devices shows whatever the user who registered them claimed, a copied machine
//! id among it; with whom a server is shared, plex.tv shows only its owner.

use super::owner::Owner;
use super::questions::Asking;
use super::server::Server;
use crate::client::friends::Friends;
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal::{confirm, warn};

/// Asks about the server when plex.tv does not show its shares, unless the configuration names it and its owner. The local
/// server's word proves nothing: its user can write its preferences, token and machine id among them.
///
/// # Errors
/// There is no proof, and nobody to ask or who confirms.
pub(crate) fn of_server(asking: Asking, owner: &Owner, server: &Server, friends: &Friends) -> Result<(), Error> {
    let (why, from) = match (friends.second_source(), friends.incomplete()) {
        (Some(why), _) => (why, "; the friend list is from the second source"),
        (None, Some(why)) => (why, ""),
        (None, None) => return Ok(()),
    };
    let why = protocol::printable(why, 300);
    warn(format!("plex.tv does not list the users with whom {} is shared: {why}{from}", server.name));
    if is_known(asking.existing, owner, server) {
        return Ok(());
    }
    let (who, name) = (owner.name(), &server.name);
    if asking.interactive && confirm(&format!("Does the server {name} belong to {who}?"), false)? {
        return Ok(());
    }
    Err(Error::new(format!("plex.tv does not prove that the server {name} belongs to {who}: {why}"))
        .hint("run it at a terminal without --yes and confirm"))
}

fn is_known(existing: &Existing, owner: &Owner, server: &Server) -> bool {
    existing.number_of("owner_id") == Some(owner.account.id.0)
        && existing.text_of("machine_id") == Some(&server.machine_id)
}
