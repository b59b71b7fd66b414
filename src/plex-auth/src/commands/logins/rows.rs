//! Rows of `plex-auth logins`: the requests of one login are one row.

use protocol::Login;
use serde::Serialize;

/// Longest time between two requests of one login, in seconds.
const WINDOW: i64 = 10;

/// Outcome of an accepted request, as in the log.
const ACCEPTED: &str = "accepted";

/// Phases as in the log.
const AUTHENTICATION: &str = "auth";
const ACCOUNT: &str = "account";

/// PAM service of a user's service manager, which starts with the first login of a user.
const USER_MANAGER: &str = "systemd-user";

/// One login: an authentication and the account phase after it, or either of them alone. A key or a cached sudo has no
/// authentication; a refused one has no account phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// Time of the first request, in seconds since 1970.
    pub at: i64,
    /// The local account.
    pub user: String,
    pub plex_id: Option<u64>,
    pub service: Option<String>,
    /// The remote host.
    pub rhost: Option<String>,
    /// The phases that were decided, in order: `auth`, `account`, `password`.
    pub phases: Vec<String>,
    /// `accepted` if every phase was; otherwise the outcome of the one that was not.
    pub outcome: String,
    /// Reason of the outcome.
    pub why: String,
    /// It was no login: `plex-auth test` has asked.
    pub test: bool,
    /// Time of the last request, in seconds since 1970.
    #[serde(skip)]
    last: i64,
}

impl Row {
    fn new(login: Login) -> Self {
        let Login { at, user, plex_id, service, rhost, phase, outcome, why, test, caller: _, number: _ } = login;
        Self { at, user, plex_id, service, rhost, phases: vec![phase], outcome, why, test, last: at }
    }

    /// True if every phase was accepted.
    pub(super) fn is_accepted(&self) -> bool {
        self.outcome == ACCEPTED
    }

    /// True if nothing can follow that changes the row.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_accepted() || self.phases.iter().any(|phase| phase == ACCOUNT)
    }

    /// Adds a later request of the same login. False if it is of another one.
    pub(super) fn add(&mut self, login: &Login) -> bool {
        let soon = (0..=WINDOW).contains(&login.at.saturating_sub(self.last));
        if !soon || self.user != login.user || self.test != login.test || self.outcome != ACCEPTED {
            return false;
        }
        if self.starts(login) {
            return true;
        }
        let phases: Vec<_> = self.phases.iter().map(String::as_str).collect();
        let follows = match login.phase.as_str() {
            ACCOUNT => phases == [AUTHENTICATION],
            // A test looks at the account first.
            AUTHENTICATION => self.test && phases == [ACCOUNT],
            _ => false,
        };
        if !follows || (&self.service, &self.rhost) != (&login.service, &login.rhost) {
            return false;
        }
        self.phases.push(login.phase.clone());
        self.last = login.at;
        self.plex_id = self.plex_id.or(login.plex_id);
        if login.outcome != ACCEPTED || login.phase == AUTHENTICATION {
            self.outcome.clone_from(&login.outcome);
            self.why.clone_from(&login.why);
        }
        true
    }

    /// True if the login has started the user's service manager, which is this request.
    fn starts(&self, login: &Login) -> bool {
        let is_manager = login.service.as_deref() == Some(USER_MANAGER) && login.phase == ACCOUNT;
        is_manager && login.outcome == ACCEPTED && self.is_complete() && self.service != login.service
    }
}

/// The rows of these entries. Both are in the order of time.
pub(super) fn of(entries: impl IntoIterator<Item = Login>) -> Vec<Row> {
    let mut rows = Vec::new();
    for entry in entries {
        add(&mut rows, entry);
    }
    rows
}

/// Adds an entry to its row, or a row for it.
fn add(rows: &mut Vec<Row>, entry: Login) {
    let mut recent = rows.iter_mut().rev().take_while(|row| entry.at.saturating_sub(row.last) <= WINDOW);
    let is_added = recent.any(|row| row.add(&entry));
    if !is_added {
        rows.push(Row::new(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(at: i64, service: &str, phase: &str, outcome: &str) -> Login {
        Login {
            at,
            user: "alice".into(),
            plex_id: Some(2),
            service: Some(service.into()),
            rhost: (service == "sshd").then(|| "192.0.2.1".into()),
            phase: phase.into(),
            outcome: outcome.into(),
            why: format!("{phase} {outcome}"),
            test: false,
            caller: None,
            number: at,
        }
    }

    /// Time, phases, outcome and reason of each row.
    fn shown(entries: &[Login]) -> Vec<(i64, String, String, String)> {
        of(entries.iter().cloned())
            .into_iter()
            .map(|row| (row.at, row.phases.join("+"), row.outcome, row.why))
            .collect()
    }

    fn row(at: i64, phases: &str, outcome: &str, why: &str) -> (i64, String, String, String) {
        (at, phases.into(), outcome.into(), why.into())
    }

    #[test]
    fn the_phases_of_a_login_are_one_row() {
        let entries = [
            login(1, "sshd", "auth", "denied"),
            login(2, "sshd", "auth", "accepted"),
            login(3, "sshd", "account", "accepted"),
            login(4, "systemd-user", "account", "accepted"),
            login(5, "sudo", "account", "accepted"),
        ];
        assert_eq!(
            shown(&entries),
            [
                row(1, "auth", "denied", "auth denied"),
                row(2, "auth+account", "accepted", "auth accepted"),
                row(5, "account", "accepted", "account accepted"),
            ]
        );
    }

    #[test]
    fn a_login_that_the_account_phase_refuses_is_a_refused_row() {
        let entries = [login(1, "sshd", "auth", "accepted"), login(1, "sshd", "account", "denied")];
        assert_eq!(shown(&entries), [row(1, "auth+account", "denied", "account denied")]);
    }

    #[test]
    fn requests_of_different_logins_are_different_rows() {
        let late = [login(1, "sshd", "auth", "accepted"), login(12, "sshd", "account", "accepted")];
        let other_service = [login(1, "sshd", "auth", "accepted"), login(1, "sudo", "account", "accepted")];
        let other_user = [
            login(1, "sudo", "auth", "accepted"),
            Login { user: "bob".into(), ..login(1, "sudo", "account", "denied") },
        ];
        let twice = [login(1, "sudo", "account", "accepted"), login(1, "sudo", "account", "accepted")];
        let refused_manager = [login(1, "sudo", "account", "accepted"), login(1, "systemd-user", "account", "denied")];
        for entries in [late, other_service, other_user, twice, refused_manager] {
            assert_eq!(of(entries.clone()).len(), 2, "{entries:?}");
        }
    }

    #[test]
    fn two_logins_at_the_same_time_are_two_rows() {
        let entries = [
            login(1, "sshd", "auth", "accepted"),
            login(1, "sshd", "auth", "accepted"),
            login(1, "sshd", "account", "accepted"),
            login(1, "sshd", "account", "accepted"),
        ];
        let one = || row(1, "auth+account", "accepted", "auth accepted");
        assert_eq!(shown(&entries), [one(), one()]);
    }

    #[test]
    fn a_test_is_one_row_and_never_part_of_a_login() {
        let test = |phase: &str, outcome: &str| Login { test: true, ..login(1, "plex-auth", phase, outcome) };
        let entries = [test("account", "accepted"), test("auth", "denied"), login(1, "plex-auth", "auth", "accepted")];
        assert_eq!(
            shown(&entries),
            [row(1, "account+auth", "denied", "auth denied"), row(1, "auth", "accepted", "auth accepted")]
        );
        assert!(of(entries).iter().map(|row| row.test).eq([true, false]));
    }
}
