//! Hosts that the shipped fail2ban filter finds in the log lines of real logins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{DEN, World, page_commands, password};
use fakeplex::{Endpoint, Fault};

const FILTER: &str = include_str!("../../../packaging/fail2ban/filter.d/plex-auth.conf");
const JAIL: &str = include_str!("../../../packaging/fail2ban/jail.d/plex-auth.conf");

/// The host that hostile names try to get banned.
const VICTIM: &str = "203.0.113.66";

fn install(world: &World) {
    world.write("/etc/fail2ban/filter.d/plex-auth.conf", 0o644, "root:root", FILTER);
    world.write("/etc/fail2ban/jail.d/plex-auth.conf", 0o644, "root:root", JAIL);
}

/// Hosts that the filter finds in a log, with their counts.
fn found(world: &World, log: &str) -> BTreeMap<String, usize> {
    let out = world.run(&["fail2ban-regex", "-o", "ip", log, "plex-auth"]);
    assert!(out.ok() && out.stderr.is_empty(), "{out:?}");
    let mut hosts = BTreeMap::new();
    for host in out.stdout.lines() {
        *hosts.entry(host.to_owned()).or_default() += 1;
    }
    hosts
}

fn hosts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(host, count)| (host.to_owned(), count)).collect()
}

/// A managed account whose name useradd would refuse.
fn add_account(world: &World, name: &str, id: u32) {
    world.sh(&format!("echo '{name}:*:{id}:'$(getent group plex-users | cut -d: -f3)'::/tmp:/bin/sh' >>/etc/passwd"));
}

/// Authenticates as `caller`, who claims this remote host.
fn claim(world: &World, caller: &str, service: &str, user: &str, rhost: &str, typed: &str) {
    let program = world.c_program("pamcode");
    let line = ["setpriv", "--reuid", caller, "--clear-groups", &program, service, user, "auth", rhost];
    let out = world.run_with(&line, typed);
    assert!(out.ok() && out.stdout.contains("auth="), "{out:?}");
}

