//! Long silent steps are announced by one line with their expected duration.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use e2e::checkout;

/// A directory with a fake program that only prints its arguments.
fn fake_program(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join(name);
    fs::write(&program, format!("#!/bin/sh\necho \"{name} $*\" >&2\n")).unwrap();
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn run(before: &Path, program: &str, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", before.display());
    Command::new(program).args(arguments).env("PATH", path).current_dir(checkout()).output().unwrap()
}

/// These take minutes the first time, in what `unshare` runs.
#[test]
fn preparing_private_machines_is_announced_once_with_a_duration() {
    let programs = fake_program("unshare");
    for (script, before) in [("tools", &[][..]), ("base", &["/none"][..]), ("clean", &["trixie", "/none"][..])] {
        let made = tempfile::tempdir().unwrap();
        let arguments = [before, &[made.path().to_str().unwrap()][..]].concat();
        let script = format!("tests/e2e/{script}");
        let first = run(programs.path(), &script, &arguments);
        let said = String::from_utf8(first.stderr).unwrap();
        let line = said.lines().next().unwrap();
        assert!(first.status.success() && line.contains("minute") && line.ends_with('…'), "{script}: {said}");
        assert_eq!(said.lines().filter(|line| line.contains("minute")).count(), 1, "{script}: {said}");
        let second = run(programs.path(), &script, &arguments);
        assert!(second.status.success() && second.stderr.is_empty(), "{script}: {second:?}");
    }
}

#[test]
fn make_demo_and_bench_announce_builds_and_show_cargo_progress_on_terminals() {
    let programs = fake_program("cargo");
    for (target, binary) in [("demo", "--bin demo"), ("bench", "--bin bench")] {
        let make = ["--no-print-directory", "--old-file=setup", target];
        let log = run(programs.path(), "make", &make);
        let said = String::from_utf8(log.stderr).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let [told, cargo] = lines[..] else { panic!("{target}: {said}") };
        assert!(told.contains("minutes the first time") && told.ends_with('…'), "{target}: {said}");
        assert!(cargo.contains(binary) && cargo.contains("--quiet"), "{target}: {said}");

        let watched = run(programs.path(), "script", &["-qec", &format!("make {}", make.join(" ")), "/dev/null"]);
        let said = String::from_utf8(watched.stdout).unwrap();
        assert!(said.contains(binary) && !said.contains("--quiet"), "{target}: {said}");
    }
}
