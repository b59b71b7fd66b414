//! `plex-auth forget`

use std::process::ExitCode;

use clap::Args;
use protocol::{AdminRequest, AdminResponse, KnownAccount, printable};
use system::accounts;

use crate::accounts::local_accounts::canonical_name;
use crate::client::daemon::{self, Daemon};
use crate::client::origin;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{note, say, warn};
use crate::ui::time;

/// Options of `plex-auth forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// The local account
    #[arg(required_unless_present = "from")]
    pub user: Option<String>,

    /// Clear only the rate limits for this address: of the account, or of all accounts
    ///
    /// For a user who has to wait after wrong passwords. The account stays theirs. `plex-auth test` shows the addresses.
    #[arg(long, value_name = "ADDRESS", value_parser = origin::parse)]
    pub from: Option<String>,
}

// No confirmation: the next login restores it all, and until then fewer sign-ins are accepted, not more.
pub(crate) fn run(context: &Context, args: &ForgetArgs) -> Result<ExitCode, Error> {
    match (&args.user, &args.from) {
        (user, Some(from)) => pardon(context, user.as_deref(), from),
        (Some(user), None) => forget(context, user),
        (None, None) => Err(Error::new("name an account or an address").hint("see: plex-auth forget --help")),
    }
}

/// Clears what is held against an address, of one account or of all.
fn pardon(context: &Context, user: Option<&str>, from: &str) -> Result<ExitCode, Error> {
    let name = user.map(canonical_name);
    let shown = name.as_deref().map(|name| printable(name, protocol::MAX_NAME));
    let request = AdminRequest::Pardon { user: name, from: from.to_owned() };
    let AdminResponse::Forgotten(anything) = Daemon::open(&context.socket)?.ask(request)? else {
        return Err(daemon::unexpected_reply());
    };
    let subject = shown.map_or_else(|| from.to_owned(), |user| format!("{user} at {from}"));
    if anything {
        say(format!("Cleared the rate limits for {subject}. The next sign-in is not delayed."));
    } else {
        say(format!("No rate limit applied to {subject}."));
    }
    Ok(ExitCode::SUCCESS)
}

fn forget(context: &Context, user: &str) -> Result<ExitCode, Error> {
    let name = canonical_name(user);
    let shown = printable(&name, protocol::MAX_NAME);
    let known = daemon::known_accounts(&context.socket)?.into_iter().find(|known| known.user == name);
    let AdminResponse::Forgotten(anything) = Daemon::open(&context.socket)?.ask(AdminRequest::Forget(name))? else {
        return Err(daemon::unexpected_reply());
    };
    match accounts::user(user) {
        Ok(Some(_)) => {}
        Ok(None) => warn(format!("there is no local account '{shown}'")),
        Err(why) => warn(format!("whether there is a local account '{shown}' is not known: {why}")),
    }
    if anything {
        say(format!("Forgot everything that plex-authd knew about {shown}."));
        if let Some(known) = known {
            say(details(&known));
        }
        note(
            "The next login decides whom the account belongs to; for a member of the group, the next friend list does.",
        );
    } else {
        say(format!("plex-authd knew nothing about {shown}."));
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
    format!(
        "The account belonged to {id}{called}; last login: {last}.\n\
         Failed attempts and a cached password are deleted too."
    )
}