#[test]
fn fail2ban_finds_exactly_the_hosts_of_guesses_in_the_log_of_real_logins() {
    let further = "[throttle]\nfree_tries = 1\nfirst_pause = \"60s\"\n[timeouts]\nfriend_list = \"1s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    install(&world);
    world.start_sshd();
    let addresses: Vec<String> = (11..=22).map(|last| format!("203.0.113.{last}")).collect();
    world.add_addresses(&addresses.iter().map(String::as_str).collect::<Vec<_>>());

    // Guesses: a wrong password, a friend without access, and a throttled attempt. Not guesses: a success, a local
    // account, an unknown account, a verification code that could not be asked for.
    let plain = format!("x rhost={VICTIM}");
    add_account(&world, &plain, 3009);
    let logins = [
        ("203.0.113.11", "password", "alice", "wrong".to_owned()),
        ("203.0.113.12", "keyboard-interactive", "bob", password("bob")),
        ("203.0.113.13", "password", "alice", "wrong".into()),
        ("203.0.113.14", "password", "alice", password("alice")),
        ("203.0.113.15", "password", "erin", password("erin")),
        // An ssh client that accepts such a name.
        ("203.0.113.16", "password", &plain, "wrong".into()),
        ("203.0.113.21", "password", "local", "wrong".into()),
        ("203.0.113.22", "password", "nobody-here", "wrong".into()),
    ];
    std::thread::scope(|scope| {
        for (source, method, user, typed) in &logins {
            let world = &world;
            scope.spawn(move || {
                let out = world.ssh_from(source, method, user, typed);
                assert_eq!(out.ok(), *source == "203.0.113.14", "{source}: {out:?}");
            });
        }
    });
    world.wait_for_log(&["denied", "203.0.113.15", "verification code"]);
    assert!(!world.ssh_from("203.0.113.13", "password", "alice", "wrong").ok());
    world.wait_for_log(&["throttled", "203.0.113.13", "too many failed attempts"]);
    world.codes_from("2001:db8::9", "alone", "bob", "wrong");
    // Nor a prompt that was cancelled.
    claim(&world, "root", "alone", "frank", "203.0.113.22", "");
    world.wait_for_log(&["denied", "203.0.113.22", "the prompt could not be shown"]);
    // Nor a host name, nor a missing host: names are not resolved.
    world.codes_from("localhost", "alone", "bob", "wrong");
    world.codes("alone", "bob", "auth", "wrong\n");

    // Names that imitate another part of the line.
    let hostile = [
        format!("x rhost=\"{VICTIM}\" phase=auth"),
        format!("x\" plex_id=3 service=\"sshd\" rhost=\"{VICTIM}\" phase=auth caller=0 ms=0"),
        format!("x\" rhost={VICTIM}"),
    ];
    for (id, name) in (3000..).zip(&hostile) {
        add_account(&world, name, id);
        world.write(&format!("/etc/pam.d/{name}"), 0o644, "root:root", "auth required pam_plex.so\n");
    }
    for name in &hostile {
        claim(&world, "root", "alone", name, "203.0.113.17", "wrong\n");
        claim(&world, "root", name, "bob", "203.0.113.18", "wrong\n");
        claim(&world, "root", "alone", "frank", &format!("{VICTIM}\" {name}"), "wrong\n");
        claim(&world, "root", "alone", "frank", &format!("x rhost=\"{VICTIM}\""), "wrong\n");
    }
    // A local user can claim any remote host for a login of their own; the claim is not trusted.
    claim(&world, "alice", "alone", "alice", VICTIM, "wrong\n");
    claim(&world, "alice", "alone", "bob", VICTIM, "wrong\n");
    world.wait_for_log(&["denied", "user=\"alice\"", "rhost=\"-\"", "wrong password"]);

    // A removed friend's key, an outage, and a rate limit of plex.tv.
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(Duration::from_millis(2500));
    assert!(!world.ssh_key_from("203.0.113.19", "alice").ok());
    world.wait_for_log(&["denied", "203.0.113.19", "phase=account"]);
    for (fault, verdict) in [(Fault::Status(503, String::new()), "unavailable"), (Fault::TooMany(None), "throttled")] {
        world.plex().fault(Endpoint::Signin, fault);
        assert!(!world.ssh_from("203.0.113.20", "password", "frank", &password("frank")).ok());
        world.wait_for_log(&[verdict, "203.0.113.20", "frank"]);
        world.plex().clear_faults();
    }

    let expected = hosts([
        ("203.0.113.11", 1),
        ("203.0.113.12", 1),
        ("203.0.113.13", 2),
        ("203.0.113.16", 1),
        ("203.0.113.17", 3),
        ("203.0.113.18", 3),
        ("2001:db8::9", 1),
    ]);
    // In busybox's format, and in rsyslog's traditional and current ones.
    assert_eq!(found(&world, "/var/log/syslog"), expected);
    world.sh("sed -E 's/ authpriv\\.[a-z]+ / /' /var/log/syslog >/run/older; \
         sed -E 's/^.{15}/2026-11-24T22:35:35.123456+00:00/' /run/older >/run/newer");
    assert_eq!(found(&world, "/run/older"), expected);
    assert_eq!(found(&world, "/run/newer"), expected);
    world.assert_no_secret_leaked();
}

