//! R65: an account phase that cannot be decided is a refusal, for every managed account except the owner's own. Tested
//! with key logins at the real sshd, where the account phase is the only check.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, other_protocol, password};
use fakeplex::{Command, Connections};

/// Mallory was removed at plex.tv; only `[users]` shows that her account is managed.
const USERS: &str = "[users]\nmallory = \"mallory\"\nolga = \"olga\"\n";

/// A machine with sshd, a friend in the group, a removed friend outside it, the owner and a local account.
fn machine(keys: &str, tables: &str) -> Option<World> {
    let world = people()?;
    world.start_authd(&world.config(&format!("{keys}\n{USERS}{tables}")));
    world.start_sshd();
    Some(world)
}

/// The accounts and plex.tv, without the daemon and sshd.
fn people() -> Option<World> {
    let world = World::new()?;
    world.add_user("alice", true, None);
    world.add_user("mallory", false, None);
    world.add_user("olga", false, Some("LOCAL-SECRET"));
    world.add_user("local", false, Some("LOCAL-SECRET"));
    world.allow_sudo(&["olga", "local"]);
    world.start_plex(DEN);
    Some(world)
}

/// A configuration without the owner's token: access is read from each account's own token.
fn without_token(world: &World, admin: &str) -> String {
    let config = world.config(USERS);
    let kept = config.lines().filter(|line| !line.starts_with("token") && !line.starts_with("admin"));
    format!("owner_id = 1\n{admin}\n{}\n", kept.collect::<Vec<_>>().join("\n"))
}

fn key(world: &World, user: &str) -> bool {
    let out = world.ssh_key(user);
    assert!(out.ok() == (out.stdout == format!("{user}\n")), "{user}: {out:?}");
    out.ok()
}

#[track_caller]
fn assert_keys(world: &World, when: &str, expected: &[(&str, bool)]) {
    for (user, enters) in expected {
        assert_eq!(key(world, user), *enters, "{when}: {user}");
    }
}

/// Asserts that the owner can use sudo and log in with a key.
#[track_caller]
fn assert_owner_has_access(world: &World, when: &str) {
    assert_eq!(world.sudo("olga", "LOCAL-SECRET", &[]).stdout, "root\n", "{when}");
    assert!(key(world, "olga"), "{when}");
}

#[test]
fn r65_key_of_removed_friend_is_refused_when_the_friend_list_is_too_old() {
    let tables = "[timeouts]\nfriend_list = \"1s\"\nknown_list = \"1s\"\nlogin = \"2s\"\nconnect = \"1s\"";
    let Some(world) = machine("", tables) else { return };
    assert_keys(&world, "list is young", &[("alice", true), ("mallory", false)]);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert_keys(&world, "list is old", &[("mallory", false), ("alice", false), ("local", true), ("olga", true)]);
    world.wait_for_log(&["denied", "user=\"mallory\"", "phase=account"]);
    assert!(!world.syslog().lines().any(|line| line.contains("unavailable") && line.contains("phase=account")));
}

/// As for jobs of cron, at and lingering services, on a machine that is started without network.
#[test]
fn account_phase_waits_four_seconds_for_a_first_list() {
    let Some(world) = people() else { return };
    let connections = |how| world.plex().send(&Command::Connections(how)).unwrap();
    connections(Connections::Refuse);
    world.start_authd(&world.config(USERS));
    world.wait_for_log(&["the friend list cannot be read"]);
    let start = Instant::now();
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    let took = start.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(20), "{took:?}");
    world.wait_for_log(&["denied", "user=\"alice\"", "phase=account", "the friend list"]);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let alice = scope.spawn(|| world.account("alice"));
        std::thread::sleep(Duration::from_millis(500));
        connections(Connections::Serve);
        assert_eq!(alice.join().unwrap(), Code::SUCCESS, "the network came during the wait");
    });
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(world.account("mallory"), Code::PERM_DENIED);
}

#[test]
fn r65_key_of_removed_friend_is_refused_during_300_open_su_prompts() {
    let Some(world) = machine("", "") else { return };
    let prompts = "rm -f /tmp/typing; mkfifo -m 666 /tmp/typing; exec 3<>/tmp/typing; \
                   for i in $(seq 300); do su mallory -c true <&3 >/dev/null 2>&1 & done; wait";
    let before = ["setpriv", "--reuid", "local", "--regid", "local", "--init-groups", "sh", "-c"];
    world.start(&[&before[..], &[&format!("'{prompts}'")]].concat());
    world.wait_for_log_within(
        Duration::from_secs(60),
        &["unavailable", "service=\"su\"", "too many logins are in progress"],
    );
    let start = Instant::now();
    let expected = [("mallory", false), ("alice", true), ("local", true), ("olga", true)];
    assert_keys(&world, "300 prompts", &expected);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    // The share of one user is used up, and nobody else's.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_owner_has_access(&world, "300 prompts");
}

