//! The four ways to log in that are compared, each as a PAM service of its own.

use e2e::{MACHINE, World, password};
use fakeplex::{Command, Reissue};

/// A way to log in.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The PAM service, and its name in the tables.
    pub service: &'static str,
    user: &'static str,
    password: String,
}

/// Lower bound of a login: libpam and a module that does nothing.
pub(crate) const PERMIT: &str = "pam_permit";

/// The module that is measured.
pub(crate) const PLEX: &str = "pam_plex";

/// The script that people would write instead.
pub(crate) const SCRIPT: &str = "script";

/// A local password, the everyday login for comparison.
const UNIX: &str = "pam_unix";

/// Sets all of them up and checks each: an ordinary login works and a wrong password does not.
pub(crate) fn set_up(world: &World) -> Vec<Peer> {
    // The script signs in as one device and does not wait its turn: simultaneous logins would revoke each other's
    // tokens.
    world.plex().send(&Command::Tokens(Reissue::Keep)).unwrap();
    let base = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let script = format!("/usr/local/sbin/plex-script {} {MACHINE}", base.trim());
    let line = |module: &str| format!("auth required {module}\naccount required {module}\n");
    let stacks = [
        (PERMIT, line("pam_permit.so")),
        (UNIX, "auth required pam_unix.so nodelay\naccount required pam_unix.so\n".into()),
        (PLEX, line("pam_plex.so")),
        (
            SCRIPT,
            format!(
                "auth required pam_exec.so quiet expose_authtok {script}\naccount required pam_exec.so quiet {script}\n"
            ),
        ),
    ];
    for (service, stack) in stacks {
        world.write(&format!("/etc/pam.d/{service}"), 0o644, "root:root", &stack);
    }
    world.write("/usr/local/sbin/plex-script", 0o755, "root:root", include_str!("script"));
    world.write("/etc/plex-script.curl", 0o600, "root:root", "header = \"X-Plex-Token: TOKEN-SECRET-olga\"\n");
    // What `passwd` uses on Debian.
    let set = world.run_with(&["chpasswd", "--crypt-method", "YESCRYPT"], "local:LOCAL-SECRET\n");
    assert!(set.ok(), "{set:?}");
    let shadow = world.sh("getent shadow local").stdout;
    assert!(shadow.contains(":$y$"), "the local password is not kept by yescrypt");

    let peer = |service, user, password: &str| Peer { service, user, password: password.into() };
    let alice = password("alice");
    let peers = vec![
        peer(PERMIT, "local", "anything"),
        peer(UNIX, "local", "LOCAL-SECRET"),
        peer(PLEX, "alice", &alice),
        peer(SCRIPT, "alice", &alice),
    ];
    for one in &peers {
        assert!(one.logs_in(world), "{} does not let {} in", one.service, one.user);
        let wrong = Peer { password: "wrong".into(), ..one.clone() };
        assert!(one.service == PERMIT || !wrong.logs_in(world), "{} takes a wrong password", one.service);
    }
    for service in [PLEX, SCRIPT] {
        let no_friend = peer(service, "bob", &password("bob"));
        assert!(!no_friend.logs_in(world), "{service} lets bob in, who has no access");
    }
    peers
}

impl Peer {
    fn logs_in(&self, world: &World) -> bool {
        let out = run(world, std::slice::from_ref(self), 1, 1);
        out.ok()
    }
}

/// One login of each, and time for its follow-up work, so that connections, lists and caches exist when measuring
/// starts.
pub(crate) fn warm_up(world: &World, peers: &[Peer]) {
    assert!(run(world, peers, 1, 1).ok(), "{}", world.syslog());
    std::thread::sleep(std::time::Duration::from_millis(500));
}

/// Measures the times of each service, in nanoseconds, in the order of the rounds.
pub(crate) fn measure(world: &World, peers: &[Peer], rounds: usize, together: usize) -> Vec<Vec<u64>> {
    let mut times = vec![Vec::new(); peers.len()];
    let mut left = rounds;
    while left > 0 {
        // A few at a time: every command on a private machine has a time limit.
        let now = left.min(5);
        left -= now;
        let out = run(world, peers, now, together);
        assert!(out.ok(), "a login failed: {}{}", out.stderr, world.syslog());
        for line in out.stdout.lines() {
            let (service, time) = line.split_once(' ').unwrap();
            let index = peers.iter().position(|peer| peer.service == service).unwrap();
            times[index].push(time.parse().unwrap());
        }
    }
    times
}

fn run(world: &World, peers: &[Peer], rounds: usize, together: usize) -> e2e::Out {
    let program = world.c_program("pambench");
    let (rounds, together) = (rounds.to_string(), together.to_string());
    let mut line = vec![program.as_str(), &rounds, &together];
    line.extend(peers.iter().flat_map(|peer| [peer.service, peer.user]));
    let typed: String = peers.iter().flat_map(|peer| [peer.password.as_str(), "\n"]).collect();
    world.run_with(&line, &typed)
}
