//! The image described by packaging/container, and containers made from it, whose first process is the entry point.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{DEN, MACHINE, World, checkout, password};

/// Time limit for a container to end.
const END: Duration = Duration::from_secs(15);

/// The image as its Containerfile describes it, except for the steps that need a network.
fn image() -> Option<World> {
    let world = World::image("bookworm")?;
    world.start_internet(DEN);
    let here = checkout().join("packaging/container");
    world.bring_package();
    world.copy(&here.join("entrypoint"), "/root/entrypoint", 0o755);
    let file = fs::read_to_string(here.join("Containerfile")).unwrap();
    assert!(file.contains("COPY plex-auth_*.deb entrypoint /root/\n"), "{file}");
    assert!(file.contains("ENTRYPOINT [\"/usr/local/sbin/entrypoint\"]\n"), "{file}");
    let runs: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("RUN ")).collect();
    assert!(runs.len() >= 3, "{file}");
    for run in runs {
        world.sh(&run.replace("apt-get update && ", ""));
    }
    world.sh("mkdir /run/secrets; ! test -e /dev/log");
    write_secret(&world, &config(""));
    Some(world)
}

fn config(further: &str) -> String {
    format!("token = \"TOKEN-SECRET-olga\"\nmachine_id = \"{MACHINE}\"\ngroup = \"plex-users\"\n{further}\n")
}

/// As mounted from outside: owned by an arbitrary user and readable only for that user.
fn write_secret(world: &World, text: &str) {
    world.write("/run/secrets/plex-auth.toml", 0o400, "1234:1234", text);
}

/// A running container.
struct Container<'a> {
    world: &'a World,
    process: Child,
    /// Process id of the entry point on the machine.
    pid: String,
}

impl<'a> Container<'a> {
    fn start(world: &'a World) -> Self {
        let said = File::create(world.shared().join("said")).unwrap();
        let mut command: Command = world.command(&[
            "unshare",
            "--pid",
            "--fork",
            "--mount",
            "--mount-proc",
            "--kill-child",
            "/usr/local/sbin/entrypoint",
        ]);
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        let process = command.spawn().unwrap();
        world.until("grep -q 'Server listening' /mnt/said && grep -q 'is ready' /mnt/said");
        let pid = world.sh("pgrep -o -x entrypoint").stdout.trim().to_owned();
        Self { world, process, pid }
    }

    fn signal(&self, name: &str) {
        self.world.sh(&format!("kill -{name} {}", self.pid));
    }

    fn said(&self) -> String {
        fs::read_to_string(self.world.shared().join("said")).unwrap()
    }

    fn wait_for(&self, words: &str) {
        self.world.until(&format!("grep -q '{words}' /mnt/said"));
    }

    /// Waits for the end; returns the exit code and the time it took, after checking that no process is left.
    fn end(mut self) -> (i32, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                self.world.sh("! pgrep -x plex-authd && ! pgrep -x sshd");
                return (status.code().unwrap(), start.elapsed());
            }
            assert!(start.elapsed() < END, "the container does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn container_serves_logins_and_ends_on_sigterm_or_with_either_daemon() {
    let Some(world) = image() else { return };
    let container = Container::start(&world);
    let inside = world.ssh("password", "alice", &password("alice"));
    assert_eq!(inside.stdout, "alice\n", "{inside:?}\n{}", container.said());
    assert!(!world.ssh("password", "alice", "wrong").ok());
    // The container's output is its log.
    container.wait_for("plex-authd: accepted user=\"alice\"");
    container.wait_for("plex-authd: denied user=\"alice\"");
    container.wait_for("Accepted password for alice");
    container.wait_for("plex-auth-shadow 0.* is waiting for connections");
    assert!(!container.said().contains("plex-auth-shadow.socket"), "it was asked: {}", container.said());
    let keys = world.sh("cat /var/lib/ssh-host-keys/etc/ssh/ssh_host_ed25519_key.pub").stdout;
    assert_eq!(world.sh("stat -c %U:%G:%a /etc/plex-auth.toml").stdout, "root:plex-auth:640\n");
    assert_eq!(world.sh("stat -c %U $(pgrep -x plex-authd | sed 's|.*|/proc/&|')").stdout, "plex-auth\n");

    // No service manager has restricted them.
    world.assert_confines_itself(world.sh("pgrep -x plex-authd").stdout.trim(), Some("/var/lib/plex-auth"));
    world.assert_confines_itself(world.sh("pgrep -x plex-auth-shado").stdout.trim(), None);

    // Orphaned processes are reaped.
    let left = format!("nsenter --target {0} --pid --mount sh -c 'setsid --fork true'", container.pid);
    world.sh(&left);
    world.sh("sleep 0.3; ! grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null");

    // A new configuration, and a broken one.
    write_secret(&world, &config("strict_friends = false"));
    container.signal("HUP");
    container.wait_for("the configuration has been read again");
    world.sh("grep -q strict_friends /etc/plex-auth.toml");
    write_secret(&world, &config("strict_freinds = false"));
    container.signal("HUP");
    container.wait_for("stays in use");
    assert!(container.said().contains("strict_freinds"), "{}", container.said());
    let inside = world.ssh("password", "alice", &password("alice"));
    assert!(inside.ok(), "{inside:?}\n{}", container.said());
    assert!(!world.run(&["grep", "freinds", "/etc/plex-auth.toml"]).ok());

    // The container ends although a session is open.
    let mut session = world.ssh_session("alice", &password("alice"), &["sleep", "100"]).spawn().unwrap();
    world.until("pgrep -x sleep -u alice");
    container.signal("TERM");
    let (code, time) = container.end();
    assert!(code == 0 && time < Duration::from_secs(8), "{code} after {time:?}");
    session.wait().unwrap();

    // The container does not start with an invalid configuration; the last valid copy still exists and is not used
    // instead.
    let out = world.run(&["unshare", "--pid", "--fork", "--mount", "--mount-proc", "/usr/local/sbin/entrypoint"]);
    assert!(out.code == 1 && out.stderr.contains("strict_freinds"), "{out:?}");

    // plex-authd may need half a minute for logins that are under way, and is not killed meanwhile.
    write_secret(&world, &config(""));
    let container = Container::start(&world);
    world.sh("kill -STOP $(pgrep -x plex-authd)");
    container.signal("TERM");
    world.sh("sleep 7; kill -CONT $(pgrep -x plex-authd)");
    container.wait_for("plex-authd has ended");
    assert_eq!(container.end().0, 0);

    // If either daemon ends, the container ends, with an error whatever the exit code was.
    write_secret(&world, &config(""));
    for (name, signal) in [("plex-authd", "KILL"), ("sshd", "TERM")] {
        let container = Container::start(&world);
        assert_eq!(world.sh("cat /var/lib/ssh-host-keys/etc/ssh/ssh_host_ed25519_key.pub").stdout, keys);
        assert!(world.ssh("password", "alice", &password("alice")).ok());
        world.sh(&format!("kill -{signal} $(pgrep -o -x {name})"));
        container.wait_for(&format!("{name} has ended"));
        let (code, _) = container.end();
        assert_ne!(code, 0, "{name}");
    }
    world.assert_no_secret_leaked();
}
