//! R19: failed attempts delay only the key that makes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, count, password};
use fakeplex::Endpoint;

const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

fn sign_ins(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Signin)
}

/// Result of a login from an address: return code and duration.
fn login(world: &World, from: &str, user: &str, typed: &str) -> (Code, Duration) {
    let answers = world.many(1, &[Try::new(user, from, typed)]);
    answers.first().map(|one| (one.code, one.took)).unwrap()
}

#[test]
fn r19_pauses_grow_and_affect_only_the_failing_key() {
    let numbers = "[throttle]\nfree_tries = 2\nfirst_pause = \"1s\"\nlongest_pause = \"7s\"";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    // Only an account that has signed in from an origin has its pauses waited out there.
    for n in 0..2 {
        assert_eq!(login(&world, ELSEWHERE, "frank", &format!("wrong{n}")).0, Code::AUTH_ERR);
    }
    assert_eq!(login(&world, ELSEWHERE, "frank", &password("frank")).0, Code::AUTHINFO_UNAVAIL);
    assert_eq!(login(&world, HOME, "alice", &password("alice")).0, Code::SUCCESS);
    let wrong = || login(&world, HOME, "alice", "wrong");
    let mut last = Instant::now();
    for pause in [0, 0, 1, 2, 4] {
        let before = last;
        let (code, took) = wrong();
        assert_eq!(code, Code::AUTH_ERR, "after a pause of {pause}");
        last = Instant::now();
        // The pause counts from the previous verdict, which is sent up to half a second later (see `RefusalDelay`).
        assert!(before.elapsed() + Duration::from_millis(600) > Duration::from_secs(pause), "{:?}", before.elapsed());
        assert!(took < Duration::from_secs(pause + 3), "{took:?} after a pause of {pause} s");
    }
    let before = sign_ins(&world);
    let told = [(); 4].map(|()| wrong());
    assert!(told.iter().all(|(code, _)| *code == Code::AUTHINFO_UNAVAIL), "{told:?}");
    let quickest = told.iter().map(|(_, took)| *took).min().unwrap();
    assert!(quickest < Duration::from_millis(900), "it is refused after the delay of every refusal: {told:?}");
    assert_eq!(login(&world, HOME, "alice", &password("alice")).0, Code::AUTHINFO_UNAVAIL, "it was not looked at");
    assert_eq!(sign_ins(&world), before);
    world.wait_for_log(&["throttled", "user=\"alice\"", &format!("rhost=\"{HOME}\""), "too many failed attempts"]);

    // Another user from that address, the same user from another address, and the account phase.
    for (from, user) in [(HOME, "frank"), (ELSEWHERE, "alice")] {
        let (code, took) = login(&world, from, user, &password(user));
        assert_eq!(code, Code::SUCCESS, "{user} from {from}");
        assert!(took < Duration::from_secs(3), "{user} from {from}: {took:?}");
    }
    assert_eq!(world.account("alice"), Code::SUCCESS);

    // A remaining pause under four seconds is waited out, and a right password ends the series.
    sleep((last + Duration::from_millis(3500)).saturating_duration_since(Instant::now()));
    assert_eq!(login(&world, HOME, "alice", &password("alice")).0, Code::SUCCESS);
    assert!(
        last.elapsed() + Duration::from_millis(600) > Duration::from_secs(7),
        "not before the longest pause is over"
    );
    for _ in 0..2 {
        let (code, took) = wrong();
        assert_eq!(code, Code::AUTH_ERR);
        assert!(took < Duration::from_secs(4), "it begins anew: {took:?}");
    }
}

#[test]
fn r19_throttled_password_logins_do_not_affect_key_logins() {
    let Some(world) =
        World::with_everything(DEN, "[throttle]\nfree_tries = 1\nfirst_pause = \"1h\"\nlongest_pause = \"1h\"")
    else {
        return;
    };
    world.start_sshd();
    assert!(!world.ssh("password", "alice", "wrong").ok());
    assert!(!world.ssh("password", "alice", &password("alice")).ok());
    world.wait_for_log(&["throttled", "user=\"alice\"", "rhost=\"127.0.0.1\""]);
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
}

