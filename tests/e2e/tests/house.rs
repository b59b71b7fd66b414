//! The arrows between the crates, as the design draws them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::process::Command;

/// The crates that are shipped. What else is in the workspace is for tests.
const ROOMS: [&str; 11] = [
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

/// Everything that goes into a crate of ours, to some depth.
fn goes_into(package: &str, depth: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", package, "--depth", depth]);
    let out = cargo.current_dir(e2e::checkout()).output().unwrap();
    assert!(out.status.success(), "{package}: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next()).filter(|name| *name != package);
    names.map(str::to_owned).collect()
}

/// The rooms of ours that a crate uses itself.
fn rooms_of(package: &str) -> BTreeSet<String> {
    goes_into(package, "1").into_iter().filter(|name| ROOMS.contains(&name.as_str())).collect()
}

#[test]
fn the_module_contains_no_network_no_tls_no_runtime_and_no_database() {
    let inside = goes_into("pam-plex", "99");
    assert!(inside.contains("pam-bindings") && inside.contains("protocol"), "cargo lists something else: {inside:?}");
    for heavy in ["reqwest", "tokio", "rustls", "hyper", "ring", "rusqlite", "openssl", "native-tls", "toml", "syslog"]
    {
        assert!(!inside.contains(heavy), "{heavy} is in the module: {inside:?}");
    }
    assert_eq!(rooms_of("pam-plex"), ["protocol".to_owned()].into());
}

#[test]
fn nothing_of_ours_goes_into_policy_and_wire() {
    for room in ["policy", "protocol"] {
        assert_eq!(rooms_of(room), BTreeSet::new(), "{room}");
        for io in ["reqwest", "tokio", "rustls", "rusqlite"] {
            assert!(!goes_into(room, "99").contains(io), "{room} reaches {io}");
        }
    }
}

#[test]
fn the_other_arrows_are_those_of_the_design() {
    let below = |room: &str, allowed: &[&str]| {
        let used = rooms_of(room);
        assert!(used.iter().all(|name| allowed.contains(&name.as_str())), "{room} uses {used:?}");
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
