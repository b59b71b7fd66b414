//! `plex-auth forget`

use std::process::ExitCode;

use clap::Args;
use protocol::{AdminRequest, AdminResponse, KnownAccount, printable};
use system::accounts;

use crate::accounts::local_accounts::canonical_name;
use crate::client::daemon::{self, Daemon};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{note, say, warn};
use crate::ui::time;

/// Options of `plex-auth forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// The local account
    pub user: String,
}

// No confirmation: the next login restores it all, and until then fewer sign-ins are accepted, not more.
pub(crate) fn run(context: &Context, args: &ForgetArgs) -> Result<ExitCode, Error> {
    let name = canonical_name(&args.user);
    let user = printable(&name, protocol::MAX_NAME);
    let known = daemon::known_accounts(&context.socket)?.into_iter().find(|known| known.user == name);
    let AdminResponse::Forgotten(anything) = Daemon::open(&context.socket)?.ask(AdminRequest::Forget(name))? else {
        return Err(daemon::unexpected_reply());
    };
    match accounts::user(&args.user) {
        Ok(Some(_)) => {}
        Ok(None) => warn(format!("there is no local account '{user}'")),
        Err(why) => warn(format!("whether there is a local account '{user}' is not known: {why}")),
    }
    if anything {
        say(format!("Forgotten: all that plex-authd knew of {user}."));
        if let Some(known) = known {
            say(details(&known));
        }
        note("Its next login decides again whom it belongs to, or for a member of the group the next friend list.");
    } else {
        say(format!("plex-authd knew nothing of {user}."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sentences about what was known.
fn details(known: &KnownAccount) -> String {
    let id = known.plex_id.map_or_else(|| "no Plex account yet".to_owned(), |id| format!("Plex id {id}"));
    // A reference that is the id itself says no more.
    let name = known.reference.as_ref().filter(|name| known.plex_id.is_none_or(|id| **name != id.to_string()));
    let called = name.map(|name| format!(" (as {})", printable(name, 254))).unwrap_or_default();
    let last = known.last_login.map_or_else(|| "never".to_owned(), time::local);
    format!("It belonged to {id}{called}, last login {last}.\nWrong tries and a remembered password are gone too.")
}
