//! Limits of link sign-in: number and duration of its polls, services that offer it, and that it caches no credential.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, PRESS_ENTER, World, as_user, password};
use fakeplex::Endpoint;

const LINK: &str = "link_sign_in = true";
const ALONE: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"alone\"]";
const HERE: &str = "127.0.0.1";

/// Number of requests to plex.tv for or about link codes.
fn pin_requests(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Pins)
}

#[test]
fn r23_enter_before_the_approval_polls_for_seconds_and_prompts_again() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    world.plex().reset();
    let start = Instant::now();
    ssh.type_line("");
    ssh.wait_for(&format!("Not approved yet: https://plex.tv/link, code {code}\n"));
    let took = start.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(30), "{took:?}");
    assert!((2..=6).contains(&pin_requests(&world)), "{} questions in {took:?}", pin_requests(&world));
    assert!(ssh.screen().ends_with(PRESS_ENTER.trim_end()), "{}", ssh.screen());
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().ends_with("\nalice"), "{}", ssh.contents());
    world.assert_code_unseen(&code);
}

#[test]
fn r23_approval_during_polling_needs_no_second_enter() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    ssh.type_line("");
    std::thread::sleep(Duration::from_secs(1));
    world.approve(&code, "alice");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
}

#[test]
fn r23_link_sign_in_prompts_again_three_times_and_then_fails() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    for _ in 0..3 {
        ssh.type_line("");
        ssh.wait_for("Not approved yet");
    }
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert_eq!(ssh.contents().matches("Not approved yet").count(), 3, "{}", ssh.contents());
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
    world.wait_for_log(&["denied", "user=\"alice\"", "the link code was not approved in time"]);
    world.assert_code_unseen(&code);
}

#[test]
fn r24_unanswered_link_prompt_times_out_before_sshds_grace_time() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let start = Instant::now();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    std::thread::sleep(Duration::from_secs(80));
    world.wait_for_log_within(Duration::from_secs(25), &["denied", "user=\"alice\"", "not approved in time"]);
    assert!(start.elapsed() < Duration::from_secs(100), "{:?}", start.elapsed());
    // A late Enter is answered immediately, by sshd and not by a cut connection.
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
    assert!(start.elapsed() < Duration::from_secs(110), "{:?}", start.elapsed());
}

#[test]
fn r24_enter_shortly_before_the_deadline_is_answered_without_another_prompt() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let start = Instant::now();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    std::thread::sleep(Duration::from_secs(86).saturating_sub(start.elapsed()));
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255, "{}", ssh.contents());
    assert!(start.elapsed() < Duration::from_secs(110), "{:?}", start.elapsed());
    assert!(!ssh.contents().contains("Not approved yet"), "{}", ssh.contents());
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
}

#[test]
fn r25_empty_password_is_wrong_where_link_sign_in_is_not_offered() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.allow_sudo(&["alice"]);
    assert_eq!(world.authenticate("alice", ""), Code::AUTH_ERR);
    let mut sudo = world.terminal(&as_user("alice", &["sudo", "-k", "id", "-un"]));
    for answer in ["", "", &password("alice")] {
        sudo.wait_for("[sudo] password for alice:");
        sudo.type_line(answer);
    }
    assert_eq!(sudo.exit(), 0, "{}", sudo.contents());
    assert!(!sudo.contents().contains("plex.tv") && !sudo.contents().contains("by link"), "{}", sudo.contents());
    world.wait_for_log(&["denied", "service=\"sudo\"", "empty password"]);

    world.stop_authd();
    world.start_authd(&world.config("link_sign_in = false"));
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "erin", 1);
    ssh.wait_for("assword");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert_eq!(pin_requests(&world), 0);
}

#[test]
fn r25_link_argument_for_an_unlisted_service_is_a_logged_outage() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.write("/etc/pam.d/linked", 0o644, "root:root", "auth required pam_plex.so link\n");
    let codes = world.codes("linked", "alice", "auth", "\n");
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTHINFO_UNAVAIL, 0));
    world.wait_for_log(&["unavailable", "service=\"linked\"", "'link'", "link_services"]);
    assert_eq!(pin_requests(&world), 0);
}

#[test]
fn link_sign_in_caches_no_credential() {
    let further = format!("{ALONE}\n[cache]\nremember = \"1h\"\noffline = \"1h\"\n[throttle]\nfree_tries = 20");
    let Some(world) = World::with_everything(DEN, &further) else { return };
    let mut first = world.pam_terminal("alone", "alice", "192.0.2.1");
    let code = first.ask_for_code();
    world.approve(&code, "alice");
    assert_eq!(first.verdict(), Code::SUCCESS);
    let mut second = world.pam_terminal("alone", "alice", "192.0.2.1");
    let another = second.ask_for_code();
    assert_ne!(code, another, "nobody gets in by what was approved before");
    drop(second);
    world.stop_authd();
    assert_eq!(world.rows("remembered"), 0);
    assert_eq!(world.plex().counters().live_tokens, 0);
    world.assert_code_unseen(&code);
    // In an outage neither the code nor an empty password is accepted.
    world.plex().fault(Endpoint::All, fakeplex::Fault::Reset);
    world.start_authd(&world.config(&further));
    for typed in ["", &code, &another] {
        let codes = world.codes_as(&["env", "TTY=/dev/tty"], "alone", "alice", "auth", &format!("{typed}\n"));
        assert_eq!(codes.of("auth"), Code::AUTHINFO_UNAVAIL, "{typed:?}");
    }
}