#[test]
fn r19_pauses_survive_a_restart_and_expire() {
    let numbers = "[throttle]\nfree_tries = 1\nfirst_pause = \"60s\"\nlongest_pause = \"60s\"";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    let right = || login(&world, HOME, "alice", &password("alice")).0;
    assert_eq!(login(&world, HOME, "alice", "wrong").0, Code::AUTH_ERR);
    assert_eq!(right(), Code::AUTHINFO_UNAVAIL);
    world.wait_for_rows("tries", 1);
    world.kill_authd();
    world.start_authd(&world.config(numbers));
    assert_eq!(right(), Code::AUTHINFO_UNAVAIL, "after kill -9");
    world.stop_authd();
    world.start_authd(&world.config(numbers));
    assert_eq!(right(), Code::AUTHINFO_UNAVAIL, "after a restart");
    world.stop_authd();
    world.sql("UPDATE tries SET last = last - 61000");
    world.start_authd(&world.config(numbers));
    assert_eq!(right(), Code::SUCCESS, "a minute later");
}

#[test]
fn r60_hourly_budget_is_limited_per_address_and_account_and_each_friend_has_a_share_of_their_own() {
    let numbers = "[throttle]\nfree_tries = 20\nrejected_per_hour = 6";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    assert_eq!(login(&world, HOME, "alice", &password("alice")).0, Code::SUCCESS);
    world.plex().reset();
    // Two of six for each address and for each account, four of six for all keys that have never signed in.
    let attacks = [
        ("alice", "203.0.113.1", 4, 2),
        ("frank", "203.0.113.1", 4, 2),
        ("alice", "203.0.113.2", 4, 2),
        ("frank", "203.0.113.2", 4, 4),
        ("olga", "203.0.113.3", 1, 4),
    ];
    for (user, from, tries, sent) in attacks {
        let tries: Vec<Try> = (0..tries).map(|n| Try::new(user, from, &format!("wrong{n}"))).collect();
        world.many(1, &tries);
        assert_eq!(sign_ins(&world), sent, "{user} from {from}");
    }
    world.wait_for_log(&["throttled", "rhost=\"203.0.113.3\"", "rejected_per_hour"]);
    // A key that has signed in before may still fail, twice.
    let home = |typed: &str| login(&world, HOME, "alice", typed).0;
    assert_eq!((home("wrong"), home(&password("alice"))), (Code::AUTH_ERR, Code::SUCCESS));
    assert_eq!((home("wrong again"), home(&password("alice"))), (Code::AUTH_ERR, Code::AUTHINFO_UNAVAIL));
    let spent = sign_ins(&world);
    world.kill_authd();
    world.start_authd(&world.config(numbers));
    assert_eq!(home(&password("alice")), Code::AUTHINFO_UNAVAIL, "after a restart");
    assert_eq!(sign_ins(&world), spent);
    world.stop_authd();
    world.sql("UPDATE sent SET at = at - 3600000");
    world.start_authd(&world.config(numbers));
    assert_eq!(login(&world, ELSEWHERE, "alice", &password("alice")).0, Code::SUCCESS, "an hour later");
}

#[test]
fn r60_identical_simultaneous_attempts_share_one_sign_in() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 100") else {
        return;
    };
    world.plex().fault(Endpoint::Signin, fakeplex::Fault::Delay(1500));
    for (typed, code) in [(password("alice"), Code::SUCCESS), ("wrong".into(), Code::AUTH_ERR)] {
        world.plex().reset();
        let answers = world.many(16, &vec![Try::new("alice", HOME, &typed); 16]);
        assert_eq!((count(&answers, code), sign_ins(&world)), (16, 1), "{typed}: {answers:?}");
    }
    world.wait_for_rows("sent", 2);
    world.plex().reset();
    let mut different: Vec<Try> = (0..4).map(|n| Try::new("alice", HOME, &format!("wrong{n}"))).collect();
    // Another password, address or account shares nothing.
    different.push(Try::new("alice", ELSEWHERE, "wrong0"));
    different.push(Try::new("olga", HOME, "wrong0"));
    let answers = world.many(6, &different);
    assert_eq!((count(&answers, Code::AUTH_ERR), sign_ins(&world)), (6, 6), "{answers:?}");
}

