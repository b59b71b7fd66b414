#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use policy::{Access, IdentityBinding, ListState, PlexRef, Rules};

use super::*;
use crate::clock;

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

/// Sign-in to a Plex account.
fn target(id: u64) -> SignInTarget {
    let rules = Rules { strict: false, admin: None, owner_id: None };
    let access = Access { rules: &rules, list: ListState::NoToken, now: clock::now(), max_age: Duration::ZERO };
    let reference = "someone@example.org";
    let binding = IdentityBinding { id: PlexId(id), reference: reference.into() };
    access.sign_in(&PlexRef::parse(reference), Some(&binding)).result().unwrap()
}

fn check(passwords: &RememberedPasswords, account: &str, id: u64, typed: &str) -> Lookup {
    passwords.check(account, &target(id), &Secret::from(typed), None)
}

/// The passwords of a configuration in force, with Alice's.
fn with_alice(tags: &PasswordTags, max_age: Option<Duration>) -> RememberedPasswords {
    let passwords = RememberedPasswords::new(tags.clone(), max_age);
    passwords.begin();
    passwords.insert("alice", PlexId(2), &Secret::from("hers"));
    passwords
}

#[test]
fn r45_remembered_password_matches_for_its_account_and_plex_account_only() {
    let passwords = with_alice(&PasswordTags::default(), HOUR);
    assert_eq!(check(&passwords, "alice", 2, "hers"), Lookup::Match(PlexId(2)));
    assert_eq!(check(&passwords, "alice", 2, "a guess"), Lookup::Mismatch);
    assert_eq!(check(&passwords, "alice", 3, "hers"), Lookup::Absent, "another Plex account");
    assert_eq!(check(&passwords, "frank", 2, "hers"), Lookup::Absent, "another account");
}

#[test]
fn r45_nothing_is_remembered_without_remember() {
    let passwords = with_alice(&PasswordTags::default(), None);
    assert_eq!(check(&passwords, "alice", 2, "hers"), Lookup::Absent);
    assert!(passwords.accounts().is_empty());
}

#[test]
fn r45_reload_deletes_remembered_passwords_and_earlier_sessions_add_none() {
    let tags = PasswordTags::default();
    let before = with_alice(&tags, HOUR);
    let after = RememberedPasswords::new(tags, HOUR);
    assert_eq!(check(&before, "alice", 2, "hers"), Lookup::Match(PlexId(2)), "not in force yet");
    after.begin();
    before.end();
    before.insert("alice", PlexId(2), &Secret::from("hers"));
    for passwords in [&before, &after] {
        assert_eq!(check(passwords, "alice", 2, "hers"), Lookup::Absent);
        assert!(passwords.accounts().is_empty());
    }
    after.insert("alice", PlexId(2), &Secret::from("hers"));
    assert_eq!(check(&after, "alice", 2, "hers"), Lookup::Match(PlexId(2)));
    assert_eq!(check(&before, "alice", 2, "hers"), Lookup::Absent);
    assert!(before.forget("alice"), "a refusal in a session of the earlier configuration deletes it");
    assert_eq!(check(&after, "alice", 2, "hers"), Lookup::Absent);
}

#[test]
fn r45_configuration_that_fails_to_start_deletes_no_remembered_password() {
    let tags = PasswordTags::default();
    let passwords = with_alice(&tags, HOUR);
    RememberedPasswords::new(tags, None).end();
    assert_eq!(check(&passwords, "alice", 2, "hers"), Lookup::Match(PlexId(2)));
}

#[test]
fn r45_refused_password_is_recognised_and_a_removed_person_is_deleted() {
    let passwords = with_alice(&PasswordTags::default(), HOUR);
    passwords.insert("frank", PlexId(3), &Secret::from("his"));
    assert!(passwords.is_of("alice", &Secret::from("hers")));
    assert!(!passwords.is_of("alice", &Secret::from("a guess")) && !passwords.is_of("frank", &Secret::from("hers")));
    passwords.retain(|cached| cached.id == PlexId(3));
    assert_eq!(passwords.accounts(), ["frank"]);
}

#[test]
fn r45_expired_passwords_are_deleted_and_not_only_ignored() {
    let passwords = Arc::new(with_alice(&PasswordTags::default(), Some(Duration::from_millis(300))));
    let thread = std::thread::spawn({
        let passwords = Arc::clone(&passwords);
        move || passwords.run()
    });
    assert_eq!(check(&passwords, "alice", 2, "hers"), Lookup::Match(PlexId(2)));
    // The second one is added while the thread waits for nothing.
    for _ in 0..2 {
        let start = Instant::now();
        while !passwords.accounts().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20));
            sleep(Duration::from_millis(10));
        }
        assert_eq!(check(&passwords, "alice", 2, "hers"), Lookup::Absent);
        passwords.insert("alice", PlexId(2), &Secret::from("hers"));
    }
    passwords.end();
    thread.join().unwrap();
}

#[test]
fn r45_offline_limits_the_age_of_a_remembered_password_too() {
    let passwords = with_alice(&PasswordTags::default(), HOUR);
    sleep(Duration::from_millis(30));
    let within = |limit| passwords.check("alice", &target(2), &Secret::from("hers"), Some(limit));
    assert_eq!(within(Duration::from_millis(5)), Lookup::Absent);
    assert_eq!(within(Duration::from_secs(60)), Lookup::Match(PlexId(2)));
}
