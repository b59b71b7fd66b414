//! Faults during link sign-in: another account approves, the code expires, plex.tv fails, the client disconnects.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, as_user, password};
use fakeplex::{Command, Connections, Endpoint, Fault};

const LINK: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"alone\", \"every\", \"sudo\"]";
const HERE: &str = "127.0.0.1";

/// Number of requests to plex.tv for or about link codes.
fn pin_requests(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::Pins)
}

#[test]
fn r33_link_code_approved_by_another_account_is_refused_and_logged() {
    let Some(world) = World::with_everything(DEN, &format!("{LINK}\n[throttle]\nfree_tries = 20")) else { return };
    world.start_sshd();
    // A friend, a friend without access, a stranger, and the owner.
    let cases = [("alice", "erin", 5), ("alice", "bob", 3), ("alice", "mallory", 7), ("alice", "olga", 1)];
    for (rhost, (user, approver, id)) in (1..).zip(cases) {
        let mut login = world.pam_terminal("every", user, &format!("192.0.2.{rhost}"));
        let code = login.ask_for_code();
        world.approve(&code, approver);
        assert_eq!(login.verdict(), Code::AUTH_ERR, "{approver} for {user}");
        let says = format!("plex.tv signed in id {id}, but this account belongs to id 2");
        world.wait_for_log(&["denied", "user=\"alice\"", "plex_id=2", &says]);
        world.assert_code_unseen(&code);
    }
    // The right account, but without access.
    let mut bob = world.pam_terminal("every", "bob", "192.0.2.9");
    let code = bob.ask_for_code();
    world.approve(&code, "bob");
    assert_eq!(bob.verdict(), Code::AUTH_ERR);
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    world.approve(&code, "mallory");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0, "the others' tokens are signed out too");
    world.assert_no_secret_leaked();
}

#[test]
fn expired_link_code_is_refused_and_logged() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut login = world.pam_terminal("every", "alice", "192.0.2.1");
    login.ask_for_code();
    world.expire_codes();
    assert_eq!(login.verdict(), Code::AUTH_ERR);
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"every\"", "the link code expired at plex.tv"]);
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.ask_for_code();
    world.expire_codes();
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"sshd\"", "the link code expired at plex.tv"]);
    world.assert_code_unseen(&code);
}

#[test]
fn r18_plex_tv_failure_during_link_sign_in_is_an_outage() {
    let Some(world) = World::with_everything(DEN, &format!("{LINK}\n[throttle]\nfree_tries = 20")) else { return };
    let mut rhosts = (1..).map(|number| format!("192.0.2.{number}"));
    // An account has two codes at places where it has never signed in, and those that fail count for a while.
    let mut users = ["alice", "erin", "frank"].into_iter().cycle();
    let mut login = || {
        let user = users.next().unwrap();
        (world.pam_terminal("every", user, &rhosts.next().unwrap()), user)
    };
    let broken = || Fault::Status(502, "<html>".into());

    world.plex().fault(Endpoint::Pins, broken());
    let (mut none, _) = login();
    none.wait_for("assword");
    assert_eq!(none.verdict(), Code::AUTHINFO_UNAVAIL);
    assert!(!none.contents().contains("plex.tv/link"), "{}", none.contents());
    world.plex().clear_faults();

    for fault in [broken(), Fault::Reset, Fault::Garbage, Fault::Silence] {
        let (mut during, user) = login();
        let code = during.ask_for_code();
        world.approve(&code, user);
        world.plex().fault(Endpoint::Pins, fault.clone());
        let start = Instant::now();
        during.be_patient(Duration::from_secs(40));
        assert_eq!(during.verdict(), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(30), "{fault:?}: {:?}", start.elapsed());
        world.plex().clear_faults();
        world.assert_code_unseen(&code);
    }
    world.wait_for_log(&["unavailable", "user=\"alice\"", "plex.tv"]);

    let (mut after, user) = login();
    let code = after.ask_for_code();
    world.approve(&code, user);
    world.plex().fault(Endpoint::User, broken());
    assert_eq!(after.verdict(), Code::AUTHINFO_UNAVAIL, "nobody can say who approved it");
    world.plex().clear_faults();

    let (mut once, user) = login();
    let code = once.ask_for_code();
    world.approve(&code, user);
    world.fault_times(Endpoint::Pins, broken(), 1);
    assert_eq!(once.verdict(), Code::SUCCESS, "one answer that fails is asked for again");
    world.assert_no_secret_leaked();
}

