//! A machine that has just been installed: a Debian server on a root of its own, run by its own systemd, with nothing of ours on
//! it and nothing of the machine around it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::artifacts;
use crate::daemons::wait;
use crate::world::{Out, World};

/// How long it may take to boot.
const BOOT: Duration = Duration::from_secs(300);

impl World {
    /// A Debian server of this release ("bookworm", "trixie"), with sshd running and the loopback for a network; or `None`
    /// where there can be none, as for [`Self::new`].
    #[must_use]
    pub fn clean(suite: &'static str) -> Option<Self> {
        let boot = Command::new(script());
        let mut world = Self::started(boot, || artifacts::root(suite))?;
        world.booted = true;
        let start = Instant::now();
        loop {
            let state = world.run(&["systemctl", "is-system-running"]).stdout;
            match state.trim() {
                "running" => return Some(world),
                "degraded" => panic!("{}", world.run(&["systemctl", "--failed", "--full"]).stdout),
                other => assert!(start.elapsed() < BOOT, "the machine does not boot: {other}"),
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// A machine on a clean root of this release that runs nothing at all, to make an image of a container on; or `None`.
    #[must_use]
    pub fn image(suite: &'static str) -> Option<Self> {
        let mut container = Command::new("unshare");
        container.args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]);
        container.arg(artifacts::checkout().join("tests/e2e/container"));
        Self::started(container, || artifacts::root(suite))
    }

    /// The internet of a clean machine: a plex.tv that it finds, and believes, under the real names. It runs outside, and
    /// shares nothing but the network.
    pub fn start_internet(&self, world: &str) {
        let directory = self.plex_directory();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("world.toml"), world).unwrap();
        let said = File::create(directory.join("said")).unwrap();
        let mut plex = Command::new("nsenter");
        plex.args(["--target", self.process(), "--net", "--pid", "--", "setsid", "--fork"]);
        plex.arg(artifacts::release("fakeplex")).args(["serve", "--listen", "127.0.0.1:443", "--state"]);
        plex.arg(directory.join("world.toml")).arg("--dir").arg(&directory);
        plex.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        assert!(plex.status().unwrap().success());
        wait("plex.tv", || directory.join("address").exists());
        self.sh("echo 127.0.0.1 plex.tv clients.plex.tv >>/etc/hosts; \
             cp /mnt/plex/ca.pem /usr/local/share/ca-certificates/internet.crt && update-ca-certificates");
    }

    /// What a Plex Media Server that has been claimed keeps on this machine, as far as setup reads it.
    pub fn preferences(&self, machine_id: &str, token: &str) {
        let directory = "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server";
        self.sh(&format!("mkdir -p '{directory}'"));
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Preferences MachineIdentifier=\"11111111-2222\" \
             ProcessedMachineIdentifier=\"{machine_id}\" FriendlyName=\"Den\" PlexOnlineToken=\"{token}\" \
             PlexOnlineUsername=\"olga\" PlexOnlineMail=\"olga@example.org\"/>\n"
        );
        self.write(&format!("{directory}/Preferences.xml"), 0o600, "root:root", &text);
    }

    /// Puts the package into root's home, and says its name there.
    pub fn bring_package(&self) -> String {
        let package = artifacts::package();
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        self.copy(&package, &format!("/root/{name}"), 0o644);
        name
    }

    /// Installs the package.
    pub fn install_package(&self) -> Out {
        let name = self.bring_package();
        self.sh(&format!("DEBIAN_FRONTEND=noninteractive apt-get install --yes /root/{name} 2>&1"))
    }
}

/// Clears away what the machine of this process has left outside, when it has ended.
pub(crate) fn forget(holder: u32) {
    let _ = Command::new(script()).args(["after", &holder.to_string()]).status();
}

fn script() -> PathBuf {
    artifacts::checkout().join("tests/e2e/boot")
}
