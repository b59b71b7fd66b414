//! R70: no local user and no stranger uses up what others need: connections, logins at once, the log, the list of logins.
//! The attacks run on the real daemon with real su, sshd and user ids while friends sign in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::ops::Range;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, EIGHT_USERS, World, as_user, password};

/// Time for which silent connections are held.
const SILENCE: Duration = Duration::from_secs(20);

/// SECONDS: asks the daemon about root and about another account, says nothing valid and hangs up, as fast as it can.
/// Prints how often.
const NOISE: &str = r#"
import json, socket, struct, sys, time
def request(phase, user):
    ask = {"version": 4, "phase": phase, "user": user, "service": "noise", "tty": None, "rhost": "192.0.2.77", "ruser": None}
    text = json.dumps({"login": ask}).encode()
    return struct.pack(">I", len(text)) + text
lines = [request("authenticate", "bob"), request("account", "bob"), request("account", "no-such"), b"\0\0\0\2{}", b""]
end, count = time.monotonic() + float(sys.argv[1]), 0
while time.monotonic() < end:
    for line in lines:
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(2)
        try:
            one.connect("/run/plex-auth/socket")
            one.sendall(line)
            if line:
                one.recv(4096)
        except OSError:
            pass
        one.close()
        count += 1
print(count)
"#;

/// SECONDS: sixteen processes of as many users connect and hang up as fast as they can. Prints how often.
const FLOOD: &str = r#"
import os, socket, sys, time
end, results = time.monotonic() + float(sys.argv[1]), []
for uid in range(5000, 5016):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setgroups([]); os.setgid(uid); os.setuid(uid)
        count = 0
        while time.monotonic() < end:
            one = socket.socket(socket.AF_UNIX)
            try:
                one.connect("/run/plex-auth/socket")
                count += 1
            except OSError:
                pass
            one.close()
        os.write(writer, str(count).encode())
        os._exit(0)
    os.close(writer)
    results.append(reader)
print(sum(int(os.read(reader, 20)) for reader in results))
"#;

/// Starts this many `su` prompts for `target`, as `user`, which wait for typing.
fn su_prompts(world: &World, user: &str, target: &str, count: u32) {
    let typing = format!("/tmp/typing-{user}");
    let prompts = format!(
        "rm -f {typing}; mkfifo -m 600 {typing}; exec 3<>{typing}; \
         for i in $(seq {count}); do su {target} -c true <&3 >/dev/null 2>&1 & done; wait"
    );
    world.start(&as_user(user, &["sh", "-c", &format!("'{prompts}'")]));
    world.sh(&format!("for i in $(seq 600); do [ $(pgrep -xc su) -ge {count} ] && exit; sleep 0.1; done; exit 1"));
    // The daemon has decided about all: eight wait for typing, and the others were refused.
    world.wait_for_log_within(
        Duration::from_secs(60),
        &["unavailable", &format!("user=\"{target}\""), "service=\"su\"", "too many logins are in progress"],
    );
}

/// Asserts that the daemon ends within five seconds, on a machine with much other work, and starts it again.
fn assert_quick_restart(world: &World, when: &str) {
    let start = Instant::now();
    world.stop_authd();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{when}: the daemon took {took:?} to end");
    world.start_authd(&world.config(""));
}

#[test]
fn r70_256_su_prompts_of_one_user_keep_nobody_else_out() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.add_addresses(&["203.0.113.9"]);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    su_prompts(&world, "local", "bob", 256);
    assert_eq!(world.ssh_from("203.0.113.9", "password", "alice", &password("alice")).stdout, "alice\n", "by ssh");
    assert_eq!(world.su("olga", "frank", &password("frank"), &[]).stdout, "frank\n", "another user's su");
    assert_eq!(world.ssh_key("alice").stdout, "alice\n", "with a key");
    assert!(!world.ssh_key("bob").ok(), "a removed friend's key");
    world.wait_for_log(&["unavailable", "user=\"bob\"", "service=\"su\"", "too many logins are in progress"]);
    let status = world.run(&["plex-auth", "status"]);
    assert!(status.ok(), "{status:?}");
    assert_quick_restart(&world, "256 prompts");
    assert_eq!(world.ssh_from("203.0.113.9", "password", "alice", &password("alice")).stdout, "alice\n", "afterwards");
}