#[test]
fn ssh_link_sign_in_ends_when_plex_tv_becomes_unreachable() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    ssh.be_patient(Duration::from_secs(40));
    ssh.type_line("");
    assert_eq!(ssh.exit(), 255);
    assert!(ssh.contents().contains("Permission denied"), "{}", ssh.contents());
    world.wait_for_log(&["unavailable", "user=\"alice\"", "service=\"sshd\""]);
}

/// What plex.tv says about link codes concerns no password. `before_the_code` is the moment of its 429.
fn rate_limited(world: &World, before_the_code: bool) {
    world.start_sshd();
    let limit = || world.plex().fault(Endpoint::Pins, Fault::TooMany(Some(120)));
    let mut login = world.pam_terminal("alone", "alice", "192.0.2.1");
    login.wait_for("assword");
    if before_the_code {
        limit();
    } else {
        login.type_line("");
        login.link_code();
        limit();
    }
    assert_ne!(login.verdict(), Code::SUCCESS);
    world.wait_for_log(&["throttled", "user=\"alice\"", "plex.tv limits requests from this machine"]);
    // Even plex.tv's own answer is not waited for: there are no further requests for codes.
    world.plex().clear_faults();
    world.plex().reset();
    let mut next = world.pam_terminal("alone", "frank", "192.0.2.2");
    next.wait_for("assword");
    assert_ne!(next.verdict(), Code::SUCCESS);
    world.wait_for_log(&["throttled", "user=\"frank\"", "plex.tv limits requests from this machine"]);
    assert_eq!(pin_requests(world), 0);
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("plex.tv          available\nlink codes       paused for 1m 5"), "{status}");
    e2e::within(Duration::from_secs(3), "ssh with a password", || {
        assert_eq!(world.ssh("keyboard-interactive", "alice", &password("alice")).stdout, "alice\n");
    });
    // A restart does not open it.
    world.kill_authd();
    world.start_authd(&world.config(LINK));
    let mut again = world.pam_terminal("alone", "frank", "192.0.2.2");
    again.wait_for("assword");
    assert_ne!(again.verdict(), Code::SUCCESS);
    assert_eq!(pin_requests(world), 0);
    assert_eq!(world.ssh("password", "alice", &password("alice")).stdout, "alice\n");
}

#[test]
fn r60_r71_rate_limited_link_codes_stop_further_codes_and_no_password_sign_in() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    rate_limited(&world, true);
}

#[test]
fn r60_r71_rate_limited_polls_stop_further_codes_and_no_password_sign_in() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    rate_limited(&world, false);
}

#[test]
fn r23_client_that_disconnects_at_the_prompt_cancels_the_code_within_a_second() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    // A busy machine may delay one of them, but not all.
    let mut quickest = Duration::MAX;
    for user in ["alice", "erin", "frank"] {
        let mut ssh = world.ssh_terminal(HERE, user, 1);
        let code = ssh.ask_for_code();
        let start = Instant::now();
        ssh.kill();
        world.wait_for_log(&[&format!("link sign-in of \"{user}\""), "the client disconnected; code discarded"]);
        quickest = quickest.min(start.elapsed());
        world.approve(&code, user);
        world.assert_code_unseen(&code);
    }
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
    let before = pin_requests(&world);
    sleep(Duration::from_secs(3));
    assert_eq!(pin_requests(&world), before);
    assert!(!world.syslog().contains("accepted user="), "{}", world.syslog());
}

#[test]
fn r23_client_that_disconnects_during_polling_is_noticed_at_the_next_prompt() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    ssh.type_line("");
    sleep(Duration::from_secs(1));
    ssh.kill();
    world.wait_for_log(&["link sign-in of \"alice\"", "the client disconnected; code discarded"]);
    let before = pin_requests(&world);
    sleep(Duration::from_secs(3));
    assert_eq!(pin_requests(&world), before);
}

#[test]
fn ctrl_c_in_sudo_cancels_a_link_sign_in() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.allow_sudo(&["alice"]);
    let mut sudo = world.terminal(&as_user("alice", &["sudo", "-k", "id", "-un"]));
    sudo.ask_for_code();
    let before = pin_requests(&world);
    sudo.type_text("\u{3}");
    assert_eq!(sudo.exit(), 1, "{}", sudo.contents());
    world.wait_for_log(&["user=\"alice\"", "service=\"sudo\"", "prompt"]);
    sleep(Duration::from_secs(2));
    assert_eq!(pin_requests(&world), before);
}

#[test]
fn r20_daemon_killed_during_a_link_sign_in_is_an_outage() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    let mut login = world.pam_terminal("alone", "alice", "192.0.2.1");
    let code = login.ask_for_code();
    world.approve(&code, "alice");
    world.kill_authd();
    assert_eq!(login.verdict(), Code::AUTHINFO_UNAVAIL);
}
