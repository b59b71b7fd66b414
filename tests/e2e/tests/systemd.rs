//! The systemd units on a Debian server: they are hardened, and the services work with them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{DEN, World, checkout, password};

/// Maximum exposure by `systemd-analyze security`, in tenths.
const EXPOSURE: &str = "15";

/// Maximum exposure of the service that ends the sessions of removed friends (R68): it must see and signal other users'
/// processes.
const EXPOSURE_OF_SYNC: &str = "16";

/// A server with the package, the configuration that setup writes, and a friend list that expires quickly.
fn server(suite: &'static str) -> Option<World> {
    let world = World::clean(suite)?;
    world.start_internet(DEN);
    world.install_package();
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    world.sh("plex-auth setup --yes --shell --token-file /root/token");
    world.sh(
        "printf '[timeouts]\\nfriend_list = \"1s\"\\n' >>/etc/plex-auth.toml; systemctl reload-or-restart plex-authd",
    );
    Some(world)
}

/// Process id of the daemon.
fn process(world: &World) -> String {
    world.sh("systemctl show --value --property=MainPID plex-authd").stdout.trim().to_owned()
}

/// Waits until a different process answers.
fn wait_for_another(world: &World, before: &str) {
    world.until(&format!(
        "[ $(systemctl show --value --property=MainPID plex-authd) -gt 0 ] && \
         [ $(systemctl show --value --property=MainPID plex-authd) != {before} ]"
    ));
    world.sh("plex-auth status");
}

#[test]
fn systemd_units_are_valid_hardened_and_functional() {
    for suite in ["bookworm", "trixie"] {
        let Some(world) = server(suite) else { return };
        assert_valid(&world);
        assert_hardened(&world);
        assert_start_waits_until_ready(&world);
        assert_shadow_service_runs_with_the_daemon(&world);
        assert_reload(&world);
        assert_restart_after_failures(&world);
        assert_limits(&world);
        assert_sync(&world);
        world.assert_no_secret_leaked();
    }
}

fn units(ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(checkout().join("packaging/systemd")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(ending));
    names.sort();
    names
}

fn assert_valid(world: &World) {
    for unit in units("") {
        let out = world.run(&["systemd-analyze", "verify", "--man=no", &unit]);
        let said = format!("{}{}", out.stdout, out.stderr);
        assert!(out.ok() && !said.contains("plex-auth"), "{unit}: {said}");
    }
}

fn assert_hardened(world: &World) {
    let services = units(".service");
    assert!(services.len() >= 3, "{services:?}");
    for service in services {
        let file = format!("/usr/lib/systemd/system/{service}");
        let most = if service == "plex-auth-sync.service" { EXPOSURE_OF_SYNC } else { EXPOSURE };
        let security = ["systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold", most, &file];
        let out = world.run(&security);
        let open: Vec<_> = out.stdout.lines().filter(|line| !line.starts_with('✓')).collect();
        assert!(out.ok(), "{service} is more exposed than {most}/10:\n{}\n{}", open.join("\n"), out.stderr);
    }
}

fn assert_start_waits_until_ready(world: &World) {
    world.sh("mkdir -p /run/systemd/system/plex-authd.service.d");
    let slow = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'sleep 0.7; exec /usr/sbin/plex-authd'\n\
                ExecPaths=/usr/bin\nWatchdogSec=1\n";
    world.write("/run/systemd/system/plex-authd.service.d/slow.conf", 0o644, "root:root", slow);
    world.sh("systemctl daemon-reload; systemctl stop plex-authd; systemctl start plex-authd");
    let pid = process(world);
    assert_eq!(world.sh(&format!("readlink /proc/{pid}/exe")).stdout, "/usr/sbin/plex-authd\n", "it was waited for");
    let limits = world.sh(&format!("cat /proc/{pid}/limits")).stdout;
    let core: Vec<_> = limits.lines().find(|line| line.starts_with("Max core")).unwrap().split_whitespace().collect();
    assert_eq!(core.get(4..6), Some(&["0", "0"][..]), "{core:?}");
    assert_eq!(world.sh(&format!("stat -c %U /proc/{pid}/mem")).stdout, "root\n", "it cannot be looked into");
    world.sh(&format!("grep -q '^NoNewPrivs:.1' /proc/{pid}/status && grep -q '^CapBnd:.0*$' /proc/{pid}/status"));
    assert_eq!(world.sh("stat -c %U:%G:%a /var/lib/plex-auth").stdout, "plex-auth:plex-auth:700\n");
}

/// R40: no login waits for the start of plex-auth-shadow, which would show that its account is managed.
fn assert_shadow_service_runs_with_the_daemon(world: &World) {
    world.sh("systemctl stop plex-authd plex-auth-shadow; systemctl start plex-authd");
    world.until("systemctl is-active --quiet plex-auth-shadow");
}

