//! `tests/at-date`, with a fake `date` that records how the clock would be set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e::checkout;

const DATE: &str = "#!/bin/sh\n[ \"$1\" = --set ] || exec /usr/bin/date \"$@\"\necho \"$2\" >>\"${0%/*}/set\"\n";

/// A command run at a date. The directory contains the fake `date` and its record.
fn at_date(directory: &Path, arguments: &[&str]) -> Command {
    let date = directory.join("date");
    fs::write(&date, DATE).unwrap();
    fs::set_permissions(&date, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(checkout().join("tests/at-date"));
    command.args(arguments).env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", directory.display()));
    command.env("SET_CLOCK", "1").stdin(Stdio::null());
    command
}

/// The recorded settings of the clock, once there are `count` of them.
fn sets(directory: &Path, count: usize) -> Vec<String> {
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(directory.join("set")).unwrap_or_default();
        let sets: Vec<String> = text.lines().map(str::to_owned).collect();
        if sets.len() >= count {
            return sets;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{sets:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn assert_right(set: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let seconds: f64 = set.strip_prefix('@').unwrap().parse().unwrap();
    assert!((now - seconds).abs() < 60.0, "{set}, and it is {now}");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

#[test]
fn at_date_sets_no_clock_without_set_clock_or_with_an_invalid_date() {
    let directory = tempfile::tempdir().unwrap();
    for (flag, arguments) in [("0", ["2028-02-29", "true"]), ("1", ["no date", "true"])] {
        let out = at_date(directory.path(), &arguments).env("SET_CLOCK", flag).output().unwrap();
        assert!(!out.status.success() && !out.stderr.is_empty(), "{out:?}");
    }
    assert!(!directory.path().join("set").exists());
}

#[test]
fn at_date_runs_the_command_at_the_date_and_restores_the_clock() {
    if !is_root() {
        return;
    }
    for (command, code) in [("true", 0), ("exit 7", 7)] {
        let directory = tempfile::tempdir().unwrap();
        let out = at_date(directory.path(), &["2028-02-29 23:30", "sh", "-c", command]).output().unwrap();
        assert_eq!(out.status.code(), Some(code), "{out:?}");
        // The script has waited for the clock to be set back.
        let set = fs::read_to_string(directory.path().join("set")).unwrap();
        let set: Vec<&str> = set.lines().collect();
        assert!(set.len() == 2 && set.first() == Some(&"2028-02-29 23:30"), "{set:?}");
        assert_right(set.last().unwrap());
    }
}

#[test]
fn at_date_restores_the_clock_when_killed() {
    if !is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut killed = at_date(directory.path(), &["2028-02-29", "sleep", "5"]).spawn().unwrap();
    sets(directory.path(), 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_right(sets(directory.path(), 2).last().unwrap());
}
