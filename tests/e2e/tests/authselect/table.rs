//! R16 for the authselect profile: return codes of libpam for services that include it as Fedora's do.

use e2e::{Code, DEN, Person, World, logins, password, rendered};
use pam_stack::truth_table::{Account, Situation};

use crate::file;

/// Services as Fedora ships sshd and sudo, each with one of the profile's two stacks.
const SERVICES: [(&str, &str); 2] = [
    (
        "fedora-sshd",
        "auth substack password-auth\nauth include postlogin\naccount required pam_nologin.so\n\
         account include password-auth\n",
    ),
    ("fedora-sudo", "auth include system-auth\naccount include system-auth\n"),
];

/// Feature sets to test: none, all whose modules Debian has, and those that change the jumps.
const FEATURES: [&[&str]; 3] = [
    &[],
    &["with-faillock", "with-pamaccess", "with-pwhistory", "without-nullok", "with-silent-lastlog"],
    &["with-systemd-homed", "with-faillock"],
];

/// The accounts of the machine.
const PEOPLE: [Person; 8] = [
    Person { account: Account::Local, name: "local", local: "LOCAL-SECRET", plex: "" },
    Person { account: Account::Root, name: "root", local: "ROOT-SECRET", plex: "olga" },
    Person { account: Account::Friend, name: "olga", local: "", plex: "olga" },
    Person { account: Account::FriendWithLocalPassword, name: "alice", local: "LOCAL-SECRET-alice", plex: "alice" },
    Person { account: Account::Denied, name: "bob", local: "", plex: "bob" },
    Person { account: Account::Denied, name: "mallory", local: "", plex: "mallory" },
    Person { account: Account::DeniedWithLocalPassword, name: "alfred", local: "LOCAL-SECRET", plex: "" },
    Person { account: Account::Unknown, name: "nobody-here", local: "", plex: "alice" },
];

fn machine() -> Option<World> {
    // Attempts that are expected to fail should not cause pauses.
    let world = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n")?;
    world.add_user("alfred", true, Some("LOCAL-SECRET"));
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\nalice:LOCAL-SECRET-alice\n").ok());
    for (service, text) in SERVICES {
        world.write(&format!("/etc/pam.d/{service}"), 0o644, "root:root", text);
    }
    Some(world)
}

/// Writes the files that `authselect select plex-auth` would write.
fn select(world: &World, features: &[&str]) {
    for name in ["system-auth", "password-auth", "postlogin"] {
        let text = rendered(&file(name), features);
        world.write(&format!("/etc/pam.d/{name}"), 0o644, "root:root", &text);
    }
}

/// Failures that `pam_faillock` has counted for a user.
fn counted(world: &World, user: &str) -> String {
    world.sh(&format!("faillock --user {user} | grep -c ' V$' || true")).stdout.trim().to_owned()
}

fn check(world: &World, situation: Situation, when: &str) {
    let rows = &logins(situation, &PEOPLE, |row| row);
    for features in FEATURES {
        select(world, features);
        for (service, _) in SERVICES {
            for (user, typed, auth, account) in rows {
                world.sh("rm -rf /run/faillock");
                let auths = world.codes_set_uid("daemon", service, user, "auth", &format!("{typed}\n"));
                let row = format!("{when}: {service} {features:?}, {user} types {typed}");
                assert_eq!(auths.of("auth"), *auth, "{row}: {auths:?}");
                // R18: only a wrong password is counted, once.
                let counts = features.contains(&"with-faillock") && *auth == Code::AUTH_ERR && *user != "nobody-here";
                assert_eq!(counted(world, user), if counts { "1" } else { "0" }, "{row}: {auths:?}");
                let accounts = world.codes_set_uid("daemon", service, user, "acct", "");
                assert_eq!(accounts.of("acct"), *account, "{row}: {accounts:?}");
            }
        }
    }
}

#[test]
fn r16_r18_authselect_profile_follows_the_truth_table_and_counts_only_wrong_passwords() {
    let Some(world) = machine() else { return };
    check(&world, Situation::Normal, "daemon up");
    world.stop_authd();
    check(&world, Situation::DaemonDown, "daemon down");
}

#[test]
fn authselect_profile_keeps_plex_accounts_from_pam_unix_and_sets_their_credentials() {
    let Some(world) = machine() else { return };
    for features in FEATURES {
        select(&world, features);
        for (service, _) in SERVICES {
            for (user, typed) in
                [("olga", password("olga")), ("alice", password("alice")), ("local", "LOCAL-SECRET".into())]
            {
                let all = || world.codes_set_uid("daemon", service, user, "auth,acct,cred", &format!("{typed}\n"));
                let (codes, log) = world.logged(all);
                for phase in ["auth", "acct", "cred"] {
                    assert_eq!(codes.of(phase), Code::SUCCESS, "{service} {features:?} {user} {phase}: {codes:?}");
                }
                assert_eq!(codes.prompts(), 1, "{service} {user}: {codes:?}");
                // A user who has both passwords is checked against the local one first.
                let failed = log.contains("pam_unix") && log.contains("authentication failure");
                assert_eq!(failed, user == "alice", "{service} {user}:\n{log}");
            }
        }
    }
}

#[test]
fn expired_local_password_does_not_skip_the_profiles_account_phase() {
    let Some(world) = machine() else { return };
    select(&world, &["with-faillock"]);
    assert!(world.run_with(&["chpasswd"], "bob:LOCAL-SECRET\n").ok());
    world.sh("chage -d 0 bob; chage -d 0 alice; chage -d 0 local");
    for (service, _) in SERVICES {
        let account = |user: &str| world.codes_set_uid("daemon", service, user, "acct", "").of("acct");
        assert_eq!(account("bob"), Code::PERM_DENIED, "{service}");
        assert_eq!(account("alice"), Code::NEW_AUTHTOK_REQD, "{service}");
        assert_eq!(account("local"), Code::NEW_AUTHTOK_REQD, "{service}");
    }
}

#[test]
fn r13_without_the_module_the_profile_admits_local_accounts_only() {
    let Some(world) = machine() else { return };
    world.sh(&format!("rm {}", world.module("pam_plex")));
    for features in FEATURES {
        select(&world, features);
        for (service, _) in SERVICES {
            let codes = |user: &str, typed: &str| {
                world.sh("rm -rf /run/faillock");
                let codes = world.codes_set_uid("daemon", service, user, "auth,acct", &format!("{typed}\n"));
                let last = if codes.of("auth") == Code::SUCCESS { codes.of("acct") } else { codes.of("auth") };
                last == Code::SUCCESS
            };
            assert!(codes("root", "ROOT-SECRET") && codes("local", "LOCAL-SECRET"), "{service} {features:?}");
            for (user, typed) in [("root", "wrong"), ("local", "wrong"), ("olga", "x"), ("alfred", "LOCAL-SECRET")] {
                assert!(!codes(user, typed), "{service} {features:?}: {user} types {typed}");
            }
        }
    }
}
