//! Tests of the evaluator and of the faults that are found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]
use std::collections::BTreeMap;
use std::path::Path;

use super::Kind::{self, Account, Auth};
use super::evaluate::evaluate;
use super::include::{Content, Module, Step, stack};
use super::modules::{Subject, UnknownModules, answer};
use super::return_code::Code;
use super::scenarios::{Fault, faults};
use super::shipped::{LOGIN_STACKS, PLEX_AUTH};
use super::truth_table::{Row, Situation, Typed, rows};

/// Stacks that Debian's pam-auth-update makes of the package's profile.
const COMMON_AUTH: &str = "auth [success=3 ignore=ignore module_unknown=ignore default=die] pam_plex.so plex_only\n\
                           auth [success=2 default=ignore] pam_unix.so nullok try_first_pass\n\
                           auth [success=1 default=ignore] pam_plex.so try_first_pass\n\
                           auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n";
const COMMON_ACCOUNT: &str = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                              account requisite pam_deny.so\naccount required pam_permit.so\n\
                              account required pam_plex.so\n";

/// Debian's own, for sshd and login.
const SSHD: &str = "@include common-auth\naccount    required     pam_nologin.so\n@include common-account\n\
                    session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close\n\
                    session optional pam_motd.so noupdate\n@include common-session\n@include common-password\n";
const LOGIN: &str = "auth       optional   pam_faildelay.so  delay=3000000\nauth       requisite  pam_nologin.so\n\
                     session    required     pam_loginuid.so\n@include common-auth\nauth       optional   pam_group.so\n\
                     @include common-account\n@include common-session\n";

/// Steps of a service, from files by name.
fn steps(kind: Kind, service: &str, files: &[(&str, &str)]) -> Vec<Step> {
    let files: BTreeMap<_, _> = files.iter().map(|(name, text)| (format!("/etc/pam.d/{name}"), *text)).collect();
    let read = |file: &Path| files.get(file.to_str().unwrap()).map(|text| (*text).to_owned());
    stack(service, kind, &read)
}

/// Faults of a stack of one file.
fn wrong(kind: Kind, text: &str) -> Vec<Fault> {
    let ours =
        [("x", text), ("plex-auth", PLEX_AUTH), ("common-auth", COMMON_AUTH), ("common-account", COMMON_ACCOUNT)];
    let others = ["common-session", "common-session-noninteractive", "common-password"].map(|name| (name, ""));
    let files = [&ours[..], &others[..]].concat();
    faults(kind, &steps(kind, "x", &files), Some("plex-users"))
}

#[test]
fn the_shipped_stacks_have_no_faults() {
    for (_, text) in LOGIN_STACKS {
        assert_eq!(wrong(Auth, text), [], "{text}");
        assert_eq!(wrong(Account, text), [], "{text}");
    }
}

#[test]
fn r16_the_truth_table_has_every_situation_for_local_accounts_friends_and_unknown_names() {
    use super::truth_table::Account;
    for situation in [Situation::Normal, Situation::DaemonDown, Situation::ModuleMissing] {
        let rows = rows(situation);
        for account in [Account::Local, Account::Root, Account::Friend, Account::Unknown] {
            assert!(rows.iter().any(|row| row.account == account), "{situation:?} {account:?}");
        }
        // pam-auth-update ends the account phase with pam_deny.
        for row in rows {
            let allowed = if row.account == Account::Unknown { Code::AUTH_ERR } else { row.allowed };
            let changed = row.with_pam_auth_update();
            assert_eq!((changed.auth, changed.allowed), (row.auth, allowed), "{situation:?} {row:?}");
        }
    }
}

