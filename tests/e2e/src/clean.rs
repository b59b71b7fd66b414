//! A freshly installed machine: a Debian server on a root of its own, run by its own systemd, without plex-auth and
//! without anything from the surrounding machine.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::artifacts;
use crate::daemons::wait;
use crate::world::{Out, World};

/// Time limit for booting.
const BOOT: Duration = Duration::from_secs(300);

impl World {
    /// A Debian server of this release ("bookworm", "trixie"), with sshd running and only the loopback network; `None`
    /// where private machines are impossible, as for [`Self::new`].
    #[must_use]
    pub fn clean(suite: &'static str) -> Option<Self> {
        Self::clean_with(suite, "", &[])
    }

    /// [`Self::clean`] with these packages on it, whose services are stopped. The name tells apart lists of packages.
    #[must_use]
    pub fn clean_with(suite: &'static str, name: &str, packages: &[&str]) -> Option<Self> {
        let boot = Command::new(script());
        let mut world = Self::started(boot, || artifacts::layered(suite, name, packages))?;
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

    /// A clean root of this release without any running service, as the base of a container image; or `None`.
    #[must_use]
    pub fn image(suite: &'static str) -> Option<Self> {
        let mut container = Command::new("unshare");
        container.args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]);
        container.arg(artifacts::checkout().join("tests/e2e/container"));
        Self::started(container, || artifacts::root(suite))
    }

    /// The internet of a clean machine: a plex.tv under its real names, with a certificate that the machine trusts. It
    /// runs outside and shares only the network.
    pub fn start_internet(&self, world: &str) {
        let directory = self.plex_directory();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("world.toml"), world).unwrap();
        let said = File::create(directory.join("said")).unwrap();
        let mut plex = Command::new("nsenter");
        plex.args(["--target", self.process(), "--net", "--pid", "--", "setsid", "--fork"]);
        plex.arg(artifacts::built("fakeplex")).args(["serve", "--listen", "127.0.0.1:443", "--state"]);
        plex.arg(directory.join("world.toml")).arg("--dir").arg(&directory);
        plex.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        assert!(plex.status().unwrap().success());
        wait("plex.tv", || directory.join("address").exists());
        self.sh("echo 127.0.0.1 plex.tv clients.plex.tv >>/etc/hosts; \
             cp /mnt/plex/ca.pem /usr/local/share/ca-certificates/internet.crt && update-ca-certificates");
        self.resolve_media_servers();
    }

    /// Preferences of a claimed Plex Media Server on this machine, as far as setup reads them.
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

    /// Copies the package into root's home and returns its file name.
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

/// Removes what the machine of this process has left outside, after it has ended.
pub(crate) fn forget(holder: u32) {
    let _ = Command::new(script()).args(["after", &holder.to_string()]).status();
}

fn script() -> PathBuf {
    artifacts::checkout().join("tests/e2e/boot")
}
