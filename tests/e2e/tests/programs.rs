//! R48: the daemon starts no process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};

#[test]
fn r48_daemon_executes_no_program_and_creates_no_process() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let before = world.syslog().matches("is ready").count();
    world.start(&[
        "strace -f -o /run/trace -e trace=execve,execveat,fork,vfork,clone,clone3",
        "/usr/sbin/plex-authd --user plex-auth",
    ]);
    world.sh(&format!("until [ $(grep -c 'is ready' /var/log/syslog) -gt {before} ]; do sleep 0.05; done"));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.stop_authd();
    let trace = world.sh("cat /run/trace").stdout;
    let programs = trace.lines().filter(|line| line.contains("exec")).count();
    assert_eq!(programs, 1, "its own start and no other: {trace}");
    let made: Vec<&str> = trace.lines().filter(|line| line.contains("clone") || line.contains("fork")).collect();
    assert!(made.len() > 3, "threads are seen: {trace}");
    let processes = made.iter().filter(|line| !line.contains("CLONE_THREAD") && !line.contains("resumed"));
    assert_eq!(processes.count(), 0, "{trace}");
}
