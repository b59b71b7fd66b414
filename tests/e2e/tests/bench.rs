//! The benchmark can be run, and says of each aim whether it is met. The times themselves are judged by people.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic")]

use std::process::Command;

#[test]
fn the_benchmark_runs_and_speaks_of_each_aim() {
    let out = Command::new(env!("CARGO_BIN_EXE_bench")).arg("quick").output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if errors.starts_with("skipped: ") {
        eprint!("{errors}");
        return;
    }
    assert!(out.status.success(), "{text}{errors}");
    let aims = text.lines().filter(|line| line.starts_with("met ") || line.starts_with("NOT MET ")).count();
    assert_eq!(aims, 10, "{text}");
    // This much is no matter of time.
    assert!(text.contains("met      at most one request that a login waits for: 1.00"), "{text}");
}