#[test]
fn r19_parallel_guesses_are_no_faster_than_sequential_ones() {
    let numbers = "[throttle]\nfree_tries = 2\nfirst_pause = \"10s\"";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    let before = sign_ins(&world);
    let tries: Vec<Try> = (0..20).map(|n| Try::new("alice", HOME, &format!("wrong{n}"))).collect();
    let answers = world.many(20, &tries);
    assert_eq!((count(&answers, Code::AUTH_ERR), count(&answers, Code::AUTHINFO_UNAVAIL)), (2, 18), "{answers:?}");
    assert_eq!(sign_ins(&world) - before, 2);
}

/// Types passwords at ssh, in connections of three prompts each. Returns what ssh showed, with the exit code of the last one.
fn type_at_ssh(world: &World, from: &str, user: &str, typed: &[&str]) -> (String, i32) {
    let mut shown = String::new();
    let mut code = 0;
    for connection in typed.chunks(3) {
        let (prompts, target) =
            (format!("-oNumberOfPasswordPrompts={}", connection.len()), format!("{user}@127.0.0.1"));
        // With the log level that people have, ssh shows the messages of PAM.
        let ssh = [
            "ssh",
            "-Fnone",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oPubkeyAuthentication=no",
        ];
        let to = ["-oPreferredAuthentications=keyboard-interactive", "-b", from, &prompts, &target, "id", "-un"];
        let mut ssh = world.terminal(&[&ssh[..], &to].concat());
        for typed in connection {
            ssh.wait_for("assword:");
            ssh.type_line(typed);
        }
        code = ssh.exit();
        shown += &ssh.contents();
    }
    (shown, code)
}

const KEEPS_ASKING: &str = "Permission denied (publickey,password,keyboard-interactive).";
const TRY_AGAIN: &str = "Too many attempts. Try again in ";

/// A return code that makes sshd drop its password methods would answer the right password with "Permission denied (publickey)".
#[test]
fn r80_sshd_keeps_asking_after_wrong_passwords_and_tells_only_known_friends_how_long_to_wait() {
    let numbers = "[throttle]\nfirst_pause = \"3m\"\nlongest_pause = \"10m\"";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    world.start_sshd();
    world.add_addresses(&[HOME, ELSEWHERE]);
    assert_eq!(world.ssh_from(HOME, "password", "alice", &password("alice")).stdout, "alice\n");
    let (right, of_frank) = (password("alice"), password("frank"));
    let six = ["wrong1", "wrong2", "wrong3", "wrong4", "wrong5", "wrong6"];
    let wait = |user: &str, from: &str, right: &str| {
        let before = type_at_ssh(&world, from, user, &six).0;
        assert_eq!(before.matches(KEEPS_ASKING).count(), 2, "{before}");
        let (after, code) = type_at_ssh(&world, from, user, &[right]);
        assert!(code == 255 && after.contains(KEEPS_ASKING), "{after}");
        let by_password = world.ssh_from(from, "password", user, right);
        assert!(by_password.stderr.contains(KEEPS_ASKING), "{by_password:?}");
        before + &after
    };
    let [known, unknown, stranger] = std::thread::scope(|scope| {
        [
            scope.spawn(|| wait("alice", HOME, &right)),
            scope.spawn(|| wait("alice", ELSEWHERE, &right)),
            scope.spawn(|| wait("frank", HOME, &of_frank)),
        ]
        .map(|thread| thread.join().unwrap())
    });
    // Three wrong passwords cost nothing; the three after them and the right one are refused.
    assert!(known.contains("Try again in 3 minutes."), "{known}");
    assert_eq!(known.matches(TRY_AGAIN).count(), 4, "{known}");
    for shown in [unknown, stranger] {
        assert!(!shown.contains("Try again"), "{shown}");
    }
    // What root sees and clears.
    let held = world.run(&["plex-auth", "test", "alice"]).stdout;
    for from in [HOME, ELSEWHERE] {
        assert!(held.contains(&format!("! rate limit: sign-ins from {from} are refused for ")), "{held}");
        assert!(held.contains(&format!("\n    run: plex-auth forget alice --from {from}\n")), "{held}");
    }
    assert!(held.ends_with("alice would be let in with the right password.\n"), "{held}");
    for (from, code) in [(HOME, 1), ("203.0.113.200", 0)] {
        let out = world.run(&["plex-auth", "test", "alice", "--from", from]);
        assert_eq!((out.code, out.stdout.contains("✗ rate limit: ")), (code, code == 1), "{from}: {out:?}");
    }
    let cleared = world.run(&["plex-auth", "forget", "alice", "--from", HOME]).stdout;
    assert_eq!(cleared, "Cleared the rate limits for alice at 192.0.2.1. The next sign-in is not delayed.\n");
    assert_eq!(world.ssh_from(HOME, "password", "alice", &right).stdout, "alice\n");
    assert!(world.ssh_from(ELSEWHERE, "password", "alice", &right).stderr.contains(KEEPS_ASKING), "still held there");
    let cleared = world.run(&["plex-auth", "forget", "--from", ELSEWHERE]).stdout;
    assert!(cleared.starts_with("Cleared the rate limits for 198.51.100.7."), "{cleared}");
    world.kill_authd();
    world.start_authd(&world.config(numbers));
    assert_eq!(world.ssh_from(ELSEWHERE, "password", "alice", &right).stdout, "alice\n", "after a restart as well");
    let nothing = world.run(&["plex-auth", "forget", "alice", "--from", "203.0.113.200"]).stdout;
    assert_eq!(nothing, "No rate limit applied to alice at 203.0.113.200.\n");
}

