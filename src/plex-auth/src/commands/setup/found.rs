//! The owner and the server, found before the questions about friends.

use super::confirmation::Confirmation;
use super::local_server::LocalServer;
use super::owner::Owner;
use super::questions::Asking;
use super::server::Server;
use super::{local_server, named_server, server, sign_in};
use crate::client::plex_tv::Clients;
use crate::error::Error;
use crate::ui::terminal::{self, Status, say};

/// The owner and the server.
pub(super) struct Found {
    /// The media server on this machine.
    pub local: Option<LocalServer>,
    /// The owner, signed in.
    pub owner: Owner,
    /// The server that counts.
    pub server: Server,
    /// Whether the media server is to confirm sign-ins.
    pub confirmation: Confirmation,
}

impl Found {
    /// Finds the local server, signs the owner in and selects the server.
    ///
    /// # Errors
    /// There is no owner or no server.
    pub(super) fn read(clients: &Clients, asking: Asking) -> Result<Self, Error> {
        let Asking { args, existing, interactive } = asking;
        let confirmation = Confirmation::of(asking)?;
        let local = {
            let _spinner = terminal::spinner("Looking for a Plex server here");
            local_server::find(clients.plain(), confirmation.address(), args.preferences.as_deref())?
        };
        if let Some(local) = &local {
            let name = local.name.as_deref().map(|name| format!("{}, ", protocol::printable(name, 40)));
            good(format!(
                "Plex Media Server: {}{}",
                name.unwrap_or_default(),
                local.url.as_str().trim_end_matches('/')
            ));
        }
        let owner = sign_in::owner(clients, asking, local.as_ref())?;
        good(format!("The owner: {}, by {}", owner.name(), owner.how));
        let machine = args.machine.as_deref();
        let server = if owner.may_use_v2 {
            server::choose(&owner, machine, existing, local.as_ref(), interactive)?
        } else {
            named_server::choose(&owner, machine, existing, local.as_ref())?
        };
        good(format!("The server: {}", server.name));
        Ok(Self { local, owner, server, confirmation })
    }
}

/// Prints something that is done or known.
pub(super) fn good(text: impl std::fmt::Display) {
    say(format!("{} {text}", Status::Ok.shown()));
}
