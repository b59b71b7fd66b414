//! The clean machine of other tests is a Debian of its own without anything from the host.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and the boot time is printed"
)]

use std::time::Instant;

use e2e::World;

#[test]
fn a_clean_machine_is_the_named_debian_with_its_own_systemd_and_sshd() {
    for suite in ["bookworm", "trixie"] {
        let start = Instant::now();
        let Some(world) = World::clean(suite) else { return };
        eprintln!("{suite}: booted within {} ms", start.elapsed().as_millis());
        world.sh(&format!("grep -qx 'VERSION_CODENAME={suite}' /etc/os-release"));
        assert_eq!(world.sh("readlink /proc/1/exe").stdout, "/usr/lib/systemd/systemd\n");
        assert_eq!(world.sh("systemctl is-active ssh").stdout, "active\n");
        world.sh("hostname | grep -qx den");
        // Nothing from the host, and no network.
        assert_eq!(world.sh("ip -brief link | cut -d' ' -f1").stdout, "lo\n");
        let checkout = e2e::checkout().canonicalize().unwrap();
        world.sh(&format!("test ! -e '{0}' && test ! -e '/proc/1/cwd{0}'", checkout.display()));
        world.sh("! sysctl -q -w kernel.pid_max=40000 2>/dev/null");
        world.add_user("olga", false, Some("LOCAL-SECRET"));
        let inside = world.ssh("password", "olga", "LOCAL-SECRET");
        assert_eq!((inside.code, inside.stdout.as_str()), (0, "olga\n"), "{inside:?}");
        let outside = world.ssh("password", "olga", "wrong");
        assert!(!outside.ok(), "{outside:?}");
        world.wait_for_log(&["Accepted password for olga"]);
        let (_, log) = world.logged(|| world.sh("busybox logger hello"));
        assert!(log.contains("hello"), "{log}");
    }
}
