//! Lintian's findings about the package.

use e2e::{World, package};

#[test]
fn lintian_reports_only_explained_overrides() {
    let Some(world) = World::new() else { return };
    world.copy(&package(), "/run/package.deb", 0o644);
    // Errors and warnings; overridden ones begin with an O.
    let out = world.run(&["lintian", "--allow-root", "--fail-on", "none", "--show-overrides", "/run/package.deb"]);
    assert!(out.ok(), "{out:?}");
    let said: Vec<_> = out.stdout.lines().filter(|line| !line.starts_with("N:")).collect();
    assert!(said.iter().all(|line| line.starts_with("O: ")), "{said:#?}");
    // Each override has a reason, and is needed.
    let overrides = include_str!("../../../../packaging/deb/lintian-overrides");
    let tags: Vec<_> = overrides.lines().filter(|line| !line.starts_with('#')).collect();
    for tag in &tags {
        // A pattern for the line of a script may match several.
        let begin = format!("O: {}", tag.split('*').next().unwrap());
        assert!(said.iter().any(|line| line.starts_with(&begin)), "{tag}: {said:#?}");
    }
    let reasons = overrides.lines().filter(|line| line.starts_with("# ")).count();
    assert!(reasons >= tags.len(), "{overrides}");
}
