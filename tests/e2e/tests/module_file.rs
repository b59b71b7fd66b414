//! Size and dependencies of the module. `make bench` measures its running time.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use e2e::World;

const MODULE: &str = "\"$(find /usr/lib /usr/lib64 -name pam_plex.so 2>/dev/null | head -n 1)\"";

#[test]
fn module_needs_only_libraries_that_every_pam_program_has_loaded() {
    let Some(world) = World::new() else { return };
    let dynamic = world.sh(&format!("readelf --dynamic --wide {MODULE}")).stdout;
    let needed: Vec<&str> =
        dynamic.lines().filter_map(|line| line.split_once("Shared library: [")).map(|(_, name)| name).collect();
    assert!(!needed.is_empty(), "{dynamic}");
    let usual = |name: &&str| ["libpam.so.", "libc.so.", "ld-linux"].iter().any(|prefix| name.starts_with(prefix));
    assert!(needed.iter().all(usual), "{needed:?}");
}

#[test]
fn module_is_at_most_700_kilobytes() {
    let Some(world) = World::new() else { return };
    let size: u64 = world.sh(&format!("stat -c %s {MODULE}")).stdout.trim().parse().unwrap();
    assert!(size <= 700 * 1024, "{size}");
}
