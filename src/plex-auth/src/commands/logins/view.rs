//! The logins as a list and as a table.

use protocol::{AdminRequest, Login};

use super::rows::{self, Row};
use crate::client::daemon::Daemon;
use crate::context::Context;
use crate::error::Error;
use crate::ui::table::Table;
use crate::ui::time;

/// The latest entries of the audit log, at most this many, newest first.
///
/// # Errors
/// plex-authd is not available, or the caller is not root.
pub(super) fn entries(context: &Context, most: u32) -> Result<Vec<Login>, Error> {
    Daemon::open(&context.socket)?.list(AdminRequest::Logins(most))
}

/// The latest logins, newest first.
pub(super) fn latest(entries: Vec<Login>, user: Option<&str>, count: u32) -> Vec<Row> {
    let mut rows = rows::of(entries.into_iter().rev().filter(|entry| user.is_none_or(|user| entry.user == user)));
    rows.reverse();
    rows.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    rows
}

/// The table of these logins. A refusal always shows its reason, and every login its origin.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&["TIME", "USER", "PLEX ID", "SERVICE", "FROM", "OUTCOME", "WHY"])
        .leave_out(&["PLEX ID"])
        .move_below(&["WHY", "FROM", "SERVICE"], "WHY of accepted logins");
    for row in rows {
        add(&mut table, row);
    }
    table
}

/// Adds a login. The reason of an accepted one is worth no line of its own.
pub(super) fn add(table: &mut Table, row: &Row) {
    let cells = cells(row);
    if row.is_accepted() { table.brief_row(cells) } else { table.row(cells) }
}

fn cells(row: &Row) -> [String; 7] {
    [
        time::local(row.at),
        row.user.clone(),
        row.plex_id.map(|id| id.to_string()).unwrap_or_default(),
        row.service.clone().unwrap_or_default(),
        row.rhost.clone().unwrap_or_default(),
        format!("{}{}", row.outcome, if row.test { " (test)" } else { "" }),
        row.why.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(at: i64, user: &str) -> Login {
        Login {
            at,
            user: user.into(),
            plex_id: None,
            service: None,
            rhost: None,
            phase: "auth".into(),
            outcome: "denied".into(),
            why: "wrong password".into(),
            test: at == 1,
            caller: None,
            number: at,
        }
    }

    #[test]
    fn logins_of_one_account_are_selected_from_all() {
        let all = vec![login(4, "bob"), login(3, "alice"), login(2, "alice"), login(1, "alice")];
        let at =
            |user: Option<&str>, count| latest(all.clone(), user, count).iter().map(|row| row.at).collect::<Vec<_>>();
        assert_eq!(at(None, 2), [4, 3]);
        assert_eq!(at(Some("alice"), 2), [3, 2]);
        assert_eq!(at(Some("Alice"), 2), [] as [i64; 0]);
    }

    #[test]
    fn at_80_and_40_columns_a_login_shows_its_service_and_origin_and_a_refusal_its_reason() {
        let from = |number, outcome: &str, why: &str| Login {
            service: Some("sshd".into()),
            rhost: Some("203.0.113.145".into()),
            outcome: outcome.into(),
            why: why.into(),
            plex_id: Some(2),
            ..login(number, "alice-from-work")
        };
        let accepted = from(3, "accepted", "plex.tv accepted the sign-in");
        let rows = latest(vec![accepted, from(2, "denied", "wrong password")], None, 9);
        let shown = |columns| anstream::adapter::strip_str(&table(&rows).shown(Some(columns))).to_string();
        let text = shown(80);
        let begin = "  alice-from-work  sshd     203.0.113.145  ";
        assert!(text.contains(&format!("{begin}accepted\n")), "{text}");
        assert!(text.ends_with(&format!("{begin}denied\n  wrong password\n")), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(shown(40).ends_with("\n  sshd  203.0.113.145  wrong password\n"), "{}", shown(40));
        assert!(shown(40).lines().all(|line| line.len() <= 40), "{}", shown(40));
    }

    #[test]
    fn the_table_marks_tests_and_fits_into_80_and_40_columns() {
        let rows = latest(vec![login(2, "alice"), login(1, "alice")], None, 9);
        for columns in [80, 40] {
            let shown = anstream::adapter::strip_str(&table(&rows).shown(Some(columns))).to_string();
            assert!(shown.lines().all(|line| line.len() <= columns), "{shown}");
            assert!(
                shown.contains("alice  denied (test)") || shown.contains("denied (test)  wrong password"),
                "{shown}"
            );
        }
    }
}
