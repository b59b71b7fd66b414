//! R16: return codes of the shipped stacks with the real libpam: local accounts, managed ones with and without a local
//! password, denied and unknown ones; and the same with the daemon down, with plex-auth-shadow down, and without the
//! module.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, Person, World, logins, password};
use fakeplex::{Endpoint, Fault};
use pam_stack::shipped::LOGIN_STACKS;
use pam_stack::truth_table::{Account, Situation};

/// The accounts of the machine.
const PEOPLE: [Person; 8] = [
    Person { account: Account::Local, name: "local", local: "LOCAL-SECRET", plex: "" },
    Person { account: Account::Root, name: "root", local: "ROOT-SECRET", plex: "olga" },
    Person { account: Account::Friend, name: "frank", local: "", plex: "frank" },
    Person { account: Account::FriendWithLocalPassword, name: "alice", local: "LOCAL-SECRET-alice", plex: "alice" },
    Person { account: Account::Denied, name: "bob", local: "", plex: "bob" },
    Person { account: Account::Denied, name: "mallory", local: "", plex: "mallory" },
    Person { account: Account::DeniedWithLocalPassword, name: "alfred", local: "LOCAL-SECRET", plex: "" },
    Person { account: Account::Unknown, name: "nobody-here", local: "", plex: "alice" },
];

/// A machine for set-uid programs, like su and sudo: root itself needs no password at su.
fn machine() -> Option<World> {
    let world = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000")?;
    world.add_user("alfred", true, Some("LOCAL-SECRET"));
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\nalice:LOCAL-SECRET-alice\n").ok());
    Some(world)
}

fn check(world: &World, situation: Situation, when: &str) {
    for (stack, _) in LOGIN_STACKS {
        for (user, typed, auth, account) in &logins(situation, &PEOPLE, |row| row) {
            let auths = world.codes_set_uid("daemon", stack, user, "auth", &format!("{typed}\n"));
            assert_eq!(auths.of("auth"), *auth, "{when}: {stack}, {user} types {typed}: {auths:?}");
            // There is a single prompt, and its text does not reveal whether the account is managed.
            assert_eq!(auths.prompts(), 1, "{when}: {stack}, {user}: {auths:?}");
            assert!(auths.text.contains("prompt1=Password: \n"), "{when}: {stack}, {user}: {auths:?}");
            let accounts = world.codes_set_uid("daemon", stack, user, "acct", "");
            assert_eq!(accounts.of("acct"), *account, "{when}: {stack}, {user}: {accounts:?}");
        }
    }
}

#[test]
fn r16_shipped_stacks_follow_the_truth_table() {
    let Some(world) = machine() else { return };
    check(&world, Situation::Normal, "daemon up");
    world.kill_shadow_service();
    check(&world, Situation::Normal, "nobody says who has a local password");
    let warned = world.syslog().matches("systemctl enable --now plex-auth-shadow.socket").count();
    assert_eq!(warned, 1, "it is said once and not with each login");
    world.stop_authd();
    check(&world, Situation::DaemonDown, "daemon down");
    let module = world.module("pam_plex");
    world.sh(&format!("rm {module}"));
    check(&world, Situation::ModuleMissing, "module gone");
}

#[test]
fn r16_local_passwords_are_not_sent_to_plex_and_plex_logins_are_no_pam_unix_failures() {
    let Some(world) = machine() else { return };
    world.plex().reset();
    let sign_ins = || world.plex().counters().of(Endpoint::Signin);
    let ask = |user: &str, typed: &str| world.codes_set_uid("daemon", "plex-auth", user, "auth", &format!("{typed}\n"));
    for (user, typed) in [("local", "LOCAL-SECRET"), ("alice", "LOCAL-SECRET-alice"), ("root", "ROOT-SECRET")] {
        assert_eq!(ask(user, typed).of("auth"), Code::SUCCESS, "{user}");
    }
    // Nor while plex-auth-shadow is down.
    world.kill_shadow_service();
    assert_eq!(ask("alice", "LOCAL-SECRET-alice").of("auth"), Code::SUCCESS);
    world.start_shadow_service();
    assert_eq!(sign_ins(), 0, "{:?}", world.plex().seen());
    let (code, log) = world.logged(|| ask("frank", &password("frank")).of("auth"));
    assert!(code == Code::SUCCESS && !log.contains("pam_unix"), "{log}");
    assert_eq!(sign_ins(), 1);
    // An account with a local password is checked against it first from then on; locking the password changes nothing.
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
fn r36_outage_or_missing_answer_after_a_prompt_ends_the_stack() {
    let Some(world) = machine() else { return };
    // An outage after a prompt ends the stack: no second prompt, and nothing for pam_unix.
    world.plex().fault(Endpoint::Signin, Fault::Status(503, String::new()));
    let (codes, log) = world
        .logged(|| world.codes_set_uid("daemon", "plex-auth", "frank", "auth", &format!("{}\n", password("frank"))));
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTHINFO_UNAVAIL, 1), "{codes:?}");
    assert!(!log.contains("pam_unix"), "{log}");
    // So does a prompt without an answer.
    let (codes, log) = world.logged(|| world.codes_set_uid("daemon", "plex-auth", "frank", "auth", ""));
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::CONV_ERR, 1), "{codes:?}");
    assert!(!log.contains("pam_unix"), "{log}");
}