#[test]
fn r65_key_of_removed_friend_is_refused_without_an_owner_token() {
    let Some(world) = people() else { return };
    world.start_authd(&without_token(&world, ""));
    world.start_sshd();
    assert_keys(&world, "no sign-in yet", &[("mallory", false), ("alice", false), ("local", true)]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_keys(&world, "after a sign-in", &[("mallory", false), ("alice", true), ("local", true)]);
}

#[test]
fn r65_key_of_removed_friend_is_refused_if_module_and_daemon_differ_in_version() {
    let Some(world) = machine("", "") else { return };
    let module = world.module("pam_plex");
    for version in ["next-protocol", "previous-protocol"] {
        world.copy(&other_protocol(version), &module, 0o644);
        let expected = [("mallory", false), ("alice", true), ("local", true), ("olga", true)];
        assert_keys(&world, version, &expected);
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{version}");
        world.wait_for_log(&["unavailable", "user=\"alice\"", "restart the program that loaded the old module"]);
    }
}

#[test]
fn r65_unreadable_group_lets_no_managed_account_log_in() {
    let Some(world) = machine("", "") else { return };
    world.add_user("bob", true, None);
    assert_keys(&world, "the group is there", &[("bob", false), ("alice", true)]);
    world.sh("sed -i '/^plex-users:/d' /etc/group /etc/gshadow");
    assert_keys(&world, "no group", &[("bob", false), ("alice", false), ("mallory", false), ("olga", true)]);
    world.wait_for_log(&["denied", "user=\"bob\"", "phase=account", "groupadd plex-users"]);
}

#[test]
fn r65_the_owner_has_access_while_plex_tv_is_unreachable_for_a_day() {
    let Some(world) = people() else { return };
    let start = |calendar: &str| {
        fs::write(world.shared().join("calendar"), format!("{calendar}\n")).unwrap();
        let library = world.sh("find /usr/lib /usr/lib64 -name libfaketimeMT.so.1 2>/dev/null | grep .").stdout;
        let preload = format!("LD_PRELOAD={}", library.lines().next().unwrap());
        let settings = ["FAKETIME_TIMESTAMP_FILE=/mnt/calendar", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"];
        world.start_authd_behind(&[&["env", preload.as_str()], &settings[..]].concat(), &world.config(USERS));
    };
    start("+0");
    world.start_sshd();
    assert_keys(&world, "plex.tv is there", &[("olga", true), ("alice", true), ("mallory", false)]);
    world.stop_authd();
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    start("+1d");
    assert_owner_has_access(&world, "a day later");
    let line = world.wait_for_log(&["accepted", "user=\"olga\"", "service=\"sshd\"", "the owner's own account"]);
    let took: u64 = line.split("ms=").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!(took < 500, "nothing is waited for: {line}");
    assert_keys(&world, "a day later", &[("alice", false), ("mallory", false), ("local", true)]);
    // Without any list the configuration alone identifies the owner's account.
    world.stop_authd();
    world.sh("rm -rf /var/lib/plex-auth");
    start("+1d");
    assert_owner_has_access(&world, "no list ever");
    assert_keys(&world, "no list ever", &[("alice", false), ("mallory", false)]);
}

#[test]
fn r65_the_owner_has_access_without_daemon_and_with_broken_configuration() {
    let Some(world) = machine("", "") else { return };
    world.write_config("token = nonsense\n");
    world.sh("pkill -HUP -x plex-authd");
    world.wait_for_log(&["the previous configuration stays in use"]);
    assert_owner_has_access(&world, "reloaded with a broken file");
    assert_keys(&world, "reloaded with a broken file", &[("alice", true), ("mallory", false)]);
    world.stop_authd();
    assert_owner_has_access(&world, "stopped");
    world.start(&["/usr/sbin/plex-authd", "--user", "plex-auth"]);
    world.wait_for_log(&["cannot run"]);
    assert_owner_has_access(&world, "refuses to start");
    assert_keys(&world, "refuses to start", &[("alice", false), ("local", true)]);
}

#[test]
fn r65_without_a_token_the_owner_has_access_before_any_sign_in() {
    let Some(world) = people() else { return };
    world.start_authd(&without_token(&world, "admin_account = \"olga\""));
    world.start_sshd();
    assert_owner_has_access(&world, "no sign-in yet");
    // Without admin_account the owner does not sign in here.
    world.stop_authd();
    world.start_authd(&without_token(&world, ""));
    assert_keys(&world, "no admin_account", &[("olga", false), ("local", true)]);
}
