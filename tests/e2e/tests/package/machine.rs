//! A server with local accounts, a reachable plex.tv, and the package file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use e2e::{DEN, Out, World};

/// The machine, and its state before the installation.
pub struct Machine {
    pub world: World,
    /// Every file below /etc before the installation.
    pub before: BTreeMap<String, String>,
    package: String,
    revision: Cell<u32>,
}

impl Machine {
    /// A server of this suite. Its owner allows root logins with a password, so that they can be tested.
    pub fn new(suite: &'static str) -> Option<Self> {
        let world = World::clean(suite)?;
        let package = format!("/root/{}", world.bring_package());
        world.start_internet(DEN);
        world.add_user("local", false, Some("LOCAL-SECRET"));
        assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\n").ok());
        world.allow_sudo(&["local"]);
        world.write("/etc/ssh/sshd_config.d/root.conf", 0o644, "root:root", "PermitRootLogin yes\n");
        // Since version 9.8, sshd drops connections from an address with many refusals. Here all logins have one
        // address.
        world.sh("! sshd -T | grep -q ^persourcepenalties || \
                  echo 'PerSourcePenalties no' >>/etc/ssh/sshd_config.d/root.conf");
        // Nothing needs to outlive the test, so dpkg need not sync.
        world.write("/etc/dpkg/dpkg.cfg.d/test", 0o644, "root:root", "force-unsafe-io\n");
        world.sh("systemctl reload ssh");
        let before = listing(&world, "/etc");
        Some(Self { world, before, package, revision: Cell::new(1) })
    }

    /// The package built by `make deb`.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The next revision of the package, with another build of the daemon; returns its path.
    pub fn next_revision(&self) -> String {
        self.next_revision_with("")
    }

    /// [`Self::next_revision`] with another module.
    pub fn next_revision_with_module(&self, module: &Path) -> String {
        self.world.copy(module, "/root/module.so", 0o644);
        self.next_revision_with("cp /root/module.so usr/lib/*/security/pam_plex.so &&")
    }

    fn next_revision_with(&self, change: &str) -> String {
        let revision = self.revision.get() + 1;
        self.revision.set(revision);
        let file = format!("/root/next-{revision}.deb");
        self.world.sh(&format!(
            "rm -rf /root/next && dpkg-deb -R {} /root/next && cd /root/next && \
             {change} \
             sed -i '/^Version:/s/-[0-9]*$/-{revision}/' DEBIAN/control && echo {revision} >>usr/sbin/plex-authd && \
             dpkg-deb -Znone -b . {file} && rm -rf /root/next",
            self.package
        ));
        file
    }

    /// Upgrades to the next revision and returns dpkg's output.
    pub fn upgrade(&self) -> String {
        let next = self.next_revision();
        let out = self.dpkg(&["-i", &next]);
        assert!(out.ok(), "{out:?}");
        out.stdout + &out.stderr
    }

    pub fn dpkg(&self, arguments: &[&str]) -> Out {
        self.world.run(&[&["env", "DEBIAN_FRONTEND=noninteractive", "dpkg"], arguments].concat())
    }

    pub fn apt(&self, arguments: &[&str]) -> Out {
        self.world.run(&[&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes"], arguments].concat())
    }

    /// dpkg's status of the package.
    pub fn status(&self) -> String {
        self.world.run(&["dpkg-query", "-W", "-f", "${Status}", "plex-auth"]).stdout
    }

    /// The stacks, with mode, owner and content of each.
    pub fn stacks(&self) -> BTreeMap<String, String> {
        listing(&self.world, "/etc/pam.d")
    }

    /// The stacks before the installation.
    pub fn stacks_before(&self) -> BTreeMap<String, String> {
        let ours = |(path, _): &(&String, &String)| path.starts_with("/etc/pam.d");
        self.before.iter().filter(ours).map(|(path, about)| (path.clone(), about.clone())).collect()
    }

    /// Stacks that name the module.
    pub fn asking(&self) -> String {
        self.world.sh("cd /etc/pam.d && grep -l '^[^#]*pam_plex' * || true").stdout
    }

    /// R13: asserts that local accounts and root can log in everywhere.
    pub fn assert_local_logins(&self, when: &str) {
        let world = &self.world;
        for (way, name, out) in [
            ("ssh", "local", world.ssh("password", "local", "LOCAL-SECRET")),
            ("ssh", "root", world.ssh("password", "root", "ROOT-SECRET")),
            ("su", "local", world.su("daemon", "local", "LOCAL-SECRET", &[])),
            ("su", "root", world.su("local", "root", "ROOT-SECRET", &[])),
            ("sudo", "root", world.sudo("local", "LOCAL-SECRET", &[])),
        ] {
            assert_eq!((out.code, out.stdout.as_str()), (0, format!("{name}\n").as_str()), "{when}: {way}: {out:?}");
        }
    }

    /// True if the Plex password opens this account over ssh.
    pub fn lets_in(&self, user: &str) -> bool {
        let out = self.world.ssh("password", user, &e2e::password(user));
        assert!(out.ok() || out.stderr.contains("Permission denied"), "{out:?}");
        out.stdout == format!("{user}\n")
    }

    /// Runs `act` while a program of the machine fails.
    pub fn while_failing<T>(&self, program: &str, act: impl FnOnce() -> T) -> T {
        self.world.sh(&format!("mount --bind /bin/false {program}"));
        let done = act();
        self.world.sh(&format!("umount {program}"));
        done
    }
}

/// Every file below a directory: type, mode, owner, link target and checksum.
pub fn listing(world: &World, directory: &str) -> BTreeMap<String, String> {
    let script = format!(
        "find {directory} -printf '%p\\t%y %m %U:%G %l\\n'; \
         find {directory} -type f -exec sha256sum {{}} + | sed 's/^\\([^ ]*\\)  \\(.*\\)/\\2\\t\\1/'"
    );
    let mut listing: BTreeMap<String, String> = BTreeMap::new();
    for line in world.sh(&script).stdout.lines() {
        let (path, about) = line.split_once('\t').unwrap();
        listing.entry(path.to_owned()).or_default().push_str(about);
    }
    listing
}

/// Files in which two listings differ.
pub fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut paths: Vec<_> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}
