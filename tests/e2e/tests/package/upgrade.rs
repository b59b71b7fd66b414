//! Upgrades while users log in.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use e2e::{Code, other_protocol, password};

use crate::machine::Machine;

/// Minimum number of attempts per login during an upgrade.
const TRIES: usize = 10;

pub fn r13_upgrade_during_logins_keeps_every_login_result(machine: &Machine) {
    let world = &machine.world;
    let next = machine.next_revision();
    let (stacks, configuration) = (machine.stacks(), world.sh("sha256sum /etc/plex-auth.toml").stdout);
    // The state file, which the daemon only adds to, and the client identifier at plex.tv.
    let state = || world.sh("cd /var/lib/plex-auth && stat -c '%i %U:%G %a' state.db && cat client-id").stdout;
    let (daemon, listening, known) = (running(machine), socket(machine), state());
    let mut session = Session::open(machine);
    let (upgraded, unavailable) = hammer(machine, || machine.apt(&["install", &next]));
    assert!(upgraded.ok(), "{upgraded:?}");
    assert!(session.echoes("still here"), "a session that is open outlives the upgrade");
    drop(session);

    assert_eq!(machine.stacks(), stacks);
    assert_eq!(world.sh("sha256sum /etc/plex-auth.toml").stdout, configuration);
    assert_eq!(state(), known);
    // The new daemon listens at the same socket.
    assert_ne!(running(machine), daemon);
    assert_eq!(socket(machine), listening);
    world.sh("cmp /proc/$(systemctl show -P MainPID plex-authd)/exe /usr/sbin/plex-authd");
    assert_eq!(world.run(&["systemctl", "is-system-running"]).stdout, "running\n");
    // Only a login in progress when the old daemon stopped may fail; the socket queues all others.
    eprintln!("a friend was turned away {unavailable} times");
    assert!(unavailable <= 1, "a friend was turned away {unavailable} times");
    assert!(machine.lets_in("alice"));
}

pub fn r13_interrupted_upgrade_keeps_every_login_working(machine: &Machine) {
    let as_before = |when: &str| {
        machine.assert_local_logins(when);
        assert!(machine.lets_in("alice"), "{when}");
    };
    let stacks = machine.stacks();
    let unpacked = machine.dpkg(&["--unpack", &machine.next_revision()]);
    assert!(unpacked.ok(), "{unpacked:?}");
    as_before("the new files are there, and nobody knows");
    let failed = machine.while_failing("/usr/sbin/pam-auth-update", || machine.dpkg(&["--configure", "plex-auth"]));
    assert!(!failed.ok(), "{failed:?}");
    as_before("the new daemon runs, and the stacks were not looked at");
    let configured = machine.dpkg(&["--configure", "plex-auth"]);
    assert!(configured.ok(), "{configured:?}");
    assert_eq!(machine.stacks(), stacks);
    // A stopped daemon stays stopped, and an enabled `sync` timer stays enabled.
    machine.world.sh("systemctl stop plex-authd.service; systemctl enable --now plex-auth-sync.timer");
    let shown = machine.upgrade();
    assert!(!shown.contains("plex-auth setup"), "{shown}");
    assert_eq!(machine.world.run(&["systemctl", "is-active", "plex-authd"]).stdout, "inactive\n");
    machine.world.sh("systemctl is-active plex-authd.socket plex-auth-sync.timer");
    assert!(machine.lets_in("alice"), "the socket starts it");
}

