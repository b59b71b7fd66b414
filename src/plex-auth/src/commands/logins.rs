//! `plex-auth logins`

use std::process::ExitCode;

use clap::Args;
use protocol::{AdminRequest, Login};

use crate::accounts::local_accounts::canonical_name;
use crate::client::daemon::Daemon;
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::table::Table;
use crate::ui::terminal::note;
use crate::ui::time;

/// Options of `plex-auth logins`.
#[derive(Debug, Args)]
pub(crate) struct LoginsArgs {
    /// Only those of this local account
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// How many at most; plex-authd keeps the latest 500 accepted and 500 refused logins
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    pub count: u32,

    /// For programs: JSON
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(context: &Context, args: &LoginsArgs) -> Result<ExitCode, Error> {
    // The latest of one account may be old compared with those of all.
    let most = if args.user.is_some() { u32::MAX } else { args.count };
    let all = Daemon::open(&context.socket)?.list(AdminRequest::Logins(most))?;
    let user = args.user.as_deref().map(canonical_name);
    let logins = wanted(all, user.as_deref(), args.count);
    if args.json {
        json::print(&logins)?;
    } else if logins.is_empty() {
        note("No logins yet.");
    } else {
        table(&logins).print();
    }
    Ok(ExitCode::SUCCESS)
}

fn wanted(all: Vec<Login>, user: Option<&str>, count: u32) -> Vec<Login> {
    let theirs = |login: &Login| user.is_none_or(|user| login.user == user);
    all.into_iter().filter(theirs).take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
}

fn table(logins: &[Login]) -> Table {
    let mut table = Table::new(&["TIME", "USER", "PLEX ID", "SERVICE", "FROM", "PHASE", "OUTCOME", "WHY"]);
    for login in logins {
        table.row([
            time::local(login.at),
            login.user.clone(),
            login.plex_id.map(|id| id.to_string()).unwrap_or_default(),
            login.service.clone().unwrap_or_default(),
            login.rhost.clone().unwrap_or_default(),
            login.phase.clone(),
            login.outcome.clone(),
            login.why.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_of_one_account_are_selected_from_all() {
        let login = |at, user: &str| Login {
            at,
            user: user.into(),
            plex_id: None,
            service: None,
            rhost: None,
            phase: "auth".into(),
            outcome: "denied".into(),
            why: "wrong password".into(),
        };
        let all = vec![login(4, "bob"), login(3, "alice"), login(2, "alice"), login(1, "alice")];
        let wanted = |user: Option<&str>, count| {
            super::wanted(all.clone(), user, count).iter().map(|login| login.at).collect::<Vec<_>>()
        };
        assert_eq!(wanted(None, 2), [4, 3]);
        assert_eq!(wanted(Some("alice"), 2), [3, 2]);
        assert_eq!(wanted(Some("Alice"), 2), [] as [i64; 0]);
    }
}
