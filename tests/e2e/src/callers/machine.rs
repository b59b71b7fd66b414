//! A machine with programs and plex-auth, as its owner installs both.

use fakeplex::{Endpoint, Fault};

use super::attempt::{ASKPASS, TERMINAL};
use super::people::{LOCAL, at_plex, local, world};
use super::program::Program;
use crate::{World, page_commands};

/// A machine with plex-auth, and with programs set up.
pub struct Machine<'a> {
    /// The machine.
    pub world: World,
    pub(super) programs: Vec<&'a Program>,
    keys: Vec<&'a str>,
}

impl<'a> Machine<'a> {
    /// A server of this release with these Debian packages, plex-auth's and these programs set up, or `None` as for
    /// [`World::new`]. `name` tells apart lists of packages, and `further` has keys of further accounts.
    #[must_use]
    pub fn new(
        suite: &'static str,
        name: &str,
        packages: &[&str],
        programs: &[&'a Program],
        further: &[&'a str],
    ) -> Option<Self> {
        let keys = programs.iter().map(|program| program.key.as_str()).chain(further.iter().copied()).collect();
        let world = World::clean_with(suite, name, packages)?;
        let machine = Self { world, programs: programs.to_vec(), keys };
        machine.install();
        for program in programs {
            machine.set_up(program);
        }
        Some(machine)
    }

    /// Creates the accounts and installs plex-auth. Limits and times do not matter here: more is allowed, and sooner.
    fn install(&self) {
        let world = &self.world;
        world.start_internet(&super::people::world(&self.keys, true));
        world.write("/etc/dpkg/dpkg.cfg.d/test", 0o644, "root:root", "force-unsafe-io\n");
        world.install_package();
        let create = |group: &'static str| {
            move |name: String| format!("useradd --create-home --shell /bin/sh --password '*' {group} {name}\n")
        };
        let friends = at_plex(&self.keys).into_iter().map(create("--groups plex-users"));
        world.sh(&friends.chain(local(&self.keys).into_iter().map(create(""))).collect::<String>());
        let passwords: String = local(&self.keys).iter().map(|name| format!("{name}:{LOCAL}\n")).collect();
        assert!(world.run_with(&["chpasswd", "--crypt-method", "SHA512"], &passwords).ok());
        world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
        world.sh("plex-auth setup --yes --shell --token-file /root/token");
        let trusted: Vec<_> = self.programs.iter().filter_map(|program| program.trusted.as_deref()).collect();
        world.sh(&format!(
            "sed -i '1i trusted_callers = {trusted:?}' /etc/plex-auth.toml
             printf '[timeouts]\\nfriend_list = \"1s\"\\nlogin = \"8s\"\\n[throttle]\\nfree_tries = 20\\nrejected_per_hour = 1000\\n' \
                 >>/etc/plex-auth.toml
             plex-auth config check && systemctl restart plex-authd"
        ));
        world.write("/run/on-terminal", 0o755, "root:root", TERMINAL);
        world.write("/run/askpass", 0o755, "root:root", ASKPASS);
    }

    /// Writes the configuration and starts the program: as the pages say, where it has one.
    fn set_up(&self, program: &Program) {
        let commands = program.pages.iter().map(|(page, heading)| page_commands(page, heading));
        for script in [program.setup.clone()].into_iter().chain(commands).chain([program.finish.clone()]) {
            let mut command = self.world.command(&["sh", "-euc", &script]);
            command.env("KEY", &program.key);
            let out = self.world.finish(command, "");
            assert!(out.ok(), "{}: {script}\n{out:?}\n{}", program.key, self.world.syslog());
        }
    }

    /// Removes one friend of each program at Plex.
    pub(super) fn remove_friends(&self) {
        self.world.plex().load(&world(&self.keys, false));
        // The list is older than friend_list then.
        std::thread::sleep(std::time::Duration::from_millis(1200));
    }

    pub(super) fn stop_daemon(&self) {
        self.world.sh("systemctl stop plex-authd.socket plex-authd");
    }

    /// Starts the daemon again, and lets plex.tv never answer from now on.
    pub(super) fn silence_plex(&self) {
        self.world.sh("systemctl start plex-authd.socket plex-authd; plex-auth status");
        self.world.plex().fault(Endpoint::All, Fault::Silence);
    }

    /// Version of the first Debian package with such a name, without the epoch, the revision and Debian's additions.
    pub(super) fn version(&self, package: &str) -> String {
        let version =
            self.world.sh(&format!("dpkg-query -W -f '${{Version}}\\n' '{package}' | grep . | head -n 1")).stdout;
        let upstream = version.trim_end().rsplit(':').next().unwrap();
        let upstream = upstream.rsplit("+really").next().unwrap();
        let upstream = upstream.rsplit_once('-').map_or(upstream, |(upstream, _)| upstream);
        upstream.split(['+', '~']).next().unwrap().to_owned()
    }

    /// What reached plex-authd at the first login of a user: the service, the kind of remote host, the caller.
    pub(super) fn arrived(&self, log: &str, user: &str) -> Option<String> {
        let of = format!("user={user:?}");
        let line = log.lines().find(|line| line.contains(&of) && line.contains("plex-authd["))?;
        let field = |name: &str| line.split_once(&format!(" {name}="))?.1.split(' ').next();
        let rhost = match field("rhost")?.trim_matches('"') {
            "-" | "" => "none",
            host if host.parse::<std::net::IpAddr>().is_ok() => "address",
            _ => "name",
        };
        let uid = field("caller")?;
        let caller = self.world.sh(&format!("id -un {uid}")).stdout;
        Some(format!("{}, {rhost}, {}", field("service")?.trim_matches('"'), caller.trim_end()))
    }
}
