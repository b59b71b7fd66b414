//! The dependencies between the crates, and between the files of each crate.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

mod imports;
mod small_crates;
mod source;

use std::collections::BTreeSet;
use std::process::Command;

use imports::Imports;

/// The crates that are shipped. The rest of the workspace is for tests.
const CRATES: [&str; 11] = [
    "pam-plex",
    "protocol",
    "policy",
    "config",
    "plex",
    "directory",
    "system",
    "pam-stack",
    "plex-authd",
    "helpers",
    "plex-auth",
];

/// The crates of this project on which a crate depends directly. `deny.toml` says which of them may have a network, TLS or a
/// database.
fn crates_below(package: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", package, "--depth", "1"]);
    let out = cargo.current_dir(e2e::checkout()).output().unwrap();
    assert!(out.status.success(), "{package}: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next()).filter(|name| *name != package);
    names.filter(|name| CRATES.contains(name)).map(str::to_owned).collect()
}

#[test]
fn the_module_depends_on_the_protocol_alone() {
    assert_eq!(crates_below("pam-plex"), ["protocol".to_owned()].into());
}

#[test]
fn policy_and_protocol_depend_on_no_crate_of_this_project() {
    for package in ["policy", "protocol"] {
        assert_eq!(crates_below(package), BTreeSet::new(), "{package}");
    }
}

#[test]
fn the_other_crates_depend_on_those_of_the_design() {
    let below = |package: &str, allowed: &[&str]| {
        let used = crates_below(package);
        assert!(used.iter().all(|name| allowed.contains(&name.as_str())), "{package} uses {used:?}");
    };
    below("pam-stack", &[]);
    below("system", &["policy", "protocol"]);
    below("config", &["policy", "protocol", "system"]);
    below("plex", &["policy", "system"]);
    below("directory", &["policy", "plex"]);
    below("plex-authd", &["protocol", "policy", "plex", "config", "directory", "system"]);
    below("helpers", &["protocol", "policy", "config", "system"]);
    below("plex-auth", &["protocol", "policy", "plex", "config", "directory", "pam-stack", "system"]);
}

/// The imports between the files of a crate.
fn imports_of(package: &str) -> Imports {
    imports::imports(&source::read(&e2e::checkout().join("src").join(package).join("src")))
}

#[test]
fn each_folder_of_src_is_a_known_crate() {
    let folders = std::fs::read_dir(e2e::checkout().join("src")).unwrap();
    let folders: BTreeSet<_> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, CRATES.map(str::to_owned).into());
}

#[test]
fn the_files_of_a_crate_do_not_import_one_another_in_cycles() {
    let mut found = Vec::new();
    for package in CRATES {
        let cycles = imports::cycles(&imports_of(package)).into_iter();
        found.extend(cycles.map(|cycle| format!("\n{package}: {}\n", cycle.join(&format!("\n{package}: ")))));
    }
    assert!(found.is_empty(), "{} cycles:\n{}", found.len(), found.concat());
}

/// The command to which a file of the command's crate belongs: `commands/NAME.rs` or `commands/NAME/…`.
fn command_of(file: &str) -> Option<&str> {
    file.strip_prefix("commands/")?.split(['/', '.']).next().filter(|name| *name != "mod")
}

#[test]
fn no_command_imports_another() {
    let mut found = Vec::new();
    for (ends, items) in imports_of("plex-auth") {
        let commands = (command_of(&ends.0), command_of(&ends.1));
        if commands.0.is_some() && commands.1.is_some() && commands.0 != commands.1 {
            found.push(imports::line(&ends, &items));
        }
    }
    assert!(found.is_empty(), "{} imports:\n{}", found.len(), found.join("\n"));
}

/// SECURITY.md says which test shows each thing. A promise whose test is gone would be an empty one.
#[test]
fn the_tests_that_security_md_names_are_there() {
    let text = std::fs::read_to_string(e2e::checkout().join("SECURITY.md")).unwrap();
    let is_test = |word: &&str| word.matches('_').count() > 3 && !word.contains(['=', '/', '.']);
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 40, "{named:?}");
    let script = "grep -rhoE 'fn [0-9a-z_]+' --include=*.rs src tests | cut -c4-";
    let out = Command::new("sh").args(["-c", script]).current_dir(e2e::checkout()).output().unwrap();
    let there = String::from_utf8(out.stdout).unwrap();
    let missing: Vec<_> = named.iter().filter(|name| !there.lines().any(|line| line == **name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
