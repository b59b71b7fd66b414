//! python-plexapi, an independent client of the real plex.tv, against the fake one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Plex, STREET};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plexapi");

/// A Python environment with the library, created once per checkout.
fn environment() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plexapi");
    let script = Path::new(SCRIPTS).join("venv");
    let made = Command::new("flock").arg(directory.with_extension("lock")).arg(script).arg(&directory).status();
    assert!(made.unwrap().success(), "there is no environment with python-plexapi");
    directory
}

#[test]
fn python_plexapi_works_as_with_the_real_plex_tv() {
    let plex = Plex::start(STREET);
    let mut python = Command::new(environment().join("bin/python"));
    python.arg("-I").arg(Path::new(SCRIPTS).join("check.py")).arg(env!("CARGO_BIN_EXE_fakeplex"));
    let output = python.env_clear().arg(plex.server.ca_file().parent().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran 16 tests") && said.ends_with("OK\n"), "not all of it ran: {said}");
    let seen = plex.server.control().seen();
    assert!(seen.iter().any(|seen| seen.product.as_deref() == Some("PlexAPI")), "it was this server");
}
