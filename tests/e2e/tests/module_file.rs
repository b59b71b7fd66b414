//! What loading the module costs the program that loads it. What it does there is measured by `make bench`.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use e2e::World;

const MODULE: &str = "\"$(find /usr/lib /usr/lib64 -name pam_plex.so 2>/dev/null | head -n 1)\"";

#[test]
fn the_module_needs_no_library_that_a_program_with_pam_has_not_loaded_already() {
    let Some(world) = World::new() else { return };
    let dynamic = world.sh(&format!("readelf --dynamic --wide {MODULE}")).stdout;
    let needed: Vec<&str> =
        dynamic.lines().filter_map(|line| line.split_once("Shared library: [")).map(|(_, name)| name).collect();
    assert!(!needed.is_empty(), "{dynamic}");
    let usual = |name: &&str| ["libpam.so.", "libc.so.", "ld-linux"].iter().any(|prefix| name.starts_with(prefix));
    assert!(needed.iter().all(usual), "{needed:?}");
}

#[test]
fn the_module_has_at_most_700_kilobytes() {
    let Some(world) = World::new() else { return };
    let size: u64 = world.sh(&format!("stat -c %s {MODULE}")).stdout.trim().parse().unwrap();
    assert!(size <= 700 * 1024, "{size}");
}
