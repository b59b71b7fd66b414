//! The authselect profile: its text in every combination of features, and libpam's results with it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

mod lines;
mod passwords;
mod table;

use std::collections::BTreeSet;

use e2e::{STACK_FILES, features, rendered};
use lines::{Line, chain, lands_on};

/// A file of the profile.
fn file(name: &str) -> String {
    std::fs::read_to_string(e2e::checkout().join("packaging/authselect/plex-auth").join(name)).unwrap()
}

/// Checks a file in every combination of the features that it mentions.
fn every_combination(name: &str, check: impl Fn(&str, &[&str])) {
    let text = file(name);
    let known: Vec<String> = features(&text).into_iter().collect();
    for bits in 0..1_u32 << known.len() {
        let on: Vec<&str> =
            known.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name.as_str()).collect();
        check(&rendered(&text, &on), &on);
    }
}

#[test]
fn r16_with_any_features_no_line_of_the_profile_bypasses_plex() {
    for name in ["system-auth", "password-auth"] {
        every_combination(name, |text, on| {
            let auth = chain(text, "auth");
            let at = |argument: &str| auth.iter().position(|line| line.is("pam_plex.so", argument)).unwrap();
            let unix = auth.iter().position(|line| line.module == "pam_unix.so").unwrap();
            let (only, plex) = (at("plex_only"), at("try_first_pass"));
            assert!(only < unix && unix < plex, "{name} {on:?}:\n{text}");
            // A wrong Plex password is asked for once, counted by pam_faillock, and refused.
            let landed = lands_on(&auth, only, "auth_err");
            let counts = on.contains(&"with-faillock");
            assert_eq!(landed, plex + 1, "{name} {on:?}:\n{text}");
            assert_eq!(auth[landed].is("pam_faillock.so", "authfail"), counts, "{name} {on:?}:\n{text}");
            assert_eq!(
                (auth[only].action("default"), auth[only].action("module_unknown")),
                ("die", "ignore"),
                "{text}"
            );
            assert_eq!(auth[plex].action("default"), "die", "{text}");
            assert_eq!(auth[plex].action("auth_err"), "bad", "{text}");
            assert_eq!(auth[plex].action("user_unknown"), "ignore", "{text}");
            // No line after it grants access.
            assert!(auth[plex + 1..].iter().all(|line| !line.lets_in()), "{name} {on:?}:\n{text}");
            assert!(
                auth.last().is_some_and(|line| line.module == "pam_deny.so" && line.control == "required"),
                "{text}"
            );
        });
    }
}

#[test]
fn r55_with_any_features_the_profile_checks_plex_before_any_account_success() {
    for name in ["system-auth", "password-auth", "fingerprint-auth"] {
        every_combination(name, |text, on| {
            let account = chain(text, "account");
            if name == "fingerprint-auth" && !on.contains(&"with-fingerprint") {
                assert!(account.is_empty() && text.contains("auth=authinfo_unavail"), "{text}");
                return;
            }
            let plex = account.iter().position(|line| line.module == "pam_plex.so").unwrap();
            assert!(account[..plex].iter().all(|line| !line.lets_in()), "{name} {on:?}:\n{text}");
            assert_plex_then_group_fallback(&account, plex, &["success", "ignore"], text);
            let last = account.last().unwrap();
            assert!(last.module == "pam_unix.so" && last.control == "required", "{name} {on:?}:\n{text}");
        });
    }
}

#[test]
fn with_any_features_the_profile_gives_no_plex_account_a_local_password() {
    for name in ["system-auth", "password-auth"] {
        every_combination(name, |text, on| {
            let password = chain(text, "password");
            assert_eq!(password[0].module, "pam_plex.so", "{name} {on:?}:\n{text}");
            assert_plex_then_group_fallback(&password, 0, &["ignore"], text);
            let unix = password.iter().find(|line| line.module == "pam_unix.so").unwrap();
            assert!(unix.arguments.contains(&"use_authtok".to_owned()), "{text}");
            assert_eq!(unix.arguments.contains(&"nullok".to_owned()), !on.contains(&"without-nullok"), "{text}");
            assert_eq!(password.last().unwrap().module, "pam_deny.so", "{text}");
        });
    }
}

/// These results skip the refusal; an outage leads to the group check, which refuses members; every other result ends
/// the phase.
fn assert_plex_then_group_fallback(chain: &[Line], plex: usize, on: &[&str], text: &str) {
    let [asked, group, deny] = &chain[plex..plex + 3] else { panic!("{text}") };
    for word in on {
        assert_eq!(lands_on(chain, plex, word), plex + 3, "{word}:\n{text}");
    }
    for (answer, action) in [("authinfo_unavail", "ignore"), ("module_unknown", "ignore"), ("default", "die")] {
        assert_eq!(asked.action(answer), action, "{answer}:\n{text}");
    }
    assert!(group.is("pam_succeed_if.so", "notingroup") && group.is("pam_succeed_if.so", "plex-users"), "{text}");
    assert_eq!(lands_on(chain, plex + 1, "success"), plex + 3, "{text}");
    assert_eq!((deny.module.as_str(), deny.control.as_str()), ("pam_deny.so", "requisite"), "{text}");
}

#[test]
fn with_any_features_every_jump_of_the_profile_stays_inside_its_stack() {
    for name in STACK_FILES {
        every_combination(name, |text, on| {
            assert!(!text.contains(['{', '}']), "{name} {on:?}:\n{text}");
            for kind in ["auth", "account", "password", "session"] {
                let chain = chain(text, kind);
                for (at, line) in chain.iter().enumerate() {
                    for jump in line.jumps() {
                        // A session may skip its last line; the other kinds must end with the line that decides.
                        let end = chain.len() + usize::from(kind == "session");
                        assert!(at + jump + 1 < end, "{name} {on:?}: {line:?}\n{text}");
                    }
                }
            }
        });
    }
}

#[test]
fn authselect_readme_lists_exactly_the_features_of_the_profile() {
    let files = STACK_FILES.iter().chain(&["nsswitch.conf", "dconf-db"]);
    let used: BTreeSet<String> = files.flat_map(|name| features(&file(name))).collect();
    let readme = file("README");
    let told: BTreeSet<String> = readme.lines().filter_map(|line| line.strip_suffix("::")).map(str::to_owned).collect();
    assert_eq!(used, told);
    assert!(features(&file("REQUIREMENTS")).is_subset(&used));
    // `authselect list` shows the first line.
    assert!(readme.lines().nth(1).is_some_and(|line| line.starts_with("===")), "{readme}");
}
