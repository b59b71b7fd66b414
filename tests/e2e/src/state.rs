//! What the daemon has written down.

use std::time::{Duration, Instant};

use crate::world::World;

impl World {
    /// Asks `state.db`, or changes it while no daemon is running: to what it would be by now if it had been written earlier.
    /// What is made beside a file belongs to the owner of that file, so nothing of root's is left in the daemon's way.
    pub fn sql(&self, statements: &str) -> String {
        let out = self.run(&["sqlite3", "-cmd", ".timeout 5000", "/var/lib/plex-auth/state.db", statements]);
        assert!(out.ok(), "{statements}: {out:?}");
        out.stdout
    }

    /// The client identifier that the daemon's sign-ins have.
    #[must_use]
    pub fn sign_in_id(&self) -> String {
        self.sh("cat /var/lib/plex-auth/sign-in-id").stdout
    }

    /// How many rows a table has, perhaps with a condition.
    #[must_use]
    pub fn rows(&self, table: &str) -> usize {
        self.sql(&format!("SELECT count(*) FROM {table}")).trim().parse().unwrap()
    }

    /// Waits until a table has so many rows: changes are written behind the logins' backs.
    pub fn wait_for_rows(&self, table: &str, count: usize) {
        let start = Instant::now();
        while self.rows(table) != count {
            assert!(start.elapsed() < Duration::from_secs(60), "{table}: {} rows, not {count}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
