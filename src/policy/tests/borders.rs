//! The borders of ages, ids and words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::time::Duration;

use policy::{
    Account, BootTime, LastSignIn, Loss, Outcome, PlexId, PlexRef, PlexUser, Reason, Relationship, Step,
    authorize_caller, resolve_account, verification_code,
};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_age_of_exactly_the_limit_still_counts() {
    let just = Duration::from_millis(1);
    for (age, refused) in [(Duration::ZERO, false), (MINUTE, false), (MINUTE + just, true)] {
        let step = Step::ListAge { age, max_age: MINUTE };
        assert_eq!(step.refusal(), refused.then_some(Reason::ListTooOld), "{age:?}");
        let last = LastSignIn { last: Some((PlexId(7), age)), bound: Some(PlexId(7)), max_age: MINUTE };
        assert_eq!(last.id().is_err(), refused, "{age:?}");
    }
    for bound in [None, Some(PlexId(8))] {
        let last = LastSignIn { last: Some((PlexId(7), MINUTE)), bound, max_age: MINUTE };
        assert_eq!(last.id(), Err(Reason::NoSignInYet));
    }
}

#[test]
fn times_are_ordered_and_move_by_spans() {
    let start = BootTime::from_millis(5_000);
    assert_eq!(start + MINUTE, BootTime::from_millis(65_000));
    assert_eq!(start - MINUTE, BootTime::from_millis(-55_000));
    assert_eq!((start + MINUTE).since(start), MINUTE);
    assert!(start - MINUTE < start && start < start + MINUTE);
}

#[test]
fn each_outcome_has_its_word_in_the_log() {
    for (outcome, word) in [
        (Outcome::Success, "accepted"),
        (Outcome::WrongSecret, "denied"),
        (Outcome::NotAllowed, "denied"),
        (Outcome::ConversationFailed, "denied"),
        (Outcome::NotManaged, "not-managed"),
        (Outcome::LocalFirst, "local-first"),
        (Outcome::Throttled, "throttled"),
        (Outcome::Unavailable, "unavailable"),
    ] {
        assert_eq!(outcome.as_str(), word, "{outcome:?}");
    }
}

#[test]
fn each_relationship_has_its_word() {
    use Relationship::{Friend, Home, Pending, Shared};
    for (relationship, word) in [(Shared, "shared"), (Friend, "friend"), (Home, "home"), (Pending, "pending")] {
        assert_eq!((relationship.word(), Relationship::named(word)), (word, Some(relationship)));
    }
    for unknown in ["", "Shared", "friends"] {
        assert_eq!(Relationship::named(unknown), None, "{unknown}");
    }
}

#[test]
fn a_reference_is_shown_as_it_is_written() {
    for (reference, shown, login) in [
        (PlexRef::parse("7"), "7", None),
        (PlexRef::parse("alice@example.org"), "alice@example.org", Some("alice@example.org")),
        (PlexRef::Member("Alice".into()), "Alice", Some("Alice")),
        (PlexRef::parse("+7"), "+7", Some("+7")),
        (PlexRef::parse("18446744073709551616"), "18446744073709551616", Some("18446744073709551616")),
    ] {
        assert_eq!((reference.to_string().as_str(), reference.login()), (shown, login));
    }
}

#[test]
fn an_account_is_nameless_only_without_username_and_address() {
    let nameless = |username: Option<&str>, email: Option<&str>| {
        let (username, email) = (username.map(str::to_owned), email.map(str::to_owned));
        PlexUser { id: PlexId(1), username, email }.is_nameless()
    };
    assert!(
        nameless(None, None) && nameless(Some(""), None) && nameless(None, Some("")) && nameless(Some(""), Some(""))
    );
    assert!(!nameless(Some("a"), None) && !nameless(None, Some("a")) && !nameless(Some("a"), Some("")));
}

#[test]
fn a_loss_says_how_many_of_how_many() {
    let loss = |missing: u64, of| Loss { missing: (1..=missing).map(PlexId).collect::<BTreeSet<_>>(), of };
    assert_eq!(loss(1, 1).to_string(), "1 of 1 person who had access");
    assert_eq!(loss(0, 2).to_string(), "0 of 2 people who had access");
    for (missing, of, suspect) in [
        (0, 0, false),
        (0, 1, false),
        (1, 1, true),
        (1, 2, false),
        (2, 2, true),
        (1, 3, false),
        (2, 3, true),
        (2, 4, false),
    ] {
        assert_eq!(loss(missing, of).is_suspect(), suspect, "{missing} of {of}");
    }
}

#[test]
fn the_first_uid_of_people_is_managed_and_the_last_of_the_system_is_not() {
    let users = [("alice".to_owned(), PlexRef::Id(PlexId(7)))].into();
    let managed = |uid, uid_min| {
        let account = Account { name: "alice".into(), uid, in_group: false };
        resolve_account(Some(&account), uid_min, &users)
    };
    assert_eq!(managed(1000, 1000), Ok(PlexRef::Id(PlexId(7))));
    assert_eq!(managed(999, 1000), Err(Reason::SystemAccount));
    assert_eq!(managed(0, 0), Err(Reason::SystemAccount));
    assert_eq!(managed(1, 0), Ok(PlexRef::Id(PlexId(7))));
}

#[test]
fn a_caller_of_an_account_that_does_not_exist_is_root_or_trusted() {
    assert_eq!(authorize_caller(0, false, None), Ok(()));
    assert_eq!(authorize_caller(33, true, None), Ok(()));
    assert_eq!(authorize_caller(1, false, None), Err(Reason::NotYourAccount));
}

#[test]
fn r22_each_separator_in_a_code_is_left_out_and_its_neighbours_are_not() {
    let spans = [
        ('-', '-'),
        ('\u{ad}', '\u{ad}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{2010}', '\u{2015}'),
        ('\u{202a}', '\u{202e}'),
        ('\u{2060}', '\u{2060}'),
        ('\u{2066}', '\u{2069}'),
        ('\u{2212}', '\u{2212}'),
        ('\u{fe63}', '\u{fe63}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{ff0d}', '\u{ff0d}'),
    ];
    for (first, last) in spans {
        for separator in first..=last {
            assert_eq!(verification_code(&format!("123{separator}456")).as_deref(), Some("123456"), "{separator:?}");
        }
    }
    for other in
        ['.', ',', '\u{2016}', '\u{2061}', '\u{2065}', '\u{206a}', '\u{2211}', '\u{2213}', '\u{ff0e}', '\u{fe62}', 'x']
    {
        assert_eq!(verification_code(&format!("123{other}456")), None, "{other:?}");
    }
}