fn assert_reload(world: &World) {
    let before = process(world);
    let (_, log) = world.logged(|| world.sh("systemctl reload plex-authd"));
    assert!(log.contains("the configuration has been read again"), "{log}");
    assert_eq!(log.matches(" plex-auth[").count(), 0, "the check is silent: {log}");
    world.sh("cp -p /etc/plex-auth.toml /root/good; sed -i '1i strict_freinds = true' /etc/plex-auth.toml");
    let (out, log) = world.logged(|| world.run(&["systemctl", "reload", "plex-authd"]));
    assert!(!out.ok(), "{out:?}");
    assert!(log.contains("strict_freinds") && log.contains("/etc/plex-auth.toml:1:1:"), "{log}");
    assert_eq!(log.matches(" plex-auth[").count(), 1, "in one line: {log}");
    assert_eq!((process(world), world.sh("systemctl is-active plex-authd").stdout), (before, "active\n".into()));
    world.sh("plex-auth status");
    world.sh("cp -p /root/good /etc/plex-auth.toml; systemctl reload plex-authd");
}

fn assert_restart_after_failures(world: &World) {
    let before = process(world);
    world.sh(&format!("kill -KILL {before}"));
    wait_for_another(world, &before);
    let before = process(world);
    world.sh(&format!("kill -STOP {before}"));
    world.wait_for_log(&["Watchdog timeout"]);
    wait_for_another(world, &before);
    world.sh("rm -r /run/systemd/system/plex-authd.service.d; systemctl daemon-reload");
}

/// The limits of the units are in force, and the services restrict themselves inside of them.
fn assert_limits(world: &World) {
    with_samba(world);
    world.sh("systemctl start plex-auth-shadow plex-auth-samba plex-authd");
    let services =
        [("plex-authd", 512 << 20, 2048), ("plex-auth-shadow", 64 << 20, 4), ("plex-auth-samba", 256 << 20, 16)];
    for (service, memory, tasks) in services {
        let property = |name: &str| {
            world.sh(&format!("systemctl show --value --property={name} {service}")).stdout.trim().to_owned()
        };
        assert_eq!(property("MemoryMax"), memory.to_string(), "{service}");
        assert_eq!(property("MemorySwapMax"), "0", "{service}");
        assert_eq!(property("TasksMax"), tasks.to_string(), "{service}");
        assert_eq!((property("SocketBindDeny"), property("NoExecPaths")), ("any".into(), "/".into()), "{service}");
        let executable = property("ExecPaths");
        let own = format!("/usr/sbin/{service}");
        for path in [&own, "/usr/lib", "/opt"] {
            assert!(
                executable.split_whitespace().any(|it| it.trim_start_matches('-') == path),
                "{service}: {executable}"
            );
        }
        let process = property("MainPID");
        let refused = |call: &str, path: &str| {
            let results = world.take_over(&process, call, path);
            assert!(results.iter().all(|result| *result < 0), "{service}: {call} {path}: {results:?}");
        };
        // The unit gives it a /tmp of its own, where only Landlock refuses anything.
        for path in ["/tmp/probe", "/dev/shm/probe", "/run/probe", "/var/lib/probe"] {
            refused("write", path);
        }
        refused("run", "/bin/true");
        refused("port", "");
    }
    assert!(!world.syslog().contains("no Landlock"), "{}", world.syslog());
    // It runs useradd, and is not there between two runs.
    let names = ["MemoryMax", "MemorySwapMax", "TasksMax", "SocketBindDeny"];
    let sync = names.map(|name| world.sh(&format!("systemctl show --value --property={name} plex-auth-sync")).stdout);
    assert_eq!(sync, ["536870912\n", "0\n", "64\n", "any\n"], "{names:?}");
}

/// Samba's tool, as far as the units are concerned: without it, the socket is not made.
fn with_samba(world: &World) {
    world.write("/usr/bin/smbpasswd", 0o755, "root:root", "#!/bin/sh\n");
    world.sh("systemctl start plex-auth-samba.socket");
}

/// Number of starts that have failed, by the log of this program.
fn failed_starts(world: &World, program: &str) -> usize {
    let sender = format!(" {program}[");
    world.syslog().lines().filter(|line| line.contains(&sender) && line.contains("cannot run: ")).count()
}

#[test]
fn failed_starts_answer_logins_at_once_and_never_stop_the_socket() {
    for suite in ["bookworm", "trixie"] {
        let Some(world) = server(suite) else { return };
        world.sh("useradd --create-home --shell /bin/sh probe; echo probe:LOCAL-SECRET | chpasswd");
        world.sh("useradd --create-home --shell /bin/sh --password '*' --groups plex-users alice");
        assert_broken_configuration(&world);
        assert_failing_shadow_service(&world);
        assert_failing_samba_service(&world);
        assert_stopped_while_failing(&world);
        assert_missing_program(&world);
        world.assert_no_secret_leaked();
    }
}

