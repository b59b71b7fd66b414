//! A machine for doctor to check.

use std::time::{Duration, Instant};

use e2e::{DEN, Out, World};
use serde_json::Value;

/// systemctl for private machines, which have no systemd: starts, restarts and reloads the daemon.
const SYSTEMCTL: &str = r#"#!/bin/sh
end() {
    pkill -KILL -x "$1"
    while pgrep -x "$1" >/dev/null; do sleep 0.02; done
}
case "$*" in
*plex-authd*)
    case $1 in restart) end plex-authd ;; esac
    pgrep -x plex-authd >/dev/null || setsid --fork /usr/sbin/plex-authd --user plex-auth </dev/null >/dev/null 2>&1
    for try in $(seq 150); do ss -lxn | grep -q /run/plex-auth/socket && exit 0; sleep 0.02; done
    exit 1
    ;;
"enable --now plex-auth-shadow.socket")
    setsid --fork plex-auth-shadow </dev/null >/dev/null 2>&1
    until ss -lxn | grep -q plex-auth-shadow; do sleep 0.02; done
    ;;
*) exit 1 ;;
esac
"#;

/// Client identifier of the owner's token.
const DEVICE: &str = "0123456789abcdef0123456789abcdef";

/// The Den with Dave, a friend with access: each member of the group has a Plex account.
fn with_dave() -> String {
    let shared = DEN.replace("shared_with = [\"alice\"", "shared_with = [\"dave\", \"alice\"");
    format!("{shared}\n[[account]]\nid = 40\nusername = \"dave\"\nemail = \"dave@example.org\"\n")
}

/// A machine for doctor to check.
pub(crate) struct Patient(pub World);

/// One check of the report.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub name: String,
    pub status: String,
    pub what: String,
    pub hint: Option<String>,
}

/// Doctor's report.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub code: i32,
    pub lines: Vec<Line>,
}

impl Verdict {
    /// Parses the output of `doctor --json`.
    pub(crate) fn of(out: &Out) -> Self {
        let rows: Vec<Value> = serde_json::from_str(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out:?}"));
        let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
        let line = |row: &Value| {
            assert_eq!(row.as_object().unwrap().len(), 4, "{row}");
            let part = |key| text(row, key).unwrap();
            Line { name: part("name"), status: part("status"), what: part("what"), hint: text(row, "hint") }
        };
        Self { code: out.code, lines: rows.iter().map(line).collect() }
    }

    /// The first check with this name, this status and these words.
    pub(crate) fn find(&self, name: &str, status: &str, words: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name && line.status == status && line.what.contains(words))
    }
}

impl Patient {
    /// A healthy machine with `further` lines in its configuration, which may end with tables. The owner's token was issued
    /// to a device of plex-auth's own.
    pub(crate) fn new(further: &str) -> Option<Self> {
        Self::with_token_of_unknown_device(&format!("client_identifier = \"{DEVICE}\"\n{further}"))
    }

    /// [`Self::new`] with a token that was pasted.
    pub(crate) fn with_token_of_unknown_device(further: &str) -> Option<Self> {
        let world = World::new()?;
        // The tests' own stacks are not meant for a real service.
        world.sh("rm /etc/pam.d/alone /etc/pam.d/every");
        for name in ["alice", "dave", "frank"] {
            world.add_user(name, true, None);
        }
        world.add_user("olga", false, None);
        world.add_user("local", false, Some("LOCAL-SECRET"));
        world.write("/usr/local/sbin/systemctl", 0o755, "root:root", SYSTEMCTL);
        world.start_plex(&with_dave());
        let config = world.config(&format!("owner_id = 1\nserver_url = \"{}\"\n{further}", world.media_server("Den")));
        world.start_sshd();
        world.sh(
            "mkdir -p /etc/ssh/sshd_config.d && sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config",
        );
        world.start_authd(&config);
        let patient = Self(world);
        patient.wait_until_healthy("at the beginning");
        Some(patient)
    }

    /// Runs doctor through another command, such as `env`.
    pub(crate) fn report_through(&self, before: &[&str]) -> Verdict {
        Verdict::of(&self.0.run(&[before, &["plex-auth", "doctor", "--json"]].concat()))
    }

    /// Runs doctor.
    pub(crate) fn look(&self) -> Verdict {
        self.report_through(&[])
    }

    /// Waits until doctor reports no problem: a daemon may still be fetching its friend list.
    pub(crate) fn wait_until_healthy(&self, when: &str) {
        let start = Instant::now();
        loop {
            let verdict = self.look();
            if verdict.code == 0 {
                return;
            }
            let wrong: Vec<_> = verdict.lines.iter().filter(|line| !["ok", "info"].contains(&&*line.status)).collect();
            assert!(start.elapsed() < Duration::from_secs(10), "{when}: {wrong:#?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Restarts the daemon.
    pub(crate) fn restart(&self) {
        self.0.sh("systemctl restart plex-authd.service");
    }
}
