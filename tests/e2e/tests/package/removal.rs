//! Removal, interrupted and complete.

use e2e::World;

use crate::machine::{Machine, differences, listing};

pub fn r13_without_the_module_only_local_accounts_can_log_in(machine: &Machine) {
    // As after a damaged file system, or for a program of another architecture.
    let module = machine.world.module("pam_plex");
    machine.world.sh(&format!("mv {module} /root/"));
    machine.assert_local_logins("no module");
    assert!(!machine.lets_in("alice"));
    assert!(!machine.world.ssh_key("bob").ok(), "nobody says that bob is welcome");
    machine.world.sh(&format!("mv /root/pam_plex.so {module}"));
    assert!(machine.lets_in("alice"));
}

pub fn r13_interrupted_removal_and_reinstallation_keep_local_logins_working(machine: &Machine) {
    let (world, with_us) = (&machine.world, machine.stacks());
    let back = |from: &str| {
        // apt requires this after an interruption.
        let configured = machine.dpkg(&["--configure", "-a"]);
        assert!(configured.ok(), "{from}: {configured:?}");
        let installed = machine.dpkg(&["-i", machine.package()]);
        assert!(installed.ok(), "{from}: {installed:?}");
        assert_eq!(machine.stacks(), with_us, "{from}");
        assert!(machine.lets_in("alice"), "{from}: the configuration was kept");
        assert_eq!(world.run(&["systemctl", "is-system-running"]).stdout, "running\n", "{from}");
    };
    // Power fails after the stacks have been restored.
    world.sh("touch /run/power; echo 'rm /run/power && kill -KILL $PPID || true' >>/var/lib/dpkg/info/plex-auth.prerm");
    let killed = machine.dpkg(&["--remove", "plex-auth"]);
    assert!(!killed.ok(), "{killed:?}");
    assert_eq!(differences(&machine.stacks_before(), &machine.stacks()), [""; 0]);
    assert_ne!(machine.status(), "install ok installed");
    world.sh(&format!("test -e {}", world.module("pam_plex")));
    machine.assert_local_logins("half removed");
    back("half removed");

    let removed = machine.apt(&["remove", "plex-auth"]);
    assert!(removed.ok(), "{removed:?}");
    assert_eq!(machine.status(), "deinstall ok config-files");
    gone(machine);
    world.sh("test -s /etc/plex-auth.toml && test -s /var/lib/plex-auth/state.db");
    back("removed");
}

pub fn r58_purge_leaves_only_accounts(machine: &Machine) {
    let world = &machine.world;
    world.sh("systemctl enable --now plex-auth-sync.timer && touch /etc/.plex-auth.toml.new && mkdir -p /var/lib/plex-auth-sync");
    let accounts = world.sh("cat /etc/passwd /etc/group").stdout;
    let purged = machine.apt(&["purge", "plex-auth"]);
    assert!(purged.ok(), "{purged:?}");
    gone(machine);
    assert_eq!(machine.status(), "");
    assert_eq!(ours(world), "", "files of the package's");

    // User accounts and homes are kept, and the package's own ids are never reused.
    assert_eq!(world.sh("cat /etc/passwd /etc/group").stdout, accounts);
    world.sh("test -d /home/alice && test -d /home/local && getent passwd plex-auth && getent group plex-users");
    let changed = differences(&machine.before, &listing(world, "/etc"));
    let accounts =
        ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/sudoers.d/"];
    for path in changed {
        assert!(accounts.iter().any(|start| path.starts_with(start)), "{path}");
    }
}

/// Asserts that the stacks are restored and that every account has its previous access.
fn gone(machine: &Machine) {
    assert_eq!(differences(&machine.stacks_before(), &machine.stacks()), [""; 0]);
    assert_eq!(machine.asking(), "");
    machine.assert_local_logins("gone");
    assert!(!machine.lets_in("alice"));
    let left =
        machine.world.sh("systemctl list-units --all --no-legend 'plex-auth*' | grep -v not-found || true").stdout;
    assert_eq!(left, "");
    machine.world.sh("! pgrep plex-auth && ! ls -d /run/plex-auth*");
    assert_eq!(machine.world.run(&["systemctl", "is-system-running"]).stdout, "running\n");
}

/// Every file that could belong to the package by name or content, except for what the test created.
fn ours(world: &World) -> String {
    world
        .sh("{ find / -xdev -name '*plex*' -not -path '/proc/*' -not -path '/root/*' -not -path '/mnt/*'; \
           find /run -xdev -name '*plex*'; \
           grep -rlI pam_plex /etc /var/lib/pam /var/lib/dpkg /var/lib/systemd; } 2>/dev/null | grep -v '[a-z]plex[^/]*$' || true")
        .stdout
}
