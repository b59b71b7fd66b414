//! R16: what the shipped stacks answer, each against the real libpam: local, managed and allowed, managed and denied,
//! unknown, and everybody again with the daemon down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};

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
        ("bob", password("bob"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("nobody-here", "x".into(), Code::AUTHINFO_UNAVAIL, Code::USER_UNKNOWN),
    ]
}

/// A machine where the stacks are asked by a program that is set-uid root, as su and sudo are: root itself needs no
/// password at su.
fn machine() -> Option<World> {
    let world = World::with_everything(DEN, "")?;
    world.add_user("alfred", true, Some("LOCAL-SECRET"));
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\nalice:LOCAL-SECRET-alice\n").ok());
    Some(world)
}

fn check(world: &World, rows: &[Row], when: &str) {
    for stack in STACKS {
        for (user, typed, auth, account) in rows {
            let auths = world.codes_set_uid("daemon", stack, user, "auth", &format!("{typed}\n"));
            assert_eq!(auths.of("auth"), *auth, "{when}: {stack}, {user} types {typed}: {auths:?}");
            let accounts = world.codes_set_uid("daemon", stack, user, "acct", "");
            assert_eq!(accounts.of("acct"), *account, "{when}: {stack}, {user}: {accounts:?}");
        }
    }
}

#[test]
fn r16_every_shipped_stack_has_the_codes_of_the_truth_table() {
    let Some(world) = machine() else { return };
    check(&world, &rows(), "daemon up");
    world.stop_authd();
    check(&world, &rows_without_daemon(), "daemon down");
}

#[test]
fn r16_both_phases_in_one_transaction_end_well_and_credentials_can_be_set() {
    let Some(world) = machine() else { return };
    for stack in STACKS {
        for (user, typed) in [("alice", password("alice")), ("local", "LOCAL-SECRET".into())] {
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