/// The user of a row, with the codes of the modules in a phase.
fn subject(kind: Kind, row: &Row, situation: Situation) -> Subject {
    use super::truth_table::Account;
    let friend = [Account::Friend, Account::FriendWithLocalPassword].contains(&row.account);
    let denied = [Account::Denied, Account::DeniedWithLocalPassword].contains(&row.account);
    let unknown = row.account == Account::Unknown;
    let plex = match (situation, kind) {
        (Situation::DaemonDown, _) => Code::AUTHINFO_UNAVAIL,
        (Situation::ModuleMissing, _) => Code::MODULE_UNKNOWN,
        (Situation::Normal, Auth) if denied => Code::AUTH_ERR,
        (Situation::Normal, _) if denied => Code::PERM_DENIED,
        (Situation::Normal, Auth) if friend && row.typed != Typed::Plex => Code::AUTH_ERR,
        (Situation::Normal, _) if friend => Code::SUCCESS,
        (Situation::Normal, Auth) => Code::USER_UNKNOWN,
        (Situation::Normal, _) => Code::IGNORE,
    };
    let unix = match kind {
        _ if unknown => Code::USER_UNKNOWN,
        Auth if row.typed != Typed::Local => Code::AUTH_ERR,
        _ => Code::SUCCESS,
    };
    let guest = [Account::Friend, Account::Denied].contains(&row.account);
    Subject { unix, plex, root: row.account == Account::Root, guest, member: friend || denied }
}

#[test]
fn r16_the_shipped_stacks_have_the_codes_of_the_truth_table() {
    let files = LOGIN_STACKS.into_iter().chain([
        ("common-session", ""),
        ("common-session-noninteractive", ""),
        ("common-password", ""),
    ]);
    let files: Vec<_> = files.collect();
    for (service, _) in LOGIN_STACKS {
        for situation in [Situation::Normal, Situation::DaemonDown, Situation::ModuleMissing] {
            for row in rows(situation) {
                for (kind, expected) in [(Auth, row.auth), (Account, row.allowed)] {
                    let who = subject(kind, &row, situation);
                    let code = |module: &Module| answer(kind, module, who, Some("plex-users"), UnknownModules::Content);
                    let found = evaluate(&steps(kind, service, &files), &code);
                    assert_eq!(found, expected, "{service} {kind:?} {situation:?} {row:?}");
                }
            }
        }
    }
}

#[test]
fn stacks_of_pam_auth_update_have_only_the_known_faults_in_the_account_phase() {
    for text in [SSHD, LOGIN] {
        assert_eq!(wrong(Auth, text), [], "{text}");
        // A failure of the daemon refuses every account, and an expired password ends the phase before the module's line.
        assert_eq!(wrong(Account, text), [Fault::LocalRefusedInOutage, Fault::ExpiredPasswordSkips], "{text}");
    }
    let third = COMMON_AUTH.replace("success=3", "success=4").replace("success=2", "success=3").replace(
        "auth [success=1 default=ignore] pam_plex.so",
        "auth [success=2 default=ignore] pam_plex.so try_first_pass\nauth [success=1 default=ignore] pam_ldap.so",
    );
    assert_eq!(wrong(Auth, &third), []);
}

const UNIX: &str = "auth [success=2 default=ignore] pam_unix.so\n";
const PLEX: &str = "auth [success=1 user_unknown=ignore default=die] pam_plex.so try_first_pass\n";
const DENY: &str = "auth requisite pam_deny.so\n";
const PERMIT: &str = "auth required pam_permit.so\n";

/// Description of a stack, its lines and its faults.
type Case = (&'static str, Vec<&'static str>, Vec<Fault>);

fn assert_faults(cases: impl IntoIterator<Item = Case>) {
    for (what, lines, mut expected) in cases {
        expected.sort_unstable();
        assert_eq!(wrong(Auth, &lines.concat()), expected, "{what}");
    }
}

#[test]
fn a_faulty_first_line_of_an_auth_stack_has_the_faults_of_its_effect() {
    use Fault::*;
    let first = "auth [success=3 ignore=ignore module_unknown=ignore default=die] pam_plex.so plex_only\n";
    assert_faults([
        ("accounts without a local password first", vec![first, UNIX, PLEX, DENY, PERMIT], vec![]),
        (
            "no other account can sign in with Plex",
            vec![
                "auth [success=2 ignore=ignore default=die] pam_plex.so plex_only\n",
                "auth [success=1 default=ignore] pam_unix.so\n",
                DENY,
                PERMIT,
            ],
            vec![],
        ),
        (
            "the first jump too short",
            vec!["auth [success=2 ignore=ignore default=die] pam_plex.so plex_only\n", UNIX, PLEX, DENY, PERMIT],
            vec![PlexRefused],
        ),
        (
            "ignored by the first line ends the stack",
            vec!["auth [success=3 default=die] pam_plex.so plex_only\n", UNIX, PLEX, DENY, PERMIT],
            vec![LocalRefused, LocalRefusedInOutage, RootRefused, PlexRefused],
        ),
        (
            "a denial of the first line passed on as a yes",
            vec!["auth [success=3 ignore=ignore default=3] pam_plex.so plex_only\n", UNIX, PLEX, DENY, PERMIT],
            vec![DeniedAccepted],
        ),
    ]);
}

