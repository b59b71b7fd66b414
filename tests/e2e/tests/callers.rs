//! R43: which callers may ask the daemon about which accounts, and how often; through libpam, as the users themselves. And
//! callers with habits of their own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use e2e::{Code, DEN, Kind, World, password};
use fakeplex::Endpoint;

/// `authenticate` run by a process of this local user.
fn code_for_caller(world: &World, caller: &str, user: &str, typed: &str) -> Code {
    let before = ["setpriv", "--reuid", caller, "--regid", caller, "--init-groups"];
    world.codes_as(&before, "alone", user, "auth", &format!("{typed}\n")).of("auth")
}

#[test]
fn r43_unprivileged_caller_can_authenticate_only_its_own_account() {
    let Some(world) = World::with_everything(DEN, "trusted_callers = [\"www-data\"]") else { return };
    assert_eq!(code_for_caller(&world, "alice", "alice", &password("alice")), Code::SUCCESS);
    for (caller, user) in [("bob", "alice"), ("local", "alice"), ("nobody", "alice"), ("alice", "bob")] {
        world.plex().reset();
        let before = ["setpriv", "--reuid", caller, "--clear-groups"];
        let codes = world.codes_as(&before, "alone", user, "auth,acct", &format!("{}\n", password(user)));
        assert_eq!((codes.of("auth"), codes.of("acct")), (Code::AUTH_ERR, Code::PERM_DENIED), "{caller}: {codes:?}");
        assert_eq!(codes.prompts(), 0, "{caller} is not even asked");
        assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "{caller}");
    }
    world.wait_for_log(&["denied", "user=\"alice\"", "may only authenticate its own account", "trusted_callers"]);
    assert_eq!(code_for_caller(&world, "www-data", "alice", &password("alice")), Code::SUCCESS);
    assert_eq!(code_for_caller(&world, "www-data", "root", "x"), Code::USER_UNKNOWN);
}

#[test]
fn r43_pamtester_succeeds_for_its_own_user_and_fails_for_others() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let pamtester = |caller: &str, user: &str| {
        let as_caller = ["setpriv", "--reuid", caller, "--regid", caller, "--init-groups"];
        let line = [&as_caller[..], &["pamtester", "alone", user, "authenticate", "acct_mgmt"]].concat();
        world.run_with(&line, &format!("{}\n", password(user)))
    };
    let own = pamtester("alice", "alice");
    assert!(own.ok() && own.stdout.contains("successfully authenticated"), "{own:?}");
    assert!(!pamtester("local", "alice").ok());
}

#[test]
fn r43_failed_attempts_of_a_local_caller_are_throttled_but_not_root_services() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfirst_pause = \"6s\"") else { return };
    for _ in 0..3 {
        assert_eq!(code_for_caller(&world, "alice", "alice", "wrong"), Code::AUTH_ERR);
    }
    world.plex().reset();
    assert_eq!(code_for_caller(&world, "alice", "alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "asked by root");
    std::thread::sleep(Duration::from_millis(6200));
    assert_eq!(code_for_caller(&world, "alice", "alice", &password("alice")), Code::SUCCESS, "the pause is over");
}

#[test]
fn idle_connections_are_closed_and_limited_per_user() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // Of sixteen silent connections of one user, eight make room for the others. R65: all receive a verdict.
    let idle = "for i in $(seq 16); do socat -u -T 20 UNIX-CONNECT:/run/plex-auth/socket - & done; wait";
    let as_local = ["setpriv", "--reuid", "local", "--regid", "local", "--clear-groups", "sh", "-c", idle];
    std::thread::scope(|scope| {
        let connections = scope.spawn(|| world.run(&as_local));
        world.wait_for_log(&["has too many connections without a request"]);
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "others are not disturbed");
        let ended = connections.join().unwrap();
        assert_eq!(ended.stdout.matches("unavailable").count(), 16, "{ended:?}");
    });
    // An incomplete login request is closed after two seconds.
    let path = format!("/proc/{}/root/run/plex-auth/socket", world.process());
    let mut slow = UnixStream::connect(path).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    slow.write_all(&[0, 0]).unwrap();
    let start = std::time::Instant::now();
    let mut told = Vec::new();
    // The daemon closes the connection without having read everything.
    let _ = slow.read_to_end(&mut told);
    assert!(told.ends_with(b"{\"verdict\":\"unavailable\"}"), "{told:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    world.wait_for_log(&["uid 0 connected but sent no request"]);
}

/// Limits that a program which answers no second prompt reaches after 20 attempts.
const PATIENT: &str = "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\nsign_ins_per_hour = 1000";

/// Runs 20 attempts at a time until there were 100, without a back-off.
fn hundred_attempts(world: &World, mut twenty: impl FnMut()) {
    for _ in 0..5 {
        twenty();
        assert!(world.run(&["plex-auth", "forget", "erin"]).ok());
    }
}

