//! What Debian's own examiner says of the package.

use e2e::{World, package};

#[test]
fn lintian_has_nothing_to_say_but_what_the_overrides_explain() {
    let Some(world) = World::new() else { return };
    world.copy(&package(), "/run/package.deb", 0o644);
    // Errors and warnings; those that are overridden begin with an O.
    let out = world.run(&["lintian", "--allow-root", "--fail-on", "none", "--show-overrides", "/run/package.deb"]);
    assert!(out.ok(), "{out:?}");
    let said: Vec<_> = out.stdout.lines().filter(|line| !line.starts_with("N:")).collect();
    assert!(said.iter().all(|line| line.starts_with("O: ")), "{said:#?}");
    // Each override has its reason, and is needed.
    let overrides = include_str!("../../../../packaging/deb/lintian-overrides");
    let tags: Vec<_> = overrides.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(said.len(), tags.len(), "{said:#?}");
    let reasons = overrides.lines().filter(|line| line.starts_with("# ")).count();
    assert!(reasons >= tags.len(), "{overrides}");
}
