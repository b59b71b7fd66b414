//! Records the date of the build, which a clock that is right cannot be earlier than.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rustc-env=PLEX_AUTH_BUILD_TIME={}", build_time()?);
    Ok(())
}

/// Seconds since 1970: `SOURCE_DATE_EPOCH`, as packages set it, or that of the last commit, so that the same source gives the
/// same program; without either, the time of the build.
fn build_time() -> Result<u64, String> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        return text.parse().map_err(|_| format!("SOURCE_DATE_EPOCH is no number of seconds: '{text}'"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default();
    let commit = Command::new("git").args(["log", "-1", "--format=%ct"]).output().ok();
    let commit = commit.and_then(|out| String::from_utf8(out.stdout).ok()?.trim().parse().ok());
    Ok(commit.unwrap_or(now).min(now))
}
