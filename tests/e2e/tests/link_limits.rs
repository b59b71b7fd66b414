//! Where link sign-in ends: how often and how long it asks, where it is offered, and that nothing of it is kept.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, PRESS_ENTER, World, as_user, password};
use fakeplex::Endpoint;

const LINK: &str = "link_sign_in = true";
const ALONE: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"alone\"]";
const HERE: &str = "127.0.0.1";

/// How often plex.tv was asked for or about a code.
fn asked(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Pins)
}

#[test]
fn r23_enter_before_the_approval_asks_for_a_few_seconds_then_prompts_again() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    world.plex().reset();
    let start = Instant::now();
    ssh.type_line("");
    ssh.wait_for(&format!("Not approved yet: https://plex.tv/link, code {code}."));
    let took = start.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(30), "{took:?}");
    assert!((2..=6).contains(&asked(&world)), "{} questions in {took:?}", asked(&world));
    assert!(ssh.screen().ends_with(PRESS_ENTER.trim_end()), "{}", ssh.screen());
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().ends_with("\nalice"), "{}", ssh.contents());
    world.assert_code_unseen(&code);
}

#[test]
fn r23_an_approval_while_plex_tv_is_asked_needs_no_second_enter() {
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
fn r23_it_prompts_again_three_times_and_then_it_is_over() {
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
fn r24_nobody_who_presses_enter_is_waited_for_longer_than_sshd_waits() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let start = Instant::now();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    std::thread::sleep(Duration::from_secs(80));
    world.wait_for_log_within(Duration::from_secs(25), &["denied", "user=\"alice\"", "not approved in time"]);
    assert!(start.elapsed() < Duration::from_secs(100), "{:?}", start.elapsed());
    // Whoever wakes up now is told at once, by sshd and not by a connection that is cut.
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
    assert!(start.elapsed() < Duration::from_secs(110), "{:?}", start.elapsed());
}

#[test]
fn r24_an_enter_at_the_last_moment_is_answered_in_time_and_without_another_prompt() {
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
fn r25_where_it_is_not_offered_an_empty_password_is_a_wrong_one() {
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
    assert_eq!(asked(&world), 0);
}

#[test]
fn r25_the_argument_link_in_a_stack_that_is_not_on_the_list_is_an_outage_and_logged() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.write("/etc/pam.d/linked", 0o644, "root:root", "auth required pam_plex.so link\n");
    let codes = world.codes("linked", "alice", "auth", "\n");
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTHINFO_UNAVAIL, 0));
    world.wait_for_log(&["unavailable", "service=\"linked\"", "'link'", "link_services"]);
    assert_eq!(asked(&world), 0);
}

#[test]
fn nothing_of_it_is_remembered() {
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
    // In an outage neither the code nor nothing at all opens the account.
    world.plex().fault(Endpoint::All, fakeplex::Fault::Reset);
    world.start_authd(&world.config(&further));
    for typed in ["", &code, &another] {
        assert_eq!(world.authenticate("alice", typed), Code::AUTHINFO_UNAVAIL, "{typed:?}");
    }
}

#[test]
fn nobody_holds_more_than_three_codes_at_a_time() {
    let Some(world) = World::with_everything(DEN, &format!("{ALONE}\n[throttle]\nfree_tries = 20")) else { return };
    let ask = |user: &str, rhost: &str| world.pam_terminal("alone", user, rhost);
    let mut open: Vec<_> = ["alice", "erin", "frank"].iter().map(|user| ask(user, "192.0.2.1")).collect();
    for terminal in &mut open {
        terminal.ask_for_code();
    }
    let mut fourth = ask("olga", "192.0.2.1");
    fourth.wait_for("assword");
    assert_eq!(fourth.verdict(), Code::MAXTRIES);
    world.wait_for_log(&["throttled", "user=\"olga\"", "link codes"]);
    let code = ask("olga", "192.0.2.2").ask_for_code();
    assert!(!code.is_empty(), "another address has its own");
}

#[test]
fn one_ssh_connection_with_sshds_own_limits_has_three_ways_to_sign_in() {
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
fn r22_sshds_password_method_cannot_show_a_code_and_does_not_wait_for_one() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let empty = world.ssh("password", "alice", "");
    assert!(!empty.ok() && empty.code != 124, "{empty:?}");
    let stack = "auth required pam_plex.so link\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/sshd", 0o644, "root:root", stack);
    let linked = world.ssh("password", "alice", &password("alice"));
    assert!(!linked.ok() && linked.code != 124, "{linked:?}");
    world.wait_for_log(&["denied", "user=\"alice\"", "prompt"]);
    assert!(asked(&world) <= 1, "{}", asked(&world));
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.assert_no_secret_leaked();
}