fn assert_sockets_listen(world: &World) {
    let sockets = "systemctl is-active plex-authd.socket plex-auth-shadow.socket";
    assert_eq!(world.sh(sockets).stdout, "active\nactive\n", "{}", world.syslog());
}

fn assert_alice_logs_in(world: &World) {
    let inside = world.ssh("password", "alice", &password("alice"));
    assert_eq!(inside.stdout, "alice\n", "{inside:?}\n{}", world.syslog());
}

fn assert_broken_configuration(world: &World) {
    world.sh("cp -p /etc/plex-auth.toml /root/good; sed -i '1i nonsense = 1' /etc/plex-auth.toml");
    world.sh("systemctl stop plex-authd");
    // More than systemd's own limits for starts (5 in 10 seconds) and for connections (20 in 2 seconds).
    let before = failed_starts(world, "plex-authd");
    for attempt in 0..8 {
        let start = Instant::now();
        for _ in 0..5 {
            assert!(!world.run(&["plex-auth", "status"]).ok());
        }
        // Each of them would otherwise wait for its time limit.
        assert!(start.elapsed() < Duration::from_secs(8), "{attempt}: {:?}", start.elapsed());
        world.until("systemctl is-failed --quiet plex-authd");
    }
    let starts = failed_starts(world, "plex-authd") - before;
    assert!((8..=40).contains(&starts), "{starts} starts");
    // Without a connection, it is not started again.
    world.sh("sleep 3");
    assert_eq!(failed_starts(world, "plex-authd") - before, starts);
    assert_sockets_listen(world);

    // The account phase is decided by the local group, as without a daemon.
    let start = Instant::now();
    let local = world.ssh("password", "probe", "LOCAL-SECRET");
    assert_eq!(local.stdout, "probe\n", "{local:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(!world.ssh("password", "alice", &password("alice")).ok());

    // Once the file is fixed, the next login finds a daemon. Nobody has to start it.
    world.sh("cp -p /root/good /etc/plex-auth.toml");
    world.until("systemctl is-failed --quiet plex-authd");
    assert_alice_logs_in(world);
}

fn assert_failing_shadow_service(world: &World) {
    let drop_in = "/run/systemd/system/plex-auth-shadow.service.d";
    world.sh(&format!("mkdir -p {drop_in}"));
    let wrong = "[Service]\nExecStart=\nExecStart=/usr/sbin/plex-auth-shadow --user no-such-user\n";
    world.write(&format!("{drop_in}/wrong.conf"), 0o644, "root:root", wrong);
    world.sh("systemctl daemon-reload; systemctl stop plex-auth-shadow");
    for _ in 0..7 {
        assert_alice_logs_in(world);
        world.until("systemctl is-failed --quiet plex-auth-shadow");
    }
    assert!((7..=21).contains(&failed_starts(world, "plex-auth-shadow")), "{}", world.syslog());
    assert_sockets_listen(world);
    world.sh(&format!("rm -r {drop_in}; systemctl daemon-reload"));
    let ((), log) = world.logged(|| assert_alice_logs_in(world));
    assert!(!log.contains("pam_unix(sshd:auth): authentication failure"), "{log}");
}

fn assert_failing_samba_service(world: &World) {
    with_samba(world);
    let drop_in = "/run/systemd/system/plex-auth-samba.service.d";
    world.sh(&format!("mkdir -p {drop_in}"));
    let missing = "[Service]\nExecStart=\nExecStart=/usr/sbin/plex-auth-samba --writable /srv/missing\n";
    world.write(&format!("{drop_in}/missing.conf"), 0o644, "root:root", missing);
    world.sh("systemctl daemon-reload");
    let connect = "use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => '/run/plex-auth-samba/socket') or die; \
                   alarm 60; exit(sysread($s, my $read, 1) != 0)";
    for _ in 0..7 {
        world.sh(&format!("perl -e \"{}\"", connect.replace('$', "\\$")));
        world.until("systemctl is-failed --quiet plex-auth-samba");
    }
    assert_eq!(failed_starts(world, "plex-auth-samba"), 7, "{}", world.syslog());
    assert!(world.syslog().contains("/srv/missing: cannot be opened"), "{}", world.syslog());
    assert_eq!(world.sh("systemctl is-active plex-auth-samba.socket").stdout, "active\n");
    world.sh(&format!("rm -r {drop_in}; systemctl daemon-reload; systemctl start plex-auth-samba"));
}

/// Stopped in the second in which a failed start closes connections, a service has not failed.
fn assert_stopped_while_failing(world: &World) {
    world.sh("cp -p /etc/plex-auth.toml /root/good; sed -i '1i nonsense = 1' /etc/plex-auth.toml");
    let stopped = (0..5).any(|_| {
        world.sh("systemctl stop plex-authd; systemctl reset-failed plex-authd");
        let before = failed_starts(world, "plex-authd");
        assert!(!world.run(&["plex-auth", "status"]).ok());
        // The journal may be a moment behind.
        let start = Instant::now();
        while failed_starts(world, "plex-authd") == before && start.elapsed() < Duration::from_secs(20) {}
        assert_eq!(failed_starts(world, "plex-authd"), before + 1, "{}", world.syslog());
        world.sh("systemctl stop plex-authd");
        !world.run(&["systemctl", "is-failed", "plex-authd"]).ok()
    });
    assert!(stopped, "{}", world.syslog());
    world.sh("cp -p /root/good /etc/plex-auth.toml; systemctl start plex-authd");
}

/// A program that does not even run cannot close connections; systemd starts it again twice a second.
fn assert_missing_program(world: &World) {
    world.sh("mv /usr/sbin/plex-authd /usr/sbin/away; systemctl stop plex-authd");
    let start = Instant::now();
    assert!(!world.run(&["plex-auth", "status"]).ok());
    let count = "systemctl show --value --property=NRestarts plex-authd";
    world.until(&format!("[ $({count}) -ge 6 ]"));
    let restarts: u128 = world.sh(count).stdout.trim().parse().unwrap();
    assert!(restarts <= 2 + start.elapsed().as_millis() / 500, "{restarts} in {:?}", start.elapsed());
    assert_sockets_listen(world);
    world.sh("mv /usr/sbin/away /usr/sbin/plex-authd");
    world.until("systemctl is-active --quiet plex-authd");
    assert_alice_logs_in(world);
}

/// plex-auth-sync creates complete accounts, and locks the accounts of former friends.
fn assert_sync(world: &World) {
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    world.sh("systemctl start plex-auth-sync");
    // Mailboxes are created or not depending on the release.
    world.sh("useradd --create-home probe");
    let has_mailbox = world.run(&["test", "-e", "/var/mail/probe"]).ok();
    for friend in ["alice", "erin", "frank"] {
        let account =
            format!("getent shadow {friend} | cut -d: -f2,8; id -nG {friend}; stat -c %U:%G /home/{friend}/.profile");
        assert_eq!(world.sh(&account).stdout, format!("*:\n{friend} plex-users\n{friend}:{friend}\n"));
        let mailbox = world.run(&["stat", "-c", "%U:%G:%a", &format!("/var/mail/{friend}")]).stdout;
        assert_eq!(mailbox, if has_mailbox { format!("{friend}:mail:660\n") } else { String::new() });
    }
    let inside = world.ssh("password", "frank", &password("frank"));
    assert_eq!(inside.stdout, "frank\n", "{inside:?}");
    // A session, and a process without one.
    let mut session = world.ssh_session("alice", &password("alice"), &["sleep 600"]).spawn().unwrap();
    world.sh("systemd-run --quiet --uid=alice sleep 600");
    world.until("[ $(pgrep -U alice -x sleep | wc -l) = 2 ]");
    // Only now: a login with a list older than a second fetches it again.
    world.plex().load(&DEN.replace("[\"alice\", \"erin\", \"frank\"]", "[\"erin\", \"frank\"]"));
    world.sh("sleep 1.2; systemctl start plex-auth-sync");
    assert_eq!(world.run(&["pgrep", "-l", "-U", "alice"]).stdout, "");
    assert!(!session.wait().unwrap().success());
    assert_eq!(world.sh("getent shadow alice erin | cut -d: -f2,8").stdout, "*:1\n*:\n");
    assert_eq!(world.sh("stat -c %U:%a /var/lib/plex-auth-sync").stdout, "root:700\n");
    world.wait_for_log(&["lock alice"]);
    // Without plex-authd, or if it has read another configuration, nothing is changed.
    world.sh("sleep 1.1; touch /etc/plex-auth.toml");
    assert!(!world.run(&["systemctl", "start", "plex-auth-sync"]).ok());
    world.wait_for_log(&["has not read /etc/plex-auth.toml since", "nothing was changed"]);
    world.sh("systemctl stop plex-authd.socket plex-authd");
    assert!(!world.run(&["systemctl", "start", "plex-auth-sync"]).ok());
    world.wait_for_log(&["plex-authd is not running", "nothing was changed"]);
    assert_eq!(world.sh("getent shadow alice erin frank | cut -d: -f8").stdout, "1\n\n\n");
}
