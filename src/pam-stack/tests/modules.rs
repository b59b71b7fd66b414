//! The return code that each known module is assumed to give.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use pam_stack::Kind::{self, Account, Auth};
use pam_stack::include::Module;
use pam_stack::modules::{Subject, UnknownModules, answer};
use pam_stack::return_code::Code;

const LOCAL: Subject =
    Subject { unix: Code::ACCT_EXPIRED, plex: Code::MAXTRIES, root: false, member: false, guest: false };
const MEMBER: Subject = Subject { member: true, ..LOCAL };
const ROOT: Subject = Subject { root: true, ..LOCAL };

fn module(line: &str) -> Module {
    let mut words = line.split(' ').map(str::to_owned);
    Module { module: words.next().unwrap(), arguments: words.collect() }
}

fn asked(kind: Kind, line: &str, who: Subject, unknown: UnknownModules) -> String {
    answer(kind, &module(line), who, Some("friends"), unknown).to_string()
}

fn code(line: &str, who: Subject) -> String {
    asked(Auth, line, who, UnknownModules::Content)
}

#[test]
fn each_known_module_has_its_code() {
    for (line, expected) in [
        ("pam_unix.so", "acct_expired"),
        ("pam_plex.so", "maxtries"),
        ("/usr/lib/security/pam_plex.so", "maxtries"),
        ("pam_deny.so", "auth_err"),
        ("pam_rootok.so", "perm_denied"),
        ("pam_wheel.so", "perm_denied"),
        ("pam_permit.so", "success"),
        ("pam_faillock.so preauth", "success"),
        ("pam_faillock.so authfail", "ignore"),
        ("pam_tally2.so", "success"),
        ("pam_tally2.so authfail", "ignore"),
        ("pam_permit.so authfail", "success"),
        ("pam_localuser.so", "success"),
        ("pam_shells.so", "success"),
        ("pam_usertype.so issystem", "auth_err"),
        ("pam_usertype.so isregular", "success"),
        ("pam_nologin.so", "ignore"),
        ("pam_cap.so", "ignore"),
        ("pam_sss.so", "user_unknown"),
        ("pam_krb5.so", "user_unknown"),
        ("pam_something.so", "success"),
    ] {
        assert_eq!(code(line, LOCAL), expected, "{line}");
    }
    assert_eq!(code("pam_usertype.so issystem", ROOT), "success");
    assert_eq!(code("pam_usertype.so isregular", ROOT), "auth_err");
}

#[test]
fn modules_that_are_not_known_answer_as_assumed() {
    use UnknownModules::{Content, Everyone, Silent};
    for (line, content, silent, everyone) in [
        ("pam_something.so", "success", "ignore", "success"),
        ("pam_sss.so", "user_unknown", "user_unknown", "success"),
        ("pam_nologin.so", "ignore", "ignore", "ignore"),
        ("pam_permit.so", "success", "success", "success"),
        ("pam_deny.so", "auth_err", "auth_err", "auth_err"),
    ] {
        for (unknown, expected) in [(Content, content), (Silent, silent), (Everyone, everyone)] {
            assert_eq!(asked(Auth, line, LOCAL, unknown), expected, "{line} {unknown:?}");
        }
    }
}

#[test]
fn pam_plex_does_not_know_root() {
    assert_eq!(asked(Auth, "pam_plex.so", ROOT, UnknownModules::Content), "user_unknown");
    assert_eq!(asked(Account, "pam_plex.so", ROOT, UnknownModules::Content), "ignore");
    assert_eq!(asked(Account, "pam_plex.so", LOCAL, UnknownModules::Content), "maxtries");
}

#[test]
fn plex_only_leaves_all_but_guests_to_the_next_module() {
    let guest = |plex| Subject { plex, guest: true, ..MEMBER };
    let other = |plex| Subject { plex, ..MEMBER };
    let only = "pam_plex.so plex_only";
    for (plex, to_guest, to_others) in [
        (Code::SUCCESS, "success", "ignore"),
        (Code::AUTH_ERR, "auth_err", "ignore"),
        (Code::USER_UNKNOWN, "ignore", "ignore"),
        (Code::AUTHINFO_UNAVAIL, "ignore", "ignore"),
        (Code::SERVICE_ERR, "service_err", "service_err"),
        (Code::MODULE_UNKNOWN, "module_unknown", "module_unknown"),
    ] {
        assert_eq!(code(only, guest(plex)), to_guest, "{plex}");
        assert_eq!(code(only, other(plex)), to_others, "{plex}");
        for who in [guest(plex), other(plex)] {
            assert_eq!(code("pam_plex.so", who), plex.to_string(), "without plex_only");
            assert_eq!(asked(Account, only, who, UnknownModules::Content), plex.to_string(), "in the account phase");
        }
    }
}

fn holds(condition: &str, who: Subject) -> bool {
    match code(&format!("pam_succeed_if.so quiet {condition}"), who).as_str() {
        "success" => true,
        "auth_err" => false,
        other => panic!("{condition}: {other}"),
    }
}

#[test]
fn pam_succeed_if_compares_the_uid() {
    // A local account is taken for the first one, 1000, and root is 0.
    for (operator, below, equal, above) in [
        ("=", false, true, false),
        ("eq", false, true, false),
        ("!=", true, false, true),
        ("ne", true, false, true),
        ("<", false, false, true),
        ("lt", false, false, true),
        ("<=", false, true, true),
        ("le", false, true, true),
        (">", true, false, false),
        ("gt", true, false, false),
        (">=", true, true, false),
        ("ge", true, true, false),
    ] {
        for (right, expected) in [(999, below), (1000, equal), (1001, above)] {
            assert_eq!(holds(&format!("uid {operator} {right}"), LOCAL), expected, "1000 {operator} {right}");
        }
        for (right, expected) in [(-1, below), (0, equal), (1, above)] {
            assert_eq!(holds(&format!("uid {operator} {right}"), ROOT), expected, "0 {operator} {right}");
        }
    }
    assert!(holds("uid < x", LOCAL) && holds("uid within 5", LOCAL), "undecided conditions hold");
}

#[test]
fn pam_succeed_if_knows_members_of_the_group_and_root() {
    for (condition, local, member, root) in [
        ("user ingroup friends", false, true, false),
        ("user ingroup others:friends", false, true, false),
        ("user ingroup others", false, false, false),
        ("user notingroup friends", true, false, true),
        ("user notingroup others", true, true, true),
        ("user = root", false, false, true),
        ("user in alice:root", false, false, true),
        ("user in alice:bob", false, false, false),
        ("user != root", true, true, false),
        ("user notin root:alice", true, true, false),
        ("user =~ r*", true, true, true),
        ("shell = /bin/sh", true, true, true),
        ("uid >= 1000 user ingroup friends", false, true, false),
        ("user ingroup friends uid >= 1000", false, true, false),
        ("user ingroup friends uid < 1000", false, false, false),
    ] {
        for (who, expected) in [(LOCAL, local), (MEMBER, member), (ROOT, root)] {
            assert_eq!(holds(condition, who), expected, "{condition}: {who:?}");
        }
    }
    let without_group = |line: &str| answer(Auth, &module(line), MEMBER, None, UnknownModules::Content);
    assert_eq!(without_group("pam_succeed_if.so user ingroup friends"), Code::AUTH_ERR);
}