#[test]
fn a_faulty_auth_stack_has_the_faults_of_its_effect() {
    use Fault::*;
    assert_faults([
        ("without faults", vec![UNIX, PLEX, DENY, PERMIT], vec![]),
        // §6: pam-auth-update does not put a deleted pam_deny back. A wrong password is then as good as a right one.
        (
            "pam_deny deleted",
            vec![UNIX, PLEX, PERMIT],
            vec![LocalRefused, LocalRefusedInOutage, RootRefused, PlexRefused, DeniedAccepted, UnknownAccepted],
        ),
        (
            "pam_permit deleted",
            vec![UNIX, PLEX, DENY],
            vec![LocalRefused, LocalRefusedInOutage, RootRefused, PlexRefused],
        ),
        ("no pam_unix", vec![PLEX, DENY, PERMIT], vec![NoLocalFallback]),
        (
            "no pam_unix, and a denial passed on as a yes",
            vec!["auth [success=1 auth_err=1 user_unknown=ignore default=die] pam_plex.so\n", DENY, PERMIT],
            vec![NoLocalFallback, DeniedAccepted],
        ),
        (
            "pam_plex for members of the group alone",
            vec![
                "auth [success=3 default=ignore] pam_unix.so\n",
                "auth [success=ignore default=1] pam_succeed_if.so quiet user ingroup plex-users\n",
                "auth [success=1 default=die] pam_plex.so try_first_pass\n",
                DENY,
                PERMIT,
            ],
            vec![],
        ),
        (
            "a user whom pam_unix does not know passed on as a yes",
            vec!["auth [success=2 user_unknown=2 default=ignore] pam_unix.so\n", PLEX, DENY, PERMIT],
            vec![UnknownAccepted],
        ),
        (
            "the jump of pam_unix too short",
            vec!["auth [success=1 default=ignore] pam_unix.so\n", PLEX, DENY, PERMIT],
            vec![LocalRefused, LocalRefusedInOutage, RootRefused],
        ),
        (
            "the jump of pam_plex too long",
            vec![UNIX, "auth [success=2 user_unknown=ignore default=die] pam_plex.so\n", DENY, PERMIT],
            vec![PlexRefused],
        ),
        (
            "an outage passed on as a yes",
            vec![
                UNIX,
                "auth [success=1 authinfo_unavail=1 user_unknown=ignore default=die] pam_plex.so\n",
                DENY,
                PERMIT,
            ],
            vec![OutageAccepted, UnknownAccepted],
        ),
        (
            "a denial passed on as a yes",
            vec![UNIX, "auth [success=1 auth_err=1 user_unknown=ignore default=die] pam_plex.so\n", DENY, PERMIT],
            vec![DeniedAccepted],
        ),
        (
            "sufficient, and pam_deny behind it",
            vec![
                "auth sufficient pam_unix.so\n",
                "auth sufficient pam_plex.so try_first_pass\n",
                "auth required pam_deny.so\n",
            ],
            vec![],
        ),
        (
            "sufficient, and only pam_permit behind it",
            vec!["auth sufficient pam_unix.so\nauth sufficient pam_plex.so\n", PERMIT],
            vec![OutageAccepted, DeniedAccepted, UnknownAccepted],
        ),
        (
            "required pam_plex shuts local accounts out",
            vec!["auth required pam_unix.so\nauth required pam_plex.so\n"],
            vec![LocalRefused, LocalRefusedInOutage, RootRefused, PlexRefused],
        ),
        (
            "pam_plex first",
            vec![
                "auth sufficient pam_plex.so\nauth sufficient pam_unix.so use_first_pass\nauth required pam_deny.so\n",
            ],
            vec![PlexFirst],
        ),
        (
            "pam_plex first, and its outage ends the stack",
            vec!["auth [success=done user_unknown=ignore default=die] pam_plex.so\nauth required pam_unix.so\n"],
            vec![LocalRefusedInOutage, PlexFirst],
        ),
        ("no such word", vec![UNIX, "auth suficient pam_plex.so\n", DENY, PERMIT], vec![Broken]),
        ("no such value", vec![UNIX, "auth [succes=1 default=die] pam_plex.so\n", DENY, PERMIT], vec![Broken]),
        ("no such file", vec![UNIX, PLEX, DENY, PERMIT, "auth include not-there\n"], vec![Broken]),
    ]);
}

