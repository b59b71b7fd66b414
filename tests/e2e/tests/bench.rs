//! The benchmark runs and reports for each target whether it is met. The times themselves are for people to judge.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic")]

use std::process::Command;

/// Of the round trip: one login warm, with an answered prompt and at once, and two bursts. Of all: three of cached logins, six
/// of the cost, and two sizes.
const TARGETS: usize = 5 + 3 + 6 + 2;

#[test]
fn benchmark_runs_and_reports_every_target() {
    let pages = ["speed.md", "speed.svg"].map(|name| e2e::checkout().join("docs/development").join(name));
    let before = pages.clone().map(|page| std::fs::read(page).ok());
    let out = Command::new(env!("CARGO_BIN_EXE_bench")).arg("quick").output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if errors.starts_with("skipped: ") {
        eprint!("{errors}");
        return;
    }
    assert!(out.status.success(), "{text}{errors}");
    let targets = text.lines().filter(|line| line.starts_with("met ") || line.starts_with("NOT MET ")).count();
    assert_eq!(targets, TARGETS, "{text}");
    // These numbers do not depend on the machine's speed.
    for line in [
        "met      warm: at most one request that a login waits for: 1.00\n",
        "met      cached: no request: 0\n",
        "| `sign_ins_per_hour`   |    `100000` |    `120` |\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("NaN"), "{text}");
    assert_eq!(pages.map(|page| std::fs::read(page).ok()), before, "a quick run writes no page");
}