#[test]
fn r70_silent_connections_of_many_users_keep_nobody_else_out_and_leave_nothing_behind() {
    let Some(world) = World::with_everything(DEN, "trusted_callers = [\"www-data\"]") else { return };
    world.start_sshd();
    world.add_addresses(&["203.0.113.9"]);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    let held = || world.sh("p=$(pgrep -x plex-authd); ls /proc/$p/task | wc -l; ls /proc/$p/fd | wc -l").stdout;
    let silent = |uids: Range<u32>, each| world.hold_silent_connections(uids, each, SILENCE, Duration::ZERO);
    silent(3000..3100, 8);
    silent(4000..4001, 300);
    let uid: u32 = world.sh("id -u olga").stdout.trim().parse().unwrap();
    silent(uid..uid + 1, 300);
    std::thread::sleep(Duration::from_secs(2));
    for round in 0..3 {
        let ssh = world.ssh_from("203.0.113.9", "password", "alice", &password("alice"));
        assert_eq!(ssh.stdout, "alice\n", "{round}: {ssh:?}");
        assert_eq!(world.su("local", "frank", &password("frank"), &[]).stdout, "frank\n", "{round}");
        assert_eq!(world.ssh_key("alice").stdout, "alice\n", "{round}");
        let own = |user: &str, account: &str| {
            let before = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"];
            world.codes_as(&before, "alone", account, "auth", &format!("{}\n", password(account))).of("auth")
        };
        assert_eq!(own("alice", "alice"), Code::SUCCESS, "{round}: a screen locker");
        assert_eq!(own("www-data", "alice"), Code::SUCCESS, "{round}: a web server");
        assert!(world.run(&["plex-auth", "status"]).ok(), "{round}");
    }
    let counts = held();
    let mut counts = counts.lines().map(|line| line.parse::<u32>().unwrap());
    let (threads, descriptors) = (counts.next().unwrap(), counts.next().unwrap());
    assert!(threads < 40 && descriptors < 130, "{threads} threads, {descriptors} descriptors");
    assert_quick_restart(&world, "silent connections");
    world.sh("while pgrep -f [s]ilent.py >/dev/null; do sleep 0.1; done");
    assert_quick_restart(&world, "after the silent connections");
}

#[test]
fn r70_users_who_keep_the_sockets_queue_full_keep_nobody_else_out() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.write("/run/flood.py", 0o755, "root:root", FLOOD);
    let made = std::thread::scope(|scope| {
        let flood = scope.spawn(|| world.run(&["python3", "/run/flood.py", "15"]).stdout);
        world.sh("until pgrep -u 5015 >/dev/null; do sleep 0.1; done");
        for round in 0..20 {
            assert_eq!(world.account("alice"), Code::SUCCESS, "{round}");
        }
        assert_eq!(world.ssh_key("alice").stdout, "alice\n", "with a key");
        assert_eq!(world.ssh("password", "alice", &password("alice")).stdout, "alice\n", "with the password");
        assert!(world.run(&["plex-auth", "status"]).ok());
        assert!(!flood.is_finished(), "the flood goes on");
        flood.join().unwrap().trim().parse::<u32>().unwrap()
    });
    assert!(made > 20_000, "only {made} connections");
}

#[test]
fn r70_a_trusted_web_server_is_not_limited_to_eight_logins_at_once() {
    let Some(world) = World::with_eight("") else { return };
    world.stop_authd();
    world.start_authd(&world.config(&format!("trusted_callers = [\"www-data\"]\n{EIGHT_USERS}")));
    let logins = world.rush_as(&as_user("www-data", &[]), 100, "2").logins;
    let failed: Vec<_> = logins.iter().filter(|login| !login.is_in()).collect();
    assert!(logins.len() == 200 && failed.is_empty(), "{} failed, among them {:?}", failed.len(), failed.first());
}

