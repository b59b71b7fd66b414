//! R44: typed secrets leave the daemon's memory when the login is over, and no crash writes them to disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::time::Duration;

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections};

#[test]
fn r44_typed_secrets_are_gone_from_the_daemons_memory_a_second_later() {
    let further = "[cache]\nremember = \"1h\"\noffline = \"1h\"\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\n\
                   [throttle]\nfree_tries = 20\nrejected_per_hour = 1000";
    let Some(world) = World::with_everything(DEN, further) else { return };
    let with_code =
        |code: &str| world.codes("alone", "erin", "auth", &format!("{}\n{code}\n271828\n161803\n", password("erin")));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "remembered");
    assert_eq!(world.authenticate("frank", "MISTYPED-SECRET"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    assert_eq!(with_code("314159").of("auth"), Code::SUCCESS);
    assert_eq!(with_code("141421").of("auth"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("erin", &format!("{}314159", password("erin"))), Code::SUCCESS);
    for outage in [Connections::Silence, Connections::Refuse] {
        world.plex().send(&Command::Connections(outage)).unwrap();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        assert_eq!(world.authenticate("frank", "MISTYPED-SECRET"), Code::AUTHINFO_UNAVAIL);
        assert_eq!(world.authenticate("olga", &password("olga")), Code::AUTHINFO_UNAVAIL);
    }
    std::thread::sleep(Duration::from_secs(1));
    // The search finds what the daemon must keep, so it works.
    assert!(!world.traces("plex-authd", "TOKEN-SECRET-olga").is_empty(), "the owner's token is not even found");
    for text in ["PASSWORD-SECRET", "MISTYPED-SECRET", "314159", "141421", "271828"] {
        let found = world.traces("plex-authd", text);
        assert!(found.is_empty(), "{text}: {} times:\n{}", found.len(), found.join("\n"));
    }
}

#[test]
fn r44_crashed_daemon_leaves_no_core_dump() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // The environment may allow core dumps of any size.
    world.stop_authd();
    world.write_config(&world.config(""));
    world.start(&[
        "sh",
        "-c",
        "'ulimit -c unlimited; cd /var/lib/plex-auth; exec /usr/sbin/plex-authd --user plex-auth'",
    ]);
    world.wait_for_log(&["is ready"]);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let process = world.process_of("plex-authd");
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // The kernel assigns the files of a non-dumpable process to root: no process of the same user can read its memory.
    let owner = |file: &str| world.sh(&format!("stat -c %U /proc/$(pgrep -x plex-authd)/{file}")).stdout;
    assert_eq!(owner("environ"), "root\n");
    let look = "setpriv --reuid plex-auth --regid plex-auth --clear-groups cat /proc/$(pgrep -x plex-authd)/environ";
    assert!(!world.run(&["sh", "-c", look]).ok(), "another process of the same user can look into it");
    // Rust's handler for stack overflows ignores the first signal.
    world.sh("pkill -SEGV -x plex-authd; sleep 0.2; pkill -SEGV -x plex-authd; sleep 0.5");
    assert!(!world.run(&["pgrep", "-x", "plex-authd"]).ok());
    let cores =
        world.sh("find /var/lib/plex-auth /run/plex-auth /tmp / -maxdepth 1 -name '*core*' 2>/dev/null; true").stdout;
    assert_eq!(cores, "");
    world.assert_no_secret_leaked();
}
