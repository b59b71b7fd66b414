//! `plex-auth logins`

mod follow;
mod rows;
mod view;

use std::process::ExitCode;

use clap::Args;
use system::accounts;

use self::view::{entries, latest, table};
use crate::accounts::local_accounts::canonical_name;
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::terminal::{note, warn};

/// Options of `plex-auth logins`.
#[derive(Debug, Args)]
pub(crate) struct LoginsArgs {
    /// Show only logins of this local account
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Show at most this many logins; plex-authd keeps the latest 500 accepted and 500 refused requests
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    pub count: u32,

    /// Keep running, and show new logins as they happen
    #[arg(short, long)]
    pub follow: bool,

    /// Print JSON, for programs: a list, or with --follow one object on each line
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(context: &Context, args: &LoginsArgs) -> Result<ExitCode, Error> {
    let entries = entries(context, u32::MAX)?;
    let user = args.user.as_deref().map(canonical_name);
    if let Some(user) = &user {
        report_missing(user, entries.iter().any(|entry| entry.user == *user))?;
    }
    let last = entries.first().map_or(0, |entry| entry.number);
    let rows = latest(entries, user.as_deref(), args.count);
    if args.follow {
        return follow::run(context, args.json, user.as_deref(), rows, last);
    }
    if args.json {
        json::print(&rows)?;
    } else if rows.is_empty() {
        note("No logins yet.");
    } else {
        table(&rows).print();
    }
    Ok(ExitCode::SUCCESS)
}

/// Reports an account that does not exist: a mistyped name, or an account that was removed since its logins.
fn report_missing(user: &str, has_logins: bool) -> Result<(), Error> {
    let shown = protocol::printable(user, protocol::MAX_NAME);
    match accounts::user(user) {
        Ok(Some(_)) => {}
        Ok(None) if has_logins => warn(format!("there is no local account '{shown}' any more")),
        Ok(None) => return Err(Error::new(format!("there is no local account '{shown}'"))),
        Err(why) => warn(format!("cannot look up the local account '{shown}': {why}")),
    }
    Ok(())
}