#[test]
fn a_faulty_account_stack_has_the_faults_of_its_effect() {
    use Fault::*;
    let cases: [(&str, &str, Vec<Fault>); 9] = [
        ("the shipped one", "account include plex-auth\n", vec![]),
        ("as a substack a refusal still refuses", "account substack plex-auth\n", vec![]),
        ("a line behind it", "account include plex-auth\naccount required pam_permit.so\n", vec![]),
        ("a plain line", "account required pam_unix.so\naccount required pam_plex.so\n", vec![LocalRefusedInOutage]),
        (
            "optional is no refusal",
            "account required pam_unix.so\naccount optional pam_plex.so\n",
            vec![DeniedAccepted, OutageAccepted],
        ),
        (
            "sufficient is none either, and it skips what follows",
            "account sufficient pam_plex.so\naccount required pam_unix.so\n",
            vec![DeniedAccepted, OutageAccepted, ExpiredAccepted],
        ),
        (
            "pam_unix is enough",
            "account sufficient pam_unix.so\naccount required pam_plex.so\n",
            vec![DeniedAccepted, OutageAccepted, ExpiredAccepted],
        ),
        (
            "an outage is waved through",
            "account required pam_unix.so\naccount [success=ok ignore=ignore authinfo_unavail=ignore default=bad] pam_plex.so\n",
            vec![OutageAccepted],
        ),
        (
            "the group of the last line is another",
            "account required pam_unix.so\n\
             account [success=2 ignore=2 authinfo_unavail=ignore default=die] pam_plex.so\n\
             account [success=1 default=ignore] pam_succeed_if.so quiet user notingroup friends\n\
             account requisite pam_deny.so\naccount required pam_permit.so\n",
            vec![OutageAccepted],
        ),
    ];
    for (what, text, mut expected) in cases {
        expected.sort_unstable();
        assert_eq!(wrong(Account, text), expected, "{what}");
    }
}

/// Stacks and their return codes, which another test compares with those of the real libpam.
const DISPATCHER: &str = include_str!("dispatcher.txt");

#[test]
fn the_evaluator_has_the_codes_of_libpams_dispatcher() {
    let mut cases = 0;
    for case in DISPATCHER.split("\n= ").skip(1) {
        let (expected, files) = case.split_once('\n').unwrap();
        let files: Vec<_> = format!("x\n{files}").split("\n> ").map(|file| file.to_owned() + "\n").collect();
        let files: Vec<_> = files.iter().map(|file| file.split_once('\n').unwrap()).collect();
        let steps = steps(Auth, "x", &files);
        let answer =
            |module: &Module| Code::parse(module.arguments.first().unwrap().strip_prefix("auth=").unwrap()).unwrap();
        assert_eq!(evaluate(&steps, &answer).to_string(), expected, "{case}");
        cases += 1;
    }
    assert_eq!(cases, 31);
}

#[test]
fn files_that_include_each_other_are_read_to_a_limit() {
    let found = steps(Auth, "x", &[("x", "auth include x\n")]);
    assert!(matches!(found.last().unwrap().content, Content::Broken(_)), "{found:?}");
    assert!(steps(Auth, "nothing", &[]).is_empty());
}