pub fn r65_key_logins_work_while_module_and_daemon_differ_in_version(machine: &Machine) {
    let world = &machine.world;
    let keys_work = |when: &str| {
        assert_eq!(world.ssh_key("alice").stdout, "alice\n", "{when}");
        assert!(!world.ssh_key("bob").ok(), "{when}: a friend without access");
        machine.assert_local_logins(when);
    };
    for version in ["next-protocol", "previous-protocol"] {
        let next = machine.next_revision_with_module(&other_protocol(version));
        let unpacked = machine.dpkg(&["--unpack", &next]);
        assert!(unpacked.ok(), "{unpacked:?}");
        keys_work(&format!("{version}, unpacked"));
        let refused = world.ssh("password", "alice", &password("alice"));
        assert!(!refused.ok(), "the module is of another version: {refused:?}");
        let configured = machine.dpkg(&["--configure", "plex-auth"]);
        assert!(configured.ok(), "{configured:?}");
        keys_work(&format!("{version}, configured"));
    }
    machine.upgrade();
    assert!(machine.lets_in("alice"));
}

/// Judges the return codes of authentication and account phase.
type Judge<'a> = &'a (dyn Fn(Code, Code) -> bool + Sync);

/// Runs `act` while a local account, root, a friend and unauthorised users log in continuously. Also returns how often
/// the friend's login was unavailable.
fn hammer<T>(machine: &Machine, act: impl FnOnce() -> T) -> (T, usize) {
    let (done, unavailable) = (AtomicBool::new(false), AtomicUsize::new(0));
    let world = &machine.world;
    let try_all_the_time = |service: &str, user: &str, typed: String, judge: Judge| {
        let mut tries = 0;
        while !done.load(Ordering::Relaxed) || tries < TRIES {
            let codes = world.codes_set_uid("daemon", service, user, "auth,acct", &format!("{typed}\n"));
            let (auth, account) = (codes.of("auth"), codes.of("acct"));
            assert!(judge(auth, account), "{service}, {user} types {typed}: {codes:?}");
            tries += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let inside = |auth, account| (auth, account) == (Code::SUCCESS, Code::SUCCESS);
    let wrong = |auth, _| auth != Code::SUCCESS;
    let stranger = |auth, account| auth != Code::SUCCESS && account != Code::SUCCESS;
    let friend = |auth, account| {
        let asked = auth != Code::AUTHINFO_UNAVAIL && account != Code::AUTH_ERR;
        unavailable.fetch_add(usize::from(!asked), Ordering::Relaxed);
        !asked || inside(auth, account)
    };
    let result = std::thread::scope(|scope| {
        scope.spawn(|| try_all_the_time("sshd", "local", "LOCAL-SECRET".into(), &inside));
        scope.spawn(|| try_all_the_time("su", "root", "ROOT-SECRET".into(), &inside));
        scope.spawn(|| try_all_the_time("sudo", "local", "wrong".into(), &wrong));
        scope.spawn(|| try_all_the_time("sshd", "mallory", password("mallory"), &stranger));
        scope.spawn(|| try_all_the_time("sshd", "alice", password("alice"), &friend));
        let result = act();
        done.store(true, Ordering::Relaxed);
        result
    });
    (result, unavailable.into_inner())
}

fn running(machine: &Machine) -> String {
    machine.world.sh("systemctl show -P MainPID plex-authd").stdout
}

/// Identity of the socket: it gets another inode when it is created again.
fn socket(machine: &Machine) -> String {
    machine.world.sh("stat -c '%i %W' /run/plex-auth/socket").stdout
}

/// Alice's ssh session, running a program that echoes its input.
struct Session(Child);

impl Session {
    fn open(machine: &Machine) -> Self {
        let world = &machine.world;
        assert_eq!(world.ssh_key("alice").stdout, "alice\n");
        let mut ssh = world.command(&["ssh", "-Fnone", "-i/run/key", "-oStrictHostKeyChecking=no"]);
        ssh.args(["-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR", "alice@127.0.0.1", "cat"]);
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut session = Self(ssh.spawn().unwrap());
        assert!(session.echoes("hello"));
        session
    }

    fn echoes(&mut self, words: &str) -> bool {
        writeln!(self.0.stdin.as_mut().unwrap(), "{words}").unwrap();
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line == format!("{words}\n")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
