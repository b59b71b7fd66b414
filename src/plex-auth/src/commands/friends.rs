//! `plex-auth friends`: the owner's friends and their local accounts.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use policy::{PlexId, PlexUser};
use protocol::KnownAccount;
use serde::Serialize;

use crate::accounts::local_accounts::{self, Local};
use crate::client::daemon;
use crate::client::friends::{Friends, name};
use crate::client::known_binding::KnownBinding;
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::table::{NOTHING, Table};
use crate::ui::terminal::{data, warn};
use crate::ui::time;

/// Text of a column whose value could not be determined.
const UNKNOWN: &str = "unknown";

/// Options of `plex-auth friends`.
#[derive(Debug, Args)]
pub(crate) struct FriendsArgs {
    /// Print JSON, for programs
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values, for spreadsheets
    #[arg(long)]
    pub csv: bool,
}

/// A person on the friend list.
#[derive(Debug, Serialize)]
struct Row {
    plex_id: u64,
    name: String,
    email: Option<String>,
    /// Access to the server.
    access: &'static str,
    /// The access comes from the second source, so that a sign-in needs a confirmation.
    second_source: bool,
    /// The rules allow a sign-in here.
    may_sign_in: bool,
    /// The reason, if they do not.
    why: Option<String>,
    /// Names of their local accounts.
    accounts: Vec<String>,
    /// Seconds since 1970; `None` if never or unknown.
    last_login: Option<i64>,
    /// plex-authd was available.
    last_login_known: bool,
}

pub(crate) fn run(context: &Context, args: &FriendsArgs) -> Result<ExitCode, Error> {
    Context::require_root("plex-auth friends")?;
    let config = context.load()?;
    let friends = Friends::read_all(&config)?;
    let locals = local_accounts::managed(&config)?;
    let known = daemon::known_accounts(&context.socket).inspect_err(|error| warn(error)).ok();
    let rows = rows(&friends, &locals, known.as_deref());
    if let Some(why) = friends.second_source() {
        warn(format!(
            "this list is from the second source, because plex.tv does not list with whom the server is shared ({}); each \
             sign-in is confirmed by the person's own list of servers",
            protocol::printable(why, 300)
        ));
    }
    if args.json {
        json::print(&rows)?;
    } else if args.csv {
        // A closed pipe, as in `plex-auth … | head`, is no failure.
        let _ = data(&csv(&rows).map_err(|error| Error::new(error.to_string()))?);
    } else {
        table(&rows).print();
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows of the owner and then of the friends, sorted by name.
fn rows(friends: &Friends, locals: &[Local], known: Option<&[KnownAccount]>) -> Vec<Row> {
    let known: Option<BTreeMap<_, _>> =
        known.map(|known| known.iter().map(|known| (known.user.as_str(), known)).collect());
    let about = |local: &str| known.as_ref().and_then(|known| known.get(local).copied());
    let mut accounts: BTreeMap<PlexId, Vec<&str>> = BTreeMap::new();
    for local in locals {
        // By name; by the id of the binding for a friend who was renamed since, or is on no list.
        let binding = about(&local.name).map_or(KnownBinding::Unknown, KnownBinding::of);
        let bound = || about(&local.name)?.plex_id.map(PlexId);
        let id = friends.id_of_account(&local.mapped_to, &binding).or_else(bound);
        if let Some(id) = id {
            accounts.entry(id).or_default().push(&local.name);
        }
    }
    let row = |person: &PlexUser| {
        let theirs = accounts.get(&person.id).map(Vec::as_slice).unwrap_or_default();
        let logins =
            theirs.iter().filter_map(|local| about(local)).filter(|k| k.plex_id.is_none_or(|id| id == person.id.0));
        let may = friends.is_permitted(person.id);
        Row {
            plex_id: person.id.0,
            name: name(person),
            email: person
                .email
                .as_deref()
                .filter(|email| !email.is_empty())
                .map(|email| protocol::printable(email, 254)),
            access: friends.access(person.id),
            second_source: friends.second_source().is_some(),
            may_sign_in: may.is_ok(),
            why: may.err().map(|why| why.to_string()),
            accounts: theirs.iter().map(|local| protocol::printable(local, 64)).collect(),
            last_login: logins.filter_map(|known| known.last_login).max(),
            last_login_known: known.is_some(),
        }
    };
    std::iter::once(friends.owner()).chain(friends.friends()).map(row).collect()
}

impl Row {
    fn last_login(&self, nothing: &str, shown: impl FnOnce(i64) -> String) -> String {
        if self.last_login_known {
            self.last_login.map_or_else(|| nothing.to_owned(), shown)
        } else {
            UNKNOWN.to_owned()
        }
    }

    /// Access, with a note where it does not allow a sign-in.
    fn access(&self) -> String {
        let says_so = ["no", "invited"].contains(&self.access);
        if self.may_sign_in || says_so { self.access.to_owned() } else { format!("{}, refused here", self.access) }
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&["NAME", "ID", "E-MAIL", "ACCESS", "LOCAL ACCOUNT", "LAST LOGIN"]).leave_out(&[
        "ID",
        "E-MAIL",
        "LAST LOGIN",
    ]);
    for row in rows {
        table.row([
            row.name.as_str(),
            &row.plex_id.to_string(),
            row.email.as_deref().unwrap_or(NOTHING),
            &row.access(),
            &row.accounts.join(", "),
            &row.last_login(NOTHING, time::local),
        ]);
    }
    table
}

fn csv(rows: &[Row]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["plex_id", "name", "email", "access", "may_sign_in", "accounts", "last_login"])?;
    for row in rows {
        writer.write_record([
            row.plex_id.to_string().as_str(),
            &row.name,
            row.email.as_deref().unwrap_or_default(),
            row.access,
            if row.may_sign_in { "yes" } else { "no" },
            &row.accounts.join(" "),
            &row.last_login("", |seconds| seconds.to_string()),
        ])?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
