//! Daemons of a private machine: plex.tv, plex-authd, sshd.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::MACHINE;
use crate::artifacts;
use crate::world::World;

/// Time limit for the first friend list.
const FIRST_LIST: Duration = Duration::from_secs(3);

/// Time limit for a daemon to become ready.
const START: Duration = Duration::from_secs(120);

impl World {
    /// A complete machine: plex.tv with this world, the daemon with the usual configuration and `further` lines, and
    /// the accounts of the Den.
    #[must_use]
    pub fn with_everything(world: &str, further: &str) -> Option<Self> {
        let machine = Self::new()?;
        for name in ["alice", "bob", "carol", "erin", "frank", "mallory", "zoe", "olga"] {
            machine.add_user(name, true, None);
        }
        machine.add_user("local", false, Some("LOCAL-SECRET"));
        machine.start_plex(world);
        machine.start_authd(&machine.config(further));
        machine.wait_for_members();
        Some(machine)
    }

    /// Waits until the first list has bound the members of the group, for three seconds at most: where there is no such list,
    /// nothing binds them. A test may make plex.tv's list unreadable right after the start.
    pub fn wait_for_members(&self) {
        let start = Instant::now();
        while !self.syslog().contains("a member of the group plex-users, belongs to") && start.elapsed() < FIRST_LIST {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts plex.tv.
    pub fn start_plex(&self, world: &str) {
        let directory = self.plex_directory();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("world.toml"), world).unwrap();
        let (program, inside) = (artifacts::built("fakeplex"), self.shared().join("fakeplex"));
        let _ = fs::remove_file(&inside);
        // A copy cannot be run while a process that another thread has just forked still holds it open for writing.
        if fs::hard_link(&program, &inside).is_err() {
            fs::copy(program, inside).unwrap();
        }
        let serve = ["/mnt/fakeplex", "serve", "--state", "/mnt/plex/world.toml", "--dir", "/mnt/plex"];
        self.start(&serve);
        wait("plex.tv", || directory.join("address").exists());
        self.resolve_media_servers();
    }

    /// Gives the media servers of the machine's world their names below plex.direct.
    pub(crate) fn resolve_media_servers(&self) {
        self.sh("cd /mnt/plex; ls | grep '^address.pms-tls.' | xargs -r sed -n 's|^https://\\(.*\\):.*|127.0.0.1 \\1|p' >>/etc/hosts");
    }

    /// The https address of a media server of the machine's world.
    #[must_use]
    pub fn media_server(&self, name: &str) -> String {
        let file = self.plex_directory().join(format!("address.pms-tls.{name}"));
        fs::read_to_string(file).unwrap().trim_end().to_owned()
    }

    /// The usual configuration with further lines; top-level keys come first, so `further` may end with tables.
    #[must_use]
    pub fn config(&self, further: &str) -> String {
        let address = fs::read_to_string(self.plex_directory().join("address")).unwrap();
        format!(
            "token = \"TOKEN-SECRET-olga\"\nmachine_id = \"{MACHINE}\"\nadmin_account = \"olga\"\ngroup = \"plex-users\"\n\
             accounts.purpose = \"shell\"\nplex_url = \"{}\"\nca_file = \"/mnt/plex/ca.pem\"\n{further}\n",
            address.trim_end()
        )
    }

    /// Writes the configuration with the right owner and mode.
    pub fn write_config(&self, config: &str) {
        self.write("/etc/plex-auth.toml", 0o640, "root:plex-auth", config);
    }

    /// Starts the daemon and waits until it is ready.
    pub fn start_authd(&self, config: &str) {
        self.start_authd_behind(&[], config);
    }

    /// Starts the daemon through another command, such as `env`, and waits until it is ready.
    pub fn start_authd_behind(&self, before: &[&str], config: &str) {
        self.write_config(config);
        let ready = self.ready_lines();
        self.start(&[before, &["/usr/sbin/plex-authd", "--user", "plex-auth"]].concat());
        wait("plex-authd", || self.ready_lines() > ready);
    }

    fn ready_lines(&self) -> usize {
        self.syslog().matches("is ready").count()
    }

    /// Stops the daemon as systemd does (SIGTERM) and waits until it has exited.
    pub fn stop_authd(&self) {
        self.sh("pkill -TERM -x plex-authd; while pgrep -x plex-authd >/dev/null; do sleep 0.02; done");
    }

    /// Kills the daemon with SIGKILL and waits until it is gone.
    pub fn kill_authd(&self) {
        self.sh("pkill -KILL -x plex-authd; while pgrep -x plex-authd >/dev/null; do sleep 0.02; done");
    }

    /// Starts plex-auth-shadow.
    pub fn start_shadow_service(&self) {
        self.start(&["/usr/sbin/plex-auth-shadow"]);
        wait("plex-auth-shadow", || self.run(&["sh", "-c", "ss -lxn | grep -q /run/plex-auth-shadow/socket"]).ok());
    }

    /// Kills plex-auth-shadow with SIGKILL.
    pub fn kill_shadow_service(&self) {
        // The kernel truncates process names.
        self.sh("pkill -KILL -x plex-auth-shado; while pgrep -x plex-auth-shado >/dev/null; do sleep 0.02; done");
    }

    /// Starts sshd.
    pub fn start_sshd(&self) {
        self.start_sshd_with("");
    }

    /// Starts sshd with `further` lines at the end of its configuration.
    pub fn start_sshd_with(&self, further: &str) {
        let config = "UsePAM yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\nPermitRootLogin yes\n\
                      PubkeyAuthentication yes\nUseDNS no\nLogLevel VERBOSE\n";
        self.write("/etc/ssh/sshd_config", 0o644, "root:root", &format!("{config}{further}"));
        self.sh("/usr/sbin/sshd -E /var/log/sshd.log");
        wait("sshd", || self.run(&["sh", "-c", "ss -lnt | grep -q ':22 '"]).ok());
    }

    /// Starts a program in the background.
    pub fn start(&self, arguments: &[&str]) {
        let line = format!("exec setsid --fork {} </dev/null >>/var/log/started 2>&1", arguments.join(" "));
        let mut command = self.command(&["sh", "-c", &line]);
        let status = command.stdin(Stdio::null()).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }
}

pub(crate) fn wait(what: &str, ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < START, "{what} does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
}