#[test]
fn r80_abandoned_link_prompts_and_a_spent_address_leave_sshd_asking_and_the_right_password_good() {
    let numbers = "link_sign_in = true\n[throttle]\nfirst_pause = \"3m\"\nrejected_per_hour = 9\nfree_tries = 9";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    world.start_sshd();
    world.add_addresses(&[HOME, ELSEWHERE]);
    for _ in 0..5 {
        let mut ssh = world.ssh_terminal(ELSEWHERE, "frank", 1);
        ssh.wait_for("assword:");
        ssh.type_line("");
        // Codes that were left count for a while, so that there is not always another.
        std::thread::sleep(Duration::from_millis(400));
    }
    let start = Instant::now();
    let (shown, code) = type_at_ssh(&world, ELSEWHERE, "frank", &[&password("frank")]);
    assert!(code == 0 && shown.ends_with("\nfrank"), "{shown}");
    assert!(start.elapsed() < Duration::from_secs(10), "no back-off: {:?}", start.elapsed());
    assert_eq!(world.sql("SELECT max(wrong) FROM tries WHERE account = 'frank'").trim(), "0");

    // One household: another user there uses up the address's part of the budget.
    assert_eq!(world.ssh_from(HOME, "password", "alice", &password("alice")).stdout, "alice\n");
    let wrong: Vec<Try> = (0..9).map(|n| Try::new("olga", HOME, &format!("wrong{n}"))).collect();
    world.many(3, &wrong);
    let refused = world.ssh_from(HOME, "password", "frank", &password("frank"));
    assert!(refused.stderr.contains(KEEPS_ASKING), "{refused:?}");
    world.wait_for_log(&["throttled", "user=\"frank\"", "rejected_per_hour"]);
    let out = world.run(&["plex-auth", "test", "frank", "--from", HOME]);
    assert!(out.code == 1 && out.stdout.contains("too many rejected sign-ins of this account"), "{out:?}");
    assert_eq!(world.ssh_from(HOME, "password", "alice", &password("alice")).stdout, "alice\n", "a friend there");
    world.sh(&format!("plex-auth forget --from {HOME}"));
    assert_eq!(world.ssh_from(HOME, "password", "frank", &password("frank")).stdout, "frank\n");
}
