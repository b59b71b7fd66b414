//! Installation, complete and interrupted.

use e2e::password;

use crate::machine::{Machine, differences, listing};

pub fn r13_r58_half_installed_package_leaves_every_stack_unchanged(machine: &Machine) {
    let unchanged = |when: &str| {
        assert_eq!(differences(&machine.stacks_before(), &machine.stacks()), [""; 0], "{when}");
        machine.assert_local_logins(when);
    };
    let unpacked = machine.dpkg(&["--unpack", machine.package()]);
    assert!(unpacked.ok(), "{unpacked:?}");
    assert_eq!(machine.status(), "install ok unpacked");
    unchanged("unpacked");
    for program in ["/usr/bin/systemd-sysusers", "/usr/sbin/pam-auth-update"] {
        let failed = machine.while_failing(program, || machine.dpkg(&["--configure", "plex-auth"]));
        assert!(!failed.ok(), "{program}: {failed:?}");
        assert_eq!(machine.status(), "install ok half-configured");
    }
    unchanged("half configured");
    // Also when purged from this state.
    let purged = machine.dpkg(&["--purge", "plex-auth"]);
    assert!(purged.ok(), "{purged:?}");
    unchanged("purged");
}

pub fn r58_installation_changes_only_the_common_stacks(machine: &Machine) {
    let before = listing(&machine.world, "/etc");
    // Works without a network.
    let installed = machine.while_failing("/usr/bin/systemctl", || machine.apt(&["install", machine.package()]));
    assert!(installed.ok(), "{installed:?}");
    let shown = format!("{}{}", installed.stdout, installed.stderr);
    let hints: Vec<_> = shown.lines().filter(|line| line.contains("plex-auth setup")).collect();
    assert_eq!(hints, ["plex-auth: run 'plex-auth setup' to choose who may sign in."], "{shown}");
    let changed = differences(&before, &listing(&machine.world, "/etc"));
    let stacks: Vec<_> = changed.iter().filter(|path| path.starts_with("/etc/pam.d")).collect();
    assert_eq!(stacks, ["/etc/pam.d/common-account", "/etc/pam.d/common-auth", "/etc/pam.d/common-password"]);
    for path in changed {
        let units = "/etc/systemd/system/sockets.target.wants";
        let known = [
            "/etc/pam.d/common-",
            "/etc/fail2ban",
            "/etc/apparmor.d",
            units,
            "/etc/passwd",
            "/etc/group",
            "/etc/shadow",
            "/etc/gshadow",
        ];
        assert!(known.iter().any(|start| path.starts_with(start)), "{path}");
    }
    machine.assert_local_logins("installed, and nothing is set up");
    assert_eq!(machine.world.run(&["systemctl", "is-system-running"]).stdout, "running\n");
}

pub fn friend_can_log_in_at_the_distributions_sshd_and_a_stranger_cannot(machine: &Machine) {
    let world = &machine.world;
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    let setup = world.run(&[
        "plex-auth",
        "setup",
        "--yes",
        "--token-file",
        "/root/token",
        "--machine",
        "Den",
        "--shell",
        "--user",
        "alice=alice",
    ]);
    assert!(setup.ok() && setup.stdout.contains("✓ plex-authd runs with the new configuration"), "{setup:?}");
    assert!(!setup.stdout.contains("PAM"), "the package has seen to that: {setup:?}");
    // Attempts that are expected to fail should not cause pauses.
    world.sh("printf '\\n[throttle]\\nfree_tries = 20\\nrejected_per_hour = 1000\\n' >>/etc/plex-auth.toml && \
         systemctl reload-or-restart plex-authd");
    world.add_user("alfred", true, Some("ALFRED-SECRET"));
    for name in ["bob", "mallory", "zoe"] {
        world.add_user(name, true, None);
    }
    assert!(machine.lets_in("alice"));
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    assert!(!machine.lets_in("mallory"));
    assert!(!world.ssh_key("bob").ok(), "a friend without access has no way in by a key either");
    world.allow_sudo(&["local", "alice"]);
    assert_eq!(world.sudo("alice", &password("alice"), &[]).stdout, "root\n");
    assert_eq!(world.su("daemon", "alice", &password("alice"), &[]).stdout, "alice\n");
    machine.assert_local_logins("set up");
    world.assert_no_secret_leaked();
}
