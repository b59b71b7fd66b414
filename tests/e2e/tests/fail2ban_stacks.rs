//! fail2ban's own filters on the log of real logins through the shipped stack: successful friends are not banned, and
//! guesses are still found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;

use e2e::{DEN, World, password};

/// Hosts that a filter finds in the system log, in rsyslog's format.
fn found(world: &World, filter: &str) -> BTreeSet<String> {
    world.sh("sed -E 's/ auth(priv)?\\.[a-z]+ / /' /var/log/syslog >/run/auth.log");
    let out = world.run(&["fail2ban-regex", "-o", "ip", "/run/auth.log", filter]);
    assert!(out.ok() && out.stderr.is_empty(), "{out:?}");
    out.stdout.lines().map(str::to_owned).collect()
}

fn hosts(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|host| (*host).to_owned()).collect()
}

/// A login from an address of its own, which must succeed or fail.
fn login(world: &World, source: &str, method: &str, user: &str, typed: &str, comes_in: bool) {
    let out = world.ssh_from(source, method, user, typed);
    assert_eq!(out.ok(), comes_in, "{source}: {out:?}");
}

#[test]
fn fail2bans_own_filters_find_guesses_but_no_successful_friend() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20") else { return };
    assert!(world.run_with(&["chpasswd"], "alice:LOCAL-SECRET-alice\n").ok());
    world.start_sshd();
    // Restarted without -E, so that it logs to syslog as usual.
    world.sh("pkill -x sshd; while ss -lnt | grep -q ':22 '; do sleep 0.02; done; /usr/sbin/sshd");
    world.sh("until ss -lnt | grep -q ':22 '; do sleep 0.02; done");
    let addresses: Vec<String> = (31..=39).map(|last| format!("203.0.113.{last}")).collect();
    world.add_addresses(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let (plex, local) = (password("frank"), "LOCAL-SECRET".to_owned());
    let logins = [
        ("203.0.113.31", "password", "frank", &plex, true),
        ("203.0.113.32", "keyboard-interactive", "frank", &plex, true),
        ("203.0.113.33", "password", "alice", &"LOCAL-SECRET-alice".to_owned(), true),
        ("203.0.113.34", "keyboard-interactive", "local", &local, true),
        ("203.0.113.35", "password", "frank", &"wrong".to_owned(), false),
        ("203.0.113.36", "keyboard-interactive", "frank", &"wrong".to_owned(), false),
        ("203.0.113.37", "password", "local", &"wrong".to_owned(), false),
        ("203.0.113.38", "keyboard-interactive", "local", &"wrong".to_owned(), false),
    ];
    std::thread::scope(|scope| {
        for (source, method, user, typed, comes_in) in logins {
            let world = &world;
            scope.spawn(move || login(world, source, method, user, typed, comes_in));
        }
    });
    let ((), log) = world.logged(|| {
        for method in ["password", "keyboard-interactive"] {
            login(&world, "203.0.113.31", method, "frank", &plex, true);
        }
    });
    assert!(log.contains("Accepted password for frank") && log.contains("Accepted keyboard-interactive/pam"), "{log}");
    assert!(!log.contains("authentication failure"), "{log}");
    let guessed = ["203.0.113.35", "203.0.113.36", "203.0.113.37", "203.0.113.38"];
    assert_eq!(found(&world, "sshd"), hosts(&guessed));
    // pam-generic reads lines of pam_unix, which is skipped for accounts without a local password.
    assert_eq!(found(&world, "pam-generic"), hosts(&["203.0.113.37", "203.0.113.38"]));

    // With pam_unix first, a friend looks like a guesser.
    world.sh("sed -i '/plex_only/d' /etc/pam.d/plex-auth");
    let ((), log) = world.logged(|| login(&world, "203.0.113.39", "password", "frank", &plex, true));
    assert!(log.contains("pam_unix(sshd:auth): authentication failure"), "{log}");
    assert!(found(&world, "pam-generic").contains("203.0.113.39"));
    world.assert_no_secret_leaked();
}
