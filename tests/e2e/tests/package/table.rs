//! R16: return codes of the distribution's services through the stacks that pam-auth-update generates.

use e2e::{Code, World, password};

use crate::machine::Machine;

const SERVICES: [&str; 4] = ["sshd", "sudo", "su", "login"];

/// A user, the password typed, and the return codes of authentication and of the account phase. `pam_setcred` succeeds
/// for everyone: it is no access check, and sshd closes the session if it fails.
type Row = (&'static str, String, Code, Code);

fn daemon_up() -> Vec<Row> {
    vec![
        ("local", "LOCAL-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("local", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("root", "ROOT-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("root", password("olga"), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("alice", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("annie", "ANNIE-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("annie", password("frank"), Code::SUCCESS, Code::SUCCESS),
        ("alfred", "ALFRED-SECRET".into(), Code::SUCCESS, Code::PERM_DENIED),
        ("bob", password("bob"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("mallory", password("mallory"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("nobody-here", password("alice"), Code::AUTH_ERR, Code::AUTH_ERR),
    ]
}

/// With the daemon down, local accounts have their usual access, and managed accounts have none.
fn daemon_down() -> Vec<Row> {
    vec![
        ("local", "LOCAL-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("local", "wrong".into(), Code::AUTHINFO_UNAVAIL, Code::SUCCESS),
        ("root", "ROOT-SECRET".into(), Code::SUCCESS, Code::SUCCESS),
        ("root", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("alice"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("annie", "ANNIE-SECRET".into(), Code::SUCCESS, Code::AUTH_ERR),
        ("alfred", "ALFRED-SECRET".into(), Code::SUCCESS, Code::AUTH_ERR),
        ("bob", password("bob"), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
        ("nobody-here", "x".into(), Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR),
    ]
}

pub fn r16_every_service_follows_the_truth_table(machine: &Machine) {
    let world = &machine.world;
    // An account with access at Plex and a local password as well.
    world.add_user("annie", true, Some("ANNIE-SECRET"));
    let link = world.run(&["plex-auth", "user", "link", "annie", "frank"]);
    assert!(link.ok(), "{link:?}");
    check(world, &daemon_up(), "daemon up");
    assert_expired_local_password_does_not_skip_the_account_phase(world);
    world.sh("systemctl stop plex-authd.socket plex-authd.service");
    check(world, &daemon_down(), "daemon down");
    machine.assert_local_logins("daemon down");
    assert!(!machine.lets_in("alice"));
    world.sh("systemctl start plex-authd.socket");
    assert!(machine.lets_in("alice"));
}

/// An expired local password must be changed, except by users without access today, who are denied.
fn assert_expired_local_password_does_not_skip_the_account_phase(world: &World) {
    let change =
        |last: &str| world.sh(&format!("for name in alfred annie local; do chage --lastday {last} $name; done"));
    change("0");
    for service in SERVICES {
        for (user, account) in
            [("alfred", Code::PERM_DENIED), ("annie", Code::NEW_AUTHTOK_REQD), ("local", Code::NEW_AUTHTOK_REQD)]
        {
            let codes = world.codes_set_uid("daemon", service, user, "acct", "");
            assert_eq!(codes.of("acct"), account, "{service}, {user}: {codes:?}");
        }
    }
    change("$(date +%F)");
}

/// Each service in a set-uid program, like su and sudo: root itself needs no password at su.
fn check(world: &World, rows: &[Row], when: &str) {
    let ask = |service: &str, user: &str, phases: &str, typed: &str| {
        world.codes_set_uid("daemon", service, user, phases, &format!("{typed}\n"))
    };
    let _ = ask("su", "local", "cred", "");
    std::thread::scope(|scope| {
        for service in SERVICES {
            scope.spawn(move || {
                for (user, typed, auth, account) in rows {
                    let who = format!("{when}: {service}, {user} types {typed}");
                    let all = ask(service, user, "auth,acct,cred", typed);
                    assert_eq!((all.of("auth"), all.of("acct")), (*auth, *account), "{who}: {all:?}");
                    if *auth == Code::SUCCESS {
                        assert_eq!(all.of("cred"), Code::SUCCESS, "{who}: {all:?}");
                    }
                    // As with a key, when nothing was typed.
                    let key = ask(service, user, "acct,cred", "");
                    assert_eq!((key.of("acct"), key.of("cred")), (*account, Code::SUCCESS), "{who}: {key:?}");
                }
            });
        }
    });
}
