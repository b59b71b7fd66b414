//! The limits of memory and threads are the same with every service manager, and no lower than what plex-authd is built for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::path::Path;

const PAGE: &str = "docs/how-to/without-systemd.md";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The numbers that follow a text, wherever it is in a file.
fn numbers(path: &str, before: &str) -> Vec<u64> {
    let text = read(path);
    let found =
        text.split(before).skip(1).map(|rest| rest.split(|after: char| !after.is_ascii_digit()).next().unwrap());
    let found: Vec<_> = found.filter_map(|number| number.parse().ok()).collect();
    assert!(!found.is_empty(), "{path}: no number after {before:?}");
    found
}

/// A setting of a unit; sizes in bytes.
fn unit(service: &str, setting: &str) -> u64 {
    let text = read(&format!("packaging/systemd/{service}.service"));
    let value = text.lines().find_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).unwrap().to_owned();
    value.strip_suffix('M').map_or_else(|| value.parse().unwrap(), |size| size.parse::<u64>().unwrap() << 20)
}

#[test]
fn memory_and_threads_are_limited_alike_with_every_service_manager() {
    let table = read(PAGE);
    for service in ["plex-authd", "plex-auth-shadow", "plex-auth-samba"] {
        let openrc = format!("packaging/openrc/{service}");
        let (memory, tasks) = (numbers(&openrc, "memory.max "), numbers(&openrc, "pids.max "));
        assert_eq!(memory, [unit(service, "MemoryMax")], "{service}");
        assert!(tasks.len() == 1 && tasks >= vec![unit(service, "TasksMax")], "{service}: {tasks:?}");
        let size = unit(service, "MemoryMax");
        let row = format!("| {service} | {} MiB ({size}) | 0 | {} |\n", size >> 20, tasks.first().unwrap());
        assert!(table.contains(&row), "{PAGE}: {row}");
    }
}

#[test]
fn every_place_lets_plex_authd_have_the_threads_that_it_is_built_for() {
    let most = unit("plex-authd", "TasksMax");
    assert_eq!(numbers("packaging/openrc/plex-authd", "pids.max "), [most]);
    assert_eq!(numbers(PAGE, "\npids.max "), [most], "the example for OpenRC");
    let runit: Vec<_> =
        read(PAGE).lines().filter(|line| line.contains(">\"$group/pids.max\"")).map(str::to_owned).collect();
    assert!(runit.len() == 1 && runit.iter().all(|line| line.contains(&format!("echo {most} >"))), "{runit:?}");
    // In a container, other processes count too.
    for page in [PAGE, "docs/how-to/containers.md"] {
        assert_eq!(numbers(page, "--pids-limit "), [2 * most], "{page}");
    }
}
