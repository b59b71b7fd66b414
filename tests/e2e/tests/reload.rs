//! SIGHUP: the configuration is re-read without disturbing logins, and the service manager is notified.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections};

/// Writes a configuration, sends SIGHUP, and waits for this log line.
fn reload(world: &World, config: &str, says: &[&str]) {
    world.write_config(config);
    let ((), log) = world.logged(|| {
        world.sh("pkill -HUP -x plex-authd");
        world.wait_for_log(says);
    });
    assert!(log.lines().any(|line| says.iter().all(|word| line.contains(word))), "{log}");
}

#[test]
fn reload_applies_to_new_logins_and_not_to_those_in_progress() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.add_user("dora", false, None);
    assert_eq!(world.authenticate("dora", &password("alice")), Code::USER_UNKNOWN);
    let mut waiting = world.terminal(&["pamtester", "alone", "alice", "authenticate"]);
    waiting.wait_for("Password: ");

    // Alice's account is no longer managed; Dora's is.
    // Some time after the start, so that modification times can be told apart.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let other = world.config("[users]\ndora = \"alice\"").replace("group = \"plex-users\"", "group = \"games\"");
    reload(&world, &other, &["the configuration has been read again"]);
    assert_eq!(world.authenticate("dora", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::USER_UNKNOWN);
    waiting.type_line(&password("alice"));
    assert_eq!(waiting.exit(), 0, "{}", waiting.contents());
    // R74: Alice has not left her group, so a friend who takes her name at Plex now does not get the account.
    assert_eq!(world.sql("SELECT plex_id FROM pin WHERE account = 'alice'"), "2\n");

    // `doctor` also knows which version of the file the daemon has read.
    let changed = "has changed since plex-authd read it";
    let doctor = || world.run(&["plex-auth", "doctor"]).stdout;
    assert!(!doctor().contains(changed), "{}", doctor());
    world.sh("sleep 1.1; touch /etc/plex-auth.toml");
    assert!(doctor().contains(changed), "{}", doctor());

    // Another reload with another rule: the list is fetched again for it, and shows Bob for the first time. R74: his account
    // joined the group before, so that his name alone gives it to nobody.
    let open = world.config("strict_friends = false\n[users]\nzoe = \"bob\"");
    assert_eq!(world.authenticate("bob", &password("bob")), Code::USER_UNKNOWN);
    world.sh("true >/var/log/syslog");
    reload(&world, &open, &["the configuration has been read again"]);
    assert_eq!(world.authenticate("zoe", &password("bob")), Code::SUCCESS);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0, "what the old configuration borrowed is given back too");
    world.assert_no_secret_leaked();
}

#[test]
fn reload_keeps_the_old_configuration_if_the_new_one_is_invalid() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let broken = world.config("strict_freinds = false");
    reload(&world, &broken, &["strict_freinds", "stays in use"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    world.sh("rm /etc/plex-auth.toml; pkill -HUP -x plex-authd");
    world.wait_for_log(&["/etc/plex-auth.toml", "No such file", "stays in use"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r19_failures_and_stored_passwords_survive_a_reload() {
    let further =
        "[cache]\noffline = \"5m\"\n[throttle]\nfree_tries = 1\nfirst_pause = \"50s\"\nlongest_pause = \"50s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    assert_eq!(world.codes_from("192.0.2.1", "alone", "alice", &password("alice")).of("auth"), Code::SUCCESS);
    for from in ["192.0.2.2", "192.0.2.2"] {
        world.codes_from(from, "alone", "alice", "wrong");
    }
    world.sh("while ! sqlite3 /var/lib/plex-auth/state.db 'SELECT 1 FROM remembered' | grep -q 1; do sleep 0.05; done");
    reload(&world, &world.config(&further.replace("5m", "6m")), &["has been read again"]);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    assert_eq!(world.codes_from("192.0.2.1", "alone", "alice", &password("alice")).of("auth"), Code::SUCCESS);
    world.wait_for_log(&["accepted", "cached password, since plex.tv was not available"]);
    world.plex().clear_faults();
    assert_eq!(world.codes_from("192.0.2.2", "alone", "alice", &password("alice")).of("auth"), Code::AUTHINFO_UNAVAIL);
    // Without `offline` the stored passwords are deleted.
    world.sh("true >/var/log/syslog");
    reload(&world, &world.config(""), &["has been read again"]);
    world.wait_for_rows("remembered", 0);
}

#[test]
fn service_manager_is_notified_of_ready_watchdog_reloading_and_stopping() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    world.start(&["socat", "-u", "UNIX-RECV:/run/notify,mode=666", "OPEN:/run/heard,creat,append"]);
    world.sh("while [ ! -S /run/notify ]; do sleep 0.01; done");
    let environment = ["env", "NOTIFY_SOCKET=/run/notify", "WATCHDOG_USEC=300000"];
    world.start_authd_behind(&environment, &world.config(""));
    let wait_for = |what: &str| world.sh(&format!("until grep -q '{what}' /run/heard; do sleep 0.02; done"));
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    world.sh("true >/run/heard; pkill -HUP -x plex-authd");
    wait_for("RELOADING=1");
    wait_for("READY=1");
    // A hanging daemon sends no watchdog message.
    world.sh("pkill -STOP -x plex-authd; sleep 0.1; true >/run/heard; sleep 0.5; ! grep -q WATCHDOG /run/heard");
    world.sh("pkill -CONT -x plex-authd");
    wait_for("WATCHDOG=1");
    world.stop_authd();
    wait_for("STOPPING=1");
}