#[test]
fn fail2ban_reads_only_the_daemons_own_journal_entries() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    install(&world);
    world.stop_authd();
    let config = "[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nForwardToWall=no\n";
    world.write("/etc/systemd/journald.conf", 0o644, "root:root", config);
    world.start(&["/lib/systemd/systemd-journald"]);
    world.sh(
        "until [ -S /run/systemd/journal/dev-log ]; do sleep 0.02; done; ln -sf /run/systemd/journal/dev-log /dev/log",
    );
    world.start(&["/usr/sbin/plex-authd", "--user", "plex-auth"]);
    world.sh("until journalctl -q -o cat | grep -q 'is ready'; do sleep 0.05; done");
    world.codes_from("203.0.113.11", "alone", "alice", "wrong");
    world.codes_from("203.0.113.12", "alone", "alice", &password("alice"));
    world.codes_from("203.0.113.13", "alone", "bob", &password("bob"));
    // Every user of the machine can write such lines to the journal.
    let line =
        format!("denied user=\"bob\" plex_id=- service=\"sshd\" rhost=\"{VICTIM}\" phase=auth caller=0 ms=0: wrong");
    let forged = format!("logger -t plex-authd --id=1 -p authpriv.notice '{line}'");
    let out = world.run(&["setpriv", "--reuid", "local", "--clear-groups", "sh", "-c", &forged]);
    assert!(out.ok(), "{out:?}");
    world.sh(&format!("until journalctl -q -o cat | grep -q {VICTIM}; do sleep 0.05; done"));
    // Without systemd the daemon has no unit, so the unit is added to its journal entries afterwards.
    world.sh("journalctl -q -o export | sed 's/^_COMM=plex-authd$/&\\n_SYSTEMD_UNIT=plex-authd.service/' | \
         $(find /lib/systemd /usr/lib/systemd -name systemd-journal-remote | head -n 1) \
         --split-mode=none -o /run/units.journal - 2>/dev/null");
    let journal = "systemd-journal[journalfiles=/run/units.journal]";
    assert_eq!(found(&world, journal), hosts([("203.0.113.11", 1), ("203.0.113.13", 1)]));
    // The forged line is in the journal; only the unit distinguishes it.
    let all = world.run(&["fail2ban-regex", "-m", "SYSLOG_IDENTIFIER=plex-authd", "-o", "ip", journal, "plex-auth"]);
    assert!(all.stdout.contains(VICTIM), "{all:?}");
    let page = world.follow(&page_commands("docs/how-to/fail2ban.md", "Test the filter"));
    assert!(page.contains("Use         systemd journal") && page.contains("Failregex: "), "{page}");
}

#[test]
fn fail2ban_example_jail_bans_a_host_after_two_connections_of_wrong_passwords() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20") else { return };
    // The alternative that the jail names, for a syslog that writes files, with an action that only records.
    let local = "[DEFAULT]\nbanaction_allports = notes\nignoreself = false\n[sshd]\nenabled = false\n\
                 [plex-auth]\nbackend = polling\nlogpath = /var/log/syslog\n";
    let notes = "[Definition]\nactionban = echo <ip> >>/run/banned\nactionunban = true\n";
    world.write("/etc/fail2ban/action.d/notes.conf", 0o644, "root:root", notes);
    world.ready_for_pages();
    // An existing fail2ban, and the commands of the page.
    world.write("/etc/fail2ban/jail.local", 0o644, "root:root", "[sshd]\nenabled = false\n");
    world.start(&["fail2ban-server", "-f", "start"]);
    world.sh("until fail2ban-client ping >/dev/null 2>&1; do sleep 0.1; done");
    world.write("/etc/fail2ban/jail.local", 0o644, "root:root", local);
    let said = world.follow(&page_commands("docs/how-to/fail2ban.md", "Enable the jail"));
    assert!(said.contains("OK: configuration test is successful"), "{said}");
    std::thread::scope(|scope| {
        for (rhost, tries) in [("203.0.113.11", 11), ("203.0.113.12", 12)] {
            let world = &world;
            scope.spawn(move || (0..tries).for_each(|_| drop(world.codes_from(rhost, "alone", "bob", "wrong"))));
        }
    });
    world.sh("until [ -e /run/banned ]; do sleep 0.1; done");
    world.sh("timeout 10 sh -c \"until fail2ban-client status plex-auth | grep -q 'failed:.*23'; do sleep 0.1; done\"");
    let status = world.sh("fail2ban-client status plex-auth").stdout;
    assert!(status.contains("Total failed:\t23") && status.contains("Banned IP list:\t203.0.113.12"), "{status}");
    assert_eq!(world.sh("cat /run/banned").stdout, "203.0.113.12\n");
}