#[test]
fn r16_auth_account_and_setcred_succeed_in_one_transaction() {
    let Some(world) = machine() else { return };
    for (stack, _) in LOGIN_STACKS {
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
fn expired_local_password_does_not_skip_the_account_phase() {
    let Some(world) = machine() else { return };
    assert!(world.run_with(&["chpasswd"], "bob:LOCAL-SECRET\nlocal:LOCAL-SECRET\n").ok());
    world.sh("chage -d 0 bob; chage -d 0 alice; chage -d 0 local");
    for (stack, _) in LOGIN_STACKS {
        let account = |user: &str| world.codes_set_uid("daemon", stack, user, "acct", "").of("acct");
        assert_eq!(account("bob"), Code::PERM_DENIED, "{stack}");
        assert_eq!(account("alice"), Code::NEW_AUTHTOK_REQD, "{stack}");
        assert_eq!(account("local"), Code::NEW_AUTHTOK_REQD, "{stack}");
    }
}

#[test]
fn r18_faillock_counts_wrong_passwords_but_no_back_off_outage_or_abandoned_prompt() {
    let Some(world) = machine() else { return };
    let stack = "auth required pam_faillock.so preauth silent deny=3\n\
                 auth [success=2 default=ignore] pam_unix.so\n\
                 auth [success=1 auth_err=bad user_unknown=ignore default=die] pam_plex.so try_first_pass\n\
                 auth [default=die] pam_faillock.so authfail deny=3\n\
                 auth required pam_permit.so\n";
    world.write("/etc/pam.d/counted", 0o644, "root:root", stack);
    let failures =
        |user: &str| world.sh(&format!("faillock --user {user} | grep -c ' V$' || true")).stdout.trim().to_owned();
    let login = |user: &str, typed: &str| world.codes("counted", user, "auth", typed).of("auth");
    let config = world.config("[throttle]\nfree_tries = 2\nfirst_pause = \"1h\"\nlongest_pause = \"1h\"");
    world.stop_authd();
    for _ in 0..3 {
        assert_eq!(login("alice", &format!("{}\n", password("alice"))), Code::AUTHINFO_UNAVAIL, "no daemon");
    }
    world.start_authd(&config);
    world.plex().fault(Endpoint::Signin, Fault::Status(503, String::new()));
    assert_eq!(login("alice", &format!("{}\n", password("alice"))), Code::AUTHINFO_UNAVAIL, "no plex.tv");
    world.plex().clear_faults();
    // A prompt that is abandoned: pam_unix shows it, and the module then has nothing to send.
    assert_eq!(login("alice", ""), Code::CONV_ERR);
    assert_eq!(failures("alice"), "0");
    for (count, typed) in [("1", "wrong\n"), ("2", "wrong again\n")] {
        assert_eq!(login("alice", typed), Code::AUTH_ERR);
        assert_eq!(failures("alice"), count);
    }
    for _ in 0..3 {
        assert_eq!(login("alice", &format!("{}\n", password("alice"))), Code::AUTHINFO_UNAVAIL, "back-off");
    }
    assert_eq!(failures("alice"), "2");
    // No access, and a code that is required and not given, are refusals.
    assert_eq!((login("bob", "wrong\n"), failures("bob")), (Code::AUTH_ERR, "1".to_owned()));
    assert_eq!(login("erin", &format!("{}\n", password("erin"))), Code::AUTH_ERR);
    assert_eq!(failures("erin"), "1");
}
