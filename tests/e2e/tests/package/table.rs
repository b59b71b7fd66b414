//! R16: return codes of the distribution's services through the stacks that pam-auth-update generates.

use e2e::{Code, Person, World, logins};
use pam_stack::truth_table::{Account, Row, Situation};

use crate::machine::Machine;

const SERVICES: [&str; 4] = ["sshd", "sudo", "su", "login"];

/// The accounts of the machine.
const PEOPLE: [Person; 8] = [
    Person { account: Account::Local, name: "local", local: "LOCAL-SECRET", plex: "" },
    Person { account: Account::Root, name: "root", local: "ROOT-SECRET", plex: "olga" },
    Person { account: Account::Friend, name: "alice", local: "", plex: "alice" },
    Person { account: Account::FriendWithLocalPassword, name: "annie", local: "ANNIE-SECRET", plex: "frank" },
    Person { account: Account::Denied, name: "bob", local: "", plex: "bob" },
    Person { account: Account::Denied, name: "mallory", local: "", plex: "mallory" },
    Person { account: Account::DeniedWithLocalPassword, name: "alfred", local: "ALFRED-SECRET", plex: "" },
    Person { account: Account::Unknown, name: "nobody-here", local: "", plex: "alice" },
];

pub fn r16_every_service_follows_the_truth_table(machine: &Machine) {
    let world = &machine.world;
    // An account with access at Plex and a local password as well.
    world.add_user("annie", true, Some("ANNIE-SECRET"));
    let link = world.run(&["plex-auth", "user", "link", "annie", "frank"]);
    assert!(link.ok(), "{link:?}");
    check(world, Situation::Normal, "daemon up");
    assert_expired_local_password_does_not_skip_the_account_phase(world);
    world.sh("systemctl stop plex-authd.socket plex-authd.service");
    check(world, Situation::DaemonDown, "daemon down");
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

/// Each service in a set-uid program, like su and sudo: root itself needs no password at su. `pam_setcred` succeeds for
/// everyone: it is no access check, and sshd closes the session if it fails.
fn check(world: &World, situation: Situation, when: &str) {
    let mut rows = logins(situation, &PEOPLE, Row::with_pam_auth_update);
    // alice's wrong password is enough: more rejections in parallel would be throttled.
    rows.retain(|(user, typed, ..)| (*user, typed.as_str()) != ("annie", "wrong"));
    let rows = &rows;
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