#[test]
fn r70_logins_at_a_prompt_end_with_a_verdict_at_shutdown_and_sshd_asks_again() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    let mut typing = world.ssh_terminal("127.0.0.1", "alice", 3);
    typing.wait_for("Password: ");
    assert_quick_restart(&world, "one prompt");
    typing.type_line(&password("alice"));
    // The first answer has nobody to decide about it; sshd asks again.
    typing.wait_for("Password: ");
    typing.type_line(&password("alice"));
    assert_eq!(typing.exit(), 0, "{}", typing.contents());
    world.wait_for_log(&["unavailable", "user=\"alice\"", "plex-authd is stopping"]);
    assert!(!world.syslog().contains("is plex-authd running"), "the module had a verdict");
}

/// Lines of the daemon in the log.
fn lines<'a>(log: &'a str, words: &[&str]) -> Vec<&'a str> {
    let of_daemon = log.lines().filter(|line| line.contains("plex-authd["));
    of_daemon.filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

#[test]
fn r70_noise_of_a_local_user_fills_neither_the_log_nor_the_list_of_logins_nor_the_disk() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.add_addresses(&["203.0.113.9", "203.0.113.10"]);
    assert!(!world.ssh_from("203.0.113.9", "password", "mallory", "guess").ok());
    let written = || -> u64 {
        let io = world.sh("grep ^write_bytes /proc/$(pgrep -x plex-authd)/io | cut -d' ' -f2").stdout;
        io.trim().parse().unwrap()
    };
    let before = written();
    world.write("/run/noise.py", 0o755, "root:root", NOISE);
    let (made, log) = world.logged(|| {
        std::thread::scope(|scope| {
            let noise: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| world.run(&as_user("local", &["python3", "/run/noise.py", "10"]))))
                .collect();
            // Guesses are seen all the same, and so are friends.
            for _ in 0..5 {
                assert!(!world.ssh_from("203.0.113.10", "password", "mallory", "guess").ok());
            }
            let ssh = world.ssh_from("203.0.113.9", "password", "alice", &password("alice"));
            assert_eq!(ssh.stdout, "alice\n", "{ssh:?}");
            let made = noise.into_iter().map(|noise| noise.join().unwrap().stdout.trim().parse::<u32>().unwrap());
            made.sum::<u32>()
        })
    });
    assert!(made > 2000, "only {made} connections");
    let written = written() - before;
    let count = lines(&log, &[]).len();
    assert!(count < 300, "{count} lines of {made} connections");
    let guesses = lines(&log, &["rhost=\"203.0.113.10\"", "phase=auth", "user=\"mallory\""]);
    assert_eq!(guesses.len(), 5, "{guesses:?}");
    assert_eq!(lines(&log, &["accepted", "user=\"alice\"", "phase=auth"]).len(), 1);
    world.wait_for_log_within(Duration::from_secs(90), &["left out", "uid 100"]);
    assert!(written < 2_000_000, "{written} bytes were written");
    let logins = world.run(&["plex-auth", "logins", "-n", "1000", "--json"]).stdout;
    let logins: Vec<serde_json::Value> = serde_json::from_str(&logins).unwrap();
    let of = |user: &str, outcome: &str| {
        logins
            .iter()
            .filter(|login| {
                login["user"] == user
                    && login["outcome"] == outcome
                    && login["phases"].get(0).is_some_and(|phase| phase == "auth")
            })
            .count()
    };
    assert_eq!((of("mallory", "denied"), of("alice", "accepted")), (6, 1), "{logins:?}");
    assert!(logins.len() <= 1000);
    // They are there after a restart as well.
    assert_quick_restart(&world, "noise");
    let again = world.run(&["plex-auth", "logins", "-n", "1000", "--json"]).stdout;
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&again).unwrap(), logins);
}
