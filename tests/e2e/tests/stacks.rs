//! R16: what the shipped stacks answer, each against the real libpam: local, managed with and without a local password,
//! denied, unknown, and everybody again with the daemon down, with nobody to say who has a local password, and with the
//! module gone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};

/// The stacks that are shipped: the one to include by itself, and those that include it.
const STACKS: [&str; 4] = ["plex-auth", "sshd", "sudo", "su"];

/// Somebody at a stack: who, what they type, and the codes of both phases.
type Row = (&'static str, String, Code, Code);

fn rows() -> Vec<Row> {
    vec![
        ("local", "LOCAL-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("local", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("alfred", "LOCAL-SECRET".into(), Code::SUCCESS, Code::PERM_DENIED),
        ("root", "ROOT-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("root", password("olga"), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("alice", "LOCAL-SECRET-alice".into(), Code::SUCCESS, Code::SUCCESS),
        ("alice", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("frank", password("frank"), Code::SUCCESS, Code::SUCCESS),
        ("frank", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("bob", password("bob"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("mallory", password("mallory"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("nobody-here", password("alice"), Code::AUTH_ERR, Code::USER_UNKNOWN),
    ]
}

/// With the daemon down local accounts have what they had, and managed ones have nothing: neither a wrong password,
/// which would count against them, nor a way in.
fn rows_without_daemon() -> Vec<Row> {
    vec![
        ("local", "LOCAL-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("local", "wrong".into(), Code::AUTHINFO_UNAVAIL, Code::SUCCESS),
        ("root", "ROOT-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("root", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("alice"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("alice", "LOCAL-SECRET-alice".into(), Code::SUCCESS, Code::AUTH_ERR),
        ("frank", password("frank"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("bob", password("bob"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("nobody-here", "x".into(), Code::AUTHINFO_UNAVAIL, Code::USER_UNKNOWN),
    ]
}

/// Without the module root and local accounts still come in, and nobody else does.
fn rows_without_module() -> Vec<Row> {
    vec![
        ("local", "LOCAL-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("local", "wrong".into(), Code::MODULE_UNKNOWN, Code::SUCCESS),
        ("root", "ROOT-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("alice", password("alice"), Code::MODULE_UNKNOWN, Code::AUTH_ERR),
        ("frank", password("frank"), Code::MODULE_UNKNOWN, Code::AUTH_ERR),
        ("nobody-here", "x".into(), Code::MODULE_UNKNOWN, Code::USER_UNKNOWN),
    ]
}

/// A machine where the stacks are asked by a program that is set-uid root, as su and sudo are: root itself needs no
/// password at su.
fn machine() -> Option<World> {
    let world = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000")?;
    world.add_user("alfred", true, Some("LOCAL-SECRET"));
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\nalice:LOCAL-SECRET-alice\n").ok());
    Some(world)
}

fn check(world: &World, rows: &[Row], when: &str) {
    for stack in STACKS {
        for (user, typed, auth, account) in rows {
            let auths = world.codes_set_uid("daemon", stack, user, "auth", &format!("{typed}\n"));
            assert_eq!(auths.of("auth"), *auth, "{when}: {stack}, {user} types {typed}: {auths:?}");
            // Nobody is asked twice, and nobody can tell by the prompt who is whose.
            assert_eq!(auths.prompts(), 1, "{when}: {stack}, {user}: {auths:?}");
            assert!(auths.text.contains("prompt1=Password: \n"), "{when}: {stack}, {user}: {auths:?}");
            let accounts = world.codes_set_uid("daemon", stack, user, "acct", "");
            assert_eq!(accounts.of("acct"), *account, "{when}: {stack}, {user}: {accounts:?}");
        }
    }
}

#[test]
fn r16_every_shipped_stack_has_the_codes_of_the_truth_table() {
    let Some(world) = machine() else { return };
    check(&world, &rows(), "daemon up");
    world.kill_shadow_service();
    check(&world, &rows(), "nobody says who has a local password");
    let warned = world.syslog().matches("systemctl enable --now plex-auth-shadow.socket").count();
    assert_eq!(warned, 1, "it is said once and not with each login");
    world.stop_authd();
    check(&world, &rows_without_daemon(), "daemon down");
    let module = world.module("pam_plex");
    world.sh(&format!("rm {module}"));
    check(&world, &rows_without_module(), "module gone");
}

#[test]
fn r16_a_local_password_is_never_sent_to_plex_and_one_of_plex_is_no_failure_of_pam_unix() {
    let Some(world) = machine() else { return };
    world.plex().reset();
    let sign_ins = || world.plex().counters().of(Endpoint::Signin);
    let ask = |user: &str, typed: &str| world.codes_set_uid("daemon", "plex-auth", user, "auth", &format!("{typed}\n"));
    for (user, typed) in [("local", "LOCAL-SECRET"), ("alice", "LOCAL-SECRET-alice"), ("root", "ROOT-SECRET")] {
        assert_eq!(ask(user, typed).of("auth"), Code::SUCCESS, "{user}");
    }
    // Nor while nobody can tell who has one.
    world.kill_shadow_service();
    assert_eq!(ask("alice", "LOCAL-SECRET-alice").of("auth"), Code::SUCCESS);
    world.start_shadow_service();
    assert_eq!(sign_ins(), 0, "{:?}", world.plex().seen());
    let (code, log) = world.logged(|| ask("frank", &password("frank")).of("auth"));
    assert!(code == Code::SUCCESS && !log.contains("pam_unix"), "{log}");
    assert_eq!(sign_ins(), 1);
    // Whoever is given a local password is asked for that first from then on, and its lock is no loss of it.
    for change in ["echo frank:LOCAL-SECRET-frank | chpasswd", "usermod --lock frank", "usermod --unlock frank"] {
        world.sh(change);
        let (code, log) = world.logged(|| ask("frank", &password("frank")).of("auth"));
        assert!(
            code == Code::SUCCESS && log.contains("pam_unix(plex-auth:auth): authentication failure"),
            "{change}: {log}"
        );
    }
    let before = sign_ins();
    assert_eq!(ask("frank", "LOCAL-SECRET-frank").of("auth"), Code::SUCCESS);
    assert_eq!(sign_ins(), before);
    let seen = world.plex().seen();
    let mut sent = seen.iter().filter(|seen| seen.endpoint == Endpoint::Signin);
    assert!(sent.all(|seen| seen.known_password), "something else than a Plex password was sent: {seen:?}");
}

#[test]
fn r36_what_is_asked_for_is_answered_by_the_first_line_alone() {
    let Some(world) = machine() else { return };
    // An outage behind a prompt ends the stack: nobody is asked again, and nothing is shown to pam_unix.
    world.plex().fault(Endpoint::Signin, Fault::Status(503, String::new()));
    let (codes, log) = world
        .logged(|| world.codes_set_uid("daemon", "plex-auth", "frank", "auth", &format!("{}\n", password("frank"))));
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTHINFO_UNAVAIL, 1), "{codes:?}");
    assert!(!log.contains("pam_unix"), "{log}");
    // So does a prompt that nobody answers.
    let (codes, log) = world.logged(|| world.codes_set_uid("daemon", "plex-auth", "frank", "auth", ""));
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::CONV_ERR, 1), "{codes:?}");
    assert!(!log.contains("pam_unix"), "{log}");
}

#[test]
fn r16_both_phases_in_one_transaction_end_well_and_credentials_can_be_set() {
    let Some(world) = machine() else { return };
    for stack in STACKS {
        for (user, typed) in [
            ("frank", password("frank")),
            ("alice", password("alice")),
            ("alice", "LOCAL-SECRET-alice".into()),
            ("local", "LOCAL-SECRET".into()),
        ] {
            let codes = world.codes_set_uid("daemon", stack, user, "auth,acct,cred", &format!("{typed}\n"));
            for phase in ["auth", "acct", "cred"] {
                assert_eq!(codes.of(phase), Code::SUCCESS, "{stack} {user} {phase}: {codes:?}");
            }
            assert_eq!(codes.prompts(), 1, "{stack} {user}: {codes:?}");
        }
    }
}

#[test]
fn an_expired_local_password_does_not_skip_the_account_phase() {
    let Some(world) = machine() else { return };
    assert!(world.run_with(&["chpasswd"], "bob:LOCAL-SECRET\nlocal:LOCAL-SECRET\n").ok());
    world.sh("chage -d 0 bob; chage -d 0 alice; chage -d 0 local");
    for stack in STACKS {
        let account = |user: &str| world.codes_set_uid("daemon", stack, user, "acct", "").of("acct");
        assert_eq!(account("bob"), Code::PERM_DENIED, "{stack}");
        assert_eq!(account("alice"), Code::NEW_AUTHTOK_REQD, "{stack}");
        assert_eq!(account("local"), Code::NEW_AUTHTOK_REQD, "{stack}");
    }
}

#[test]
fn r18_an_outage_and_a_broken_conversation_are_not_counted_by_faillock() {
    let Some(world) = machine() else { return };
    let stack = "auth required pam_faillock.so preauth silent deny=3\n\
                 auth [success=2 default=ignore] pam_unix.so\n\
                 auth [success=1 auth_err=bad user_unknown=ignore default=die] pam_plex.so try_first_pass\n\
                 auth [default=die] pam_faillock.so authfail deny=3\n\
                 auth required pam_permit.so\n";
    world.write("/etc/pam.d/counted", 0o644, "root:root", stack);
    let failures = || world.sh("faillock --user alice | grep -c ' V$' || true").stdout.trim().to_owned();
    world.stop_authd();
    for _ in 0..3 {
        let code = world.codes("counted", "alice", "auth", &format!("{}\n", password("alice"))).of("auth");
        assert_eq!(code, Code::AUTHINFO_UNAVAIL);
    }
    world.start_authd(&world.config(""));
    assert_eq!(world.codes("counted", "erin", "auth", &format!("{}\n", password("erin"))).of("auth"), Code::CONV_ERR);
    assert_eq!(failures(), "0");
    assert_eq!(world.codes("counted", "alice", "auth", "wrong\n").of("auth"), Code::AUTH_ERR);
    assert_eq!(failures(), "1");
}
