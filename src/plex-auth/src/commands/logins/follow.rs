//! `plex-auth logins --follow`: new logins as they happen, until it is stopped.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use protocol::Login;

use super::rows::{self, Row};
use super::view::{add, entries, table};
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::table::Table;
use crate::ui::terminal::{columns, note, try_print};

/// Time between two requests to plex-authd.
const INTERVAL: Duration = Duration::from_secs(1);

/// Entries in one response of plex-authd, unless there are more new ones.
const AT_ONCE: u32 = 100;

/// Rows with which a new one is aligned.
const ALIGNED: usize = 100;

/// Requests to plex-authd for which an accepted authentication waits for its account phase. Some programs have none.
const PATIENCE: u32 = 3;

/// Entries that are not shown yet.
#[derive(Default)]
struct Pending {
    /// In the order of time.
    entries: Vec<(Login, u32)>,
}

impl Pending {
    /// Takes the rows that are complete, or that have waited long enough.
    fn take(&mut self) -> Vec<Row> {
        for (_, waited) in &mut self.entries {
            *waited += 1;
        }
        let rows = rows::of(self.entries.iter().map(|(entry, _)| entry.clone()));
        let is_late = self.entries.iter().any(|(_, waited)| *waited >= PATIENCE);
        if is_late || rows.iter().all(Row::is_complete) {
            self.entries.clear();
            return rows;
        }
        Vec::new()
    }
}

/// Shows the latest logins, newest first in `rows`, and then new ones, later than entry `last`. Ends when the output is
/// closed.
///
/// # Errors
/// The output cannot be represented in JSON.
pub(super) fn run(
    context: &Context,
    json: bool,
    user: Option<&str>,
    mut rows: Vec<Row>,
    mut last: i64,
) -> Result<ExitCode, Error> {
    rows.reverse();
    let mut shown = table(&rows);
    let is_open = if json { print_json(&rows)? } else { try_print(&shown.shown(columns())).is_ok() };
    if !is_open {
        return Ok(ExitCode::SUCCESS);
    }
    let mut pending = Pending::default();
    let mut is_gone = false;
    loop {
        thread::sleep(INTERVAL);
        match since(context, last) {
            Ok(entries) => {
                is_gone = false;
                let theirs = entries.iter().rev().filter(|entry| user.is_none_or(|user| entry.user == user));
                pending.entries.extend(theirs.map(|entry| (entry.clone(), 0)));
                last = entries.first().map_or(last, |entry| entry.number);
            }
            // It is being restarted or upgraded.
            Err(error) if !is_gone => {
                note(format!("{error}\nWaiting for plex-authd …"));
                is_gone = true;
            }
            Err(_) => {}
        }
        let rows = pending.take();
        let is_open = if json { print_json(&rows)? } else { rows.iter().all(|row| print(&mut shown, row)) };
        if !is_open {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Entries later than this one, newest first.
fn since(context: &Context, last: i64) -> Result<Vec<Login>, Error> {
    let mut latest = entries(context, AT_ONCE)?;
    if latest.last().is_some_and(|oldest| oldest.number > last) {
        latest = entries(context, u32::MAX)?;
    }
    // After a loss of the daemon's state, its numbers begin again.
    let is_new_log = latest.first().is_some_and(|newest| newest.number < last);
    latest.retain(|entry| entry.number > last || is_new_log);
    Ok(latest)
}

/// Prints a row below the table. False if the output is closed.
fn print(table: &mut Table, row: &Row) -> bool {
    let shown = table.grown(columns(), |table| add(table, row));
    table.keep_latest(ALIGNED);
    try_print(&shown).is_ok()
}

/// Prints one line for each row. False if the output is closed.
fn print_json(rows: &[Row]) -> Result<bool, Error> {
    for row in rows {
        if !json::print_line(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(phase: &str, outcome: &str) -> (Login, u32) {
        let [user, phase, outcome] = ["alice", phase, outcome].map(str::to_owned);
        let (service, why) = (Some("sshd".to_owned()), String::new());
        let login = Login {
            at: 1,
            user,
            plex_id: None,
            service,
            rhost: None,
            phase,
            outcome,
            why,
            test: false,
            caller: None,
            number: 1,
        };
        (login, 0)
    }

    #[test]
    fn an_accepted_authentication_waits_for_its_account_phase() {
        let mut pending = Pending { entries: vec![login("auth", "accepted")] };
        assert!(pending.take().is_empty());
        pending.entries.push(login("account", "accepted"));
        let rows = pending.take();
        assert_eq!((rows.len(), pending.entries.len()), (1, 0));
        let phases: Vec<_> = rows.iter().flat_map(|row| row.phases.clone()).collect();
        assert_eq!(phases, ["auth", "account"]);
    }

    #[test]
    fn an_authentication_without_an_account_phase_is_shown_after_three_seconds() {
        let mut pending = Pending { entries: vec![login("auth", "accepted")] };
        assert_eq!([pending.take().len(), pending.take().len(), pending.take().len()], [0, 0, 1]);
        assert!(pending.take().is_empty());
    }

    #[test]
    fn a_refusal_is_shown_at_once() {
        let mut pending = Pending { entries: vec![login("auth", "denied")] };
        assert_eq!(pending.take().len(), 1);
    }
}