/// saslauthd compares every echoed prompt with `PAM_USER_PROMPT`, which is NULL unless a module sets it.
#[test]
fn r22_echoed_prompts_crash_no_program_that_compares_them_with_the_one_for_the_name() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    let mut logins = Vec::new();
    hundred_attempts(&world, || {
        let found = world.log_in_often_by(&[], Kind::Compare, "alone", "erin", &password("erin"), (4, 5));
        assert_eq!(found.alive, 5, "a process has crashed: {found:?}");
        logins.extend(found.logins);
    });
    assert_eq!(logins.len(), 100);
    assert!(logins.iter().all(|login| (login.code, login.prompts) == (Code::AUTH_ERR, 2)), "{logins:?}");
    let both = format!("{}314159", password("erin"));
    assert_eq!(world.log_in_by(Kind::Compare, "alone", "erin", &both).code, Code::SUCCESS);
    world.wait_for_log(&["denied", "user=\"erin\"", "append the six digits to the password"]);
}

#[test]
fn r22_saslauthd_survives_a_hundred_logins_with_2fa() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    let stack = "auth required pam_plex.so\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/smtp", 0o644, "root:root", stack);
    world.sh("mkdir -p /run/saslauthd && saslauthd -a pam -n 20 -m /run/saslauthd");
    let processes = || world.sh("pgrep -x saslauthd | sort").stdout;
    world.until("[ $(pgrep -cx saslauthd) -eq 20 ]");
    let before = processes();
    // Of the program itself: "OK" or "NO".
    let ask = |user: &str, times: u32, typed: &str| {
        let one = format!("testsaslauthd -f /run/saslauthd/mux -s smtp -u {user} -p {typed}");
        world.sh(&format!("for i in $(seq {times}); do {one} & done | cut -c 1-5; wait")).stdout
    };
    hundred_attempts(&world, || assert_eq!(ask("erin", 20, &password("erin")), "0: NO\n".repeat(20)));
    assert_eq!(processes(), before, "a process has ended");
    // The log has a limit for each origin.
    let logged = world.syslog().matches("append the six digits to the password").count();
    assert!(logged >= 20, "{}", world.syslog());
    assert_eq!(ask("erin", 1, &format!("{}314159", password("erin"))), "0: OK\n");
    assert_eq!(ask("alice", 1, &password("alice")), "0: OK\n");
    assert_eq!(ask("alice", 1, "wrong"), "0: NO\n");
}

/// The services `login` of `JupyterHub` and `OpenVPN`: without `PAM_TTY`, or with one that is no terminal.
#[test]
fn r21_link_sign_in_is_offered_to_login_only_where_pam_tty_names_a_terminal() {
    let further = "link_sign_in = true\nlink_services = [\"login\", \"sshd\", \"linked\"]\n[throttle]\nfree_tries = 20";
    let Some(world) = World::with_everything(DEN, further) else { return };
    let stack = |arguments: &str| format!("auth required pam_plex.so {arguments}\naccount required pam_plex.so\n");
    for (service, arguments) in [("login", ""), ("sshd", ""), ("linked", "link")] {
        world.write(&format!("/etc/pam.d/{service}"), 0o644, "root:root", &stack(arguments));
    }
    let pins = || world.plex().counters().of(Endpoint::Pins);
    let with_tty = |tty: &str, service: &str, user: &str| {
        let tty = format!("TTY={tty}");
        let line: &[&str] = if tty == "TTY=" { &[] } else { &["env", &tty] };
        // Without an answer to the link prompt.
        let typed = if service == "linked" { "" } else { "\n" };
        world.codes_as(line, service, user, "auth", typed)
    };
    world.plex().reset();
    for tty in ["", ":0", "openvpn", "/dev/null"] {
        let codes = with_tty(tty, "login", "alice");
        assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTH_ERR, 1), "{tty}: {codes:?}");
        assert!(codes.text.starts_with("prompt1=Password: \n"), "{tty}: {codes:?}");
        let codes = with_tty(tty, "linked", "alice");
        assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTHINFO_UNAVAIL, 0), "{tty}: {codes:?}");
    }
    for kind in Kind::ONE_PROMPT {
        let login = world.log_in_by(kind, "login", "frank", "");
        assert_eq!((login.code, login.prompts), (Code::AUTH_ERR, 1), "{kind:?}");
    }
    assert_eq!(pins(), 0, "a stranger has created a code");
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"login\"", "empty password"]);
    world.wait_for_log(&["unavailable", "service=\"linked\"", "needs a terminal"]);
    for (tty, service, user) in [("tty", "login", "alice"), ("ssh", "sshd", "frank"), ("/dev/tty", "linked", "erin")] {
        let codes = with_tty(tty, service, user);
        assert!(codes.text.contains("https://plex.tv/link"), "{tty} {service}: {codes:?}");
    }
    assert_eq!(pins(), 3);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