#[test]
fn address_holds_at_most_three_link_codes() {
    let Some(world) = World::with_everything(DEN, &format!("{ALONE}\n[throttle]\nfree_tries = 20")) else { return };
    let ask = |user: &str, rhost: &str| world.pam_terminal("alone", user, rhost);
    let mut open: Vec<_> = ["alice", "erin", "frank"].iter().map(|user| ask(user, "192.0.2.1")).collect();
    for terminal in &mut open {
        terminal.ask_for_code();
    }
    let mut fourth = ask("olga", "192.0.2.1");
    fourth.wait_for("assword");
    assert_eq!(fourth.verdict(), Code::AUTHINFO_UNAVAIL);
    world.wait_for_log(&["throttled", "user=\"olga\"", "link codes"]);
    let code = ask("olga", "192.0.2.2").ask_for_code();
    assert!(!code.is_empty(), "another address has its own");
}

/// Strangers request codes for the account that they want to lock out, and for others, from anywhere.
#[test]
fn r70_strangers_hold_five_codes_and_keep_no_known_friend_from_one() {
    let Some(world) = World::with_everything(DEN, &format!("{ALONE}\n[throttle]\nfree_tries = 20")) else { return };
    let home = "192.0.2.1";
    for user in ["alice", "olga"] {
        assert_eq!(world.codes_from(home, "alone", user, &password(user)).of("auth"), Code::SUCCESS);
    }
    let mut held = Vec::new();
    for (number, user) in (0..).zip(["alice", "olga", "frank", "erin", "alice", "olga", "alice", "frank"]) {
        let mut stranger = world.pam_terminal("alone", user, &format!("203.0.113.{}", number + 1));
        stranger.wait_for("assword");
        stranger.type_line("");
        held.push(stranger);
    }
    let refused = world.wait_for_log(&["throttled", "rhost=\"203.0.113.", "link codes"]);
    assert_eq!(world.plex().counters().of(Endpoint::Pins), 5, "{refused}");
    // Alice has two codes of her own at home, and Olga as well.
    let mut first = world.pam_terminal("alone", "alice", home);
    first.ask_for_code();
    for user in ["alice", "olga"] {
        let mut login = world.pam_terminal("alone", user, home);
        let code = login.ask_for_code();
        world.approve(&code, user);
        assert_eq!(login.verdict(), Code::SUCCESS, "{user}");
    }
    // At the console, where nobody has signed in yet, there are others.
    world.pam_terminal("alone", "frank", "").ask_for_code();
    // A place where she has never signed in is a stranger's.
    let mut elsewhere = world.pam_terminal("alone", "alice", "192.0.2.77");
    elsewhere.wait_for("assword");
    assert_ne!(elsewhere.verdict(), Code::SUCCESS);
    world.wait_for_log(&["throttled", "rhost=\"192.0.2.77\"", "link codes"]);
    drop((first, held));
}

#[test]
fn r70_code_approved_by_the_wrong_person_frees_its_slot_at_once_and_is_a_failure() {
    let Some(world) = World::with_everything(DEN, &format!("{ALONE}\n[throttle]\nfree_tries = 20")) else { return };
    let home = "192.0.2.1";
    assert_eq!(world.codes_from(home, "alone", "alice", &password("alice")).of("auth"), Code::SUCCESS);
    for number in 1..=3_u32 {
        // Two codes are all that Alice can have, and cancelled ones count for eight seconds.
        let mut login = world.pam_terminal("alone", "alice", home);
        let code = login.ask_for_code();
        world.approve(&code, "mallory");
        assert_ne!(login.verdict(), Code::SUCCESS);
        let failures = || world.sql("SELECT wrong FROM tries WHERE account = 'alice' AND origin = '192.0.2.1'");
        let start = Instant::now();
        while failures().trim().parse::<u32>().unwrap() < number {
            assert!(start.elapsed() < Duration::from_secs(20), "{number}: {} failures", failures());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    world.wait_for_log(&["denied", "user=\"alice\"", "plex.tv signed in id 7"]);
}

#[test]
fn one_ssh_connection_allows_three_attempts_by_link_or_password() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 3);
    ssh.ask_for_code();
    world.expire_codes();
    ssh.type_line("");
    let code = ssh.ask_for_code();
    world.approve(&code, "erin");
    ssh.type_line("");
    ssh.wait_for("assword");
    ssh.type_line(&password("alice"));
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().ends_with("\nalice"), "{}", ssh.contents());
}

#[test]
fn r22_sshds_password_method_refuses_link_sign_in_without_waiting() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let empty = world.ssh("password", "alice", "");
    assert!(!empty.ok() && empty.code != 124, "{empty:?}");
    let stack = "auth required pam_plex.so link\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/sshd", 0o644, "root:root", stack);
    let linked = world.ssh("password", "alice", &password("alice"));
    assert!(!linked.ok() && linked.code != 124, "{linked:?}");
    world.wait_for_log(&["denied", "user=\"alice\"", "prompt"]);
    assert!(pin_requests(&world) <= 1, "{}", pin_requests(&world));
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.assert_no_secret_leaked();
}
