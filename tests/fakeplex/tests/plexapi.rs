//! python-plexapi, an independent client of the real plex.tv, against the fake one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Plex, STREET};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plexapi");

/// A Python environment with a version of the library, created once per checkout.
fn environment(version: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plexapi-{version}"));
    let script = Path::new(SCRIPTS).join("venv");
    // Not `with_extension`: the version has a dot.
    let lock = directory.with_file_name(format!("plexapi-{version}.lock"));
    let made = Command::new("flock").arg(lock).arg(script).arg(&directory).arg(version).status();
    assert!(made.unwrap().success(), "there is no environment with python-plexapi {version}");
    directory
}

/// Runs every check with a version of the library. The number of checks proves that none was left out.
fn check(version: &str, checks: u32, skipped: u32) {
    let token = |world: &str, server: &str, token: &str| {
        world.replacen(&format!("name = \"{server}\"\n"), &format!("name = \"{server}\"\ntoken = \"{token}\"\n"), 1)
    };
    let plex = Plex::start(&token(&token(STREET, "Den", "TOKEN-SECRET-den"), "Attic", "TOKEN-SECRET-attic"));
    let mut python = Command::new(environment(version).join("bin/python"));
    python.arg("-I").arg(Path::new(SCRIPTS).join("check.py")).arg(env!("CARGO_BIN_EXE_fakeplex"));
    let output = python.env_clear().arg(plex.server.ca_file().parent().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let all = format!("Ran {checks} tests");
    assert!(said.contains(&all) && said.ends_with(&format!("OK (skipped={skipped})\n")), "not all of it ran: {said}");
    let seen = plex.server.control().seen();
    assert!(seen.iter().any(|seen| seen.product.as_deref() == Some("PlexAPI")), "it was this server");
}

#[test]
fn python_plexapi_4_18_works_as_with_the_real_plex_tv() {
    check("4.18", 27, 1);
}

/// A version of 2023, which signs in and reads its account at the endpoints before version 2.
#[test]
fn python_plexapi_4_13_works_as_with_the_real_plex_tv() {
    check("4.13", 27, 4);
}