/// Programs with a single prompt that call themselves sshd: the code cannot be shown, and no one waits for it.
#[test]
fn r22_link_prompt_that_a_program_answers_with_the_name_ends_the_login() {
    let further = "link_sign_in = true\n[throttle]\nfree_tries = 20";
    let Some(world) = World::with_everything(DEN, further) else { return };
    let stack = "auth required pam_plex.so\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/sshd", 0o644, "root:root", stack);
    let (login, log) = world.logged(|| world.log_in_by(Kind::Name, "sshd", "alice", ""));
    assert_eq!((login.code, login.prompts), (Code::AUTH_ERR, 2), "{log}");
    assert!(log.contains("the prompt could not be shown or was cancelled, after an empty password"), "{log}");
    world.plex().reset();
    world.write("/etc/pam.d/sshd", 0o644, "root:root", &stack.replacen(".so", ".so one_prompt", 1));
    let login = world.log_in_by(Kind::Name, "sshd", "alice", "");
    assert_eq!((login.code, login.prompts), (Code::AUTH_ERR, 1));
    assert_eq!(world.plex().counters().of(Endpoint::Pins), 0);
}

/// A server with a single thread serves no one during the delay after a refusal.
#[test]
fn r40_nodelay_requests_no_delay_and_the_daemons_own_delay_and_limits_hold() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    for arguments in ["nodelay", "nodelay nullok", "nodelay plex_only"] {
        let stack = format!("auth required pam_plex.so {arguments}\n");
        world.write(&format!("/etc/pam.d/{}", arguments.replace(' ', "-")), 0o644, "root:root", &stack);
    }
    for (user, typed, code) in [
        ("alice", "wrong", Code::AUTH_ERR),
        ("bob", "wrong", Code::AUTH_ERR),
        ("erin", &password("erin"), Code::AUTH_ERR),
        ("local", "wrong", Code::USER_UNKNOWN),
        ("nosuchuser", "wrong", Code::USER_UNKNOWN),
    ] {
        let [with, without] = ["alone", "nodelay"].map(|service| world.log_in_by(Kind::Error, service, user, typed));
        assert_eq!((with.code, without.code), (code, code), "{user}");
        assert!(!with.delay.is_zero() && without.delay.is_zero(), "{user}: {with:?} {without:?}");
        assert!(without.blocked >= Duration::from_millis(450), "{user}: {without:?}");
    }
    for service in ["nodelay-nullok", "nodelay-plex_only"] {
        assert_eq!(world.log_in_by(Kind::Error, service, "alice", "wrong").delay, Duration::ZERO, "{service}");
    }
    // As many seconds in both cases on a busy machine, and two more for each with the delay.
    let blocked = |service: &str| -> Duration {
        let found = world.log_in_often_by(&[], Kind::Loop, service, "bob", "wrong", (3, 1));
        found.logins.iter().map(|login| login.blocked).sum()
    };
    let (without, with) = (blocked("nodelay"), blocked("alone"));
    assert!(without * 3 < with * 2, "{without:?}, and with the delay {with:?}");
    let codes = world.log_in_often_by(&[], Kind::Error, "nodelay", "frank", "wrong", (5, 1));
    assert_eq!(codes.logins.last().map(|login| login.code), Some(Code::AUTHINFO_UNAVAIL), "{codes:?}");
    world.wait_for_log(&["throttled", "user=\"frank\"", "too many failed attempts"]);
}

/// Two kinds of program get round every refusal: what a module can do ends where it is not called. Their own configuration helps.
#[test]
fn programs_with_a_cache_or_another_database_of_their_own_get_round_a_refusal() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let remembers = world.log_in_often_by(&[], Kind::Cache, "alone", "alice", &password("alice"), (3, 1));
    let prompts: Vec<u32> = remembers.logins.iter().map(|login| login.prompts).collect();
    assert!(remembers.count(Code::SUCCESS) == 3 && prompts == [1, 0, 0], "{remembers:?}");
    world.add_user("lina", true, Some("LOCAL-SECRET"));
    let stack = "auth required pam_unix.so\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/ftp", 0o644, "root:root", stack);
    assert_eq!(world.log_in_by(Kind::Name, "ftp", "lina", "LOCAL-SECRET").code, Code::PERM_DENIED);
    assert_eq!(world.log_in_by(Kind::Fallback, "ftp", "lina", "LOCAL-SECRET").code, Code::SUCCESS);
    assert_eq!(world.log_in_by(Kind::Fallback, "ftp", "lina", "wrong").code, Code::AUTH_ERR);
}
