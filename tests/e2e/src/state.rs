//! The daemon's state files.

use std::time::{Duration, Instant};

use crate::world::World;

impl World {
    /// Queries `state.db`, or edits it while no daemon is running, for example to make rows older. `SQLite` gives
    /// the files that it creates there the owner of the database, so no file of root's blocks the daemon.
    pub fn sql(&self, statements: &str) -> String {
        let out = self.run(&["sqlite3", "-cmd", ".timeout 5000", "/var/lib/plex-auth/state.db", statements]);
        assert!(out.ok(), "{statements}: {out:?}");
        out.stdout
    }

    /// Records that the owner has seen the names of these new accounts, as `plex-auth user sync` does at a terminal.
    pub fn owner_has_seen(&self, accounts: &[(u64, &str)]) {
        let lines: String = accounts.iter().map(|(id, local)| format!("{id} {local} seen\n")).collect();
        self.sh("mkdir -p -m 700 /var/lib/plex-auth-sync");
        self.write("/var/lib/plex-auth-sync/people", 0o600, "root:root", &lines);
    }

    /// Records what friends may do on the machine (`files` or `shell`), as `plex-auth setup` does, and their media folder, if
    /// there is one.
    pub fn choose(&self, purpose: &str, media: Option<&str>) {
        let media = media.map(|media| format!("\\nmedia = \"{media}\"")).unwrap_or_default();
        self.sh(&format!(
            "f=/etc/plex-auth.toml; grep -q '^\\[accounts\\]' $f || printf '\\n[accounts]\\n' >>$f; \
             sed -i '/^purpose = /d; /^media = /d; s|^\\[accounts\\].*|&\\npurpose = \"{purpose}\"{media}|' $f; \
             ! systemctl is-active --quiet plex-authd || systemctl reload plex-authd"
        ));
    }

    /// The client identifier of the daemon's sign-ins.
    #[must_use]
    pub fn sign_in_id(&self) -> String {
        self.sh("cat /var/lib/plex-auth/sign-in-id").stdout
    }

    /// Number of rows of a table, optionally with a condition.
    #[must_use]
    pub fn rows(&self, table: &str) -> usize {
        self.sql(&format!("SELECT count(*) FROM {table}")).trim().parse().unwrap()
    }

    /// Waits until a table has this number of rows: changes are written in the background.
    pub fn wait_for_rows(&self, table: &str, count: usize) {
        let start = Instant::now();
        while self.rows(table) != count {
            assert!(start.elapsed() < Duration::from_secs(60), "{table}: {} rows, not {count}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
