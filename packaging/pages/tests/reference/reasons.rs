//! Every reason for a verdict in the code.

use std::collections::BTreeSet;

use policy::{Outcome, Phase, PlexId, Reason};

/// Each reason, with all variants of those that have several texts.
fn every() -> Vec<Reason> {
    use Reason as R;
    let (one, other) = (PlexId(1), PlexId(2));
    vec![
        R::NoLocalAccount,
        R::SystemAccount,
        R::NotManaged,
        R::LocalFirst,
        R::ChangedAtPlex,
        R::NotYourAccount,
        R::EmptyPassword,
        R::LongPassword,
        R::ControlByte,
        R::NotUtf8,
        R::TooManyTries,
        R::NotOnList,
        R::Ambiguous,
        R::Pending,
        R::NoAccess,
        R::OwnerNotAdmin,
        R::NoLoginName,
        R::WrongPassword,
        R::WrongCode,
        R::CodeWanted,
        R::NotApproved,
        R::CodeExpired,
        R::LinkNotOffered,
        R::TooManyLinkCodes,
        R::EmailOnly,
        R::Forbidden,
        R::AddressBlocked,
        R::RateLimited,
        R::BudgetSpent,
        R::AccountBusy,
        R::ServerRefuses,
        R::ListTooOld,
        R::NoSignInYet,
        R::NoSlot,
        R::PromptFailed,
        R::Renamed { pinned: one, now: other },
        R::WrongPerson { expected: Some(one), signed_in: other },
        R::WrongPerson { expected: None, signed_in: other },
        R::Unreachable("…".into()),
        R::Unavailable("…".into()),
        R::AccountsUnreadable("…".into()),
        R::OtherVersion(1),
    ]
}

/// Names of an enum's variants, from its source.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let lines = body.split("\n}\n").next().unwrap().lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(char::is_uppercase));
    names.map(|line| line.split([',', ' ', '(']).next().unwrap().to_owned()).collect()
}

/// A reason as written in the page: `N` stands for numbers.
fn shown(reason: &Reason) -> String {
    let text = reason.to_string().replace("Plex id 1", "Plex id N").replace("belongs to 2", "belongs to N");
    let text = text.replace("version 1 of", "version N of");
    text.replace("put 2 into", "put N into").replace("in id 2", "in id N").replace("to id 1", "to id N")
}

/// Outcome in the log, and text, of each refusal.
pub fn refusals() -> Vec<(String, String)> {
    let every = every();
    let name = |reason: &Reason| format!("{reason:?}").split([' ', '(']).next().unwrap().to_owned();
    let there_are = variants(include_str!("../../../../src/policy/src/denial.rs"), "Reason");
    assert_eq!(every.iter().map(name).collect::<BTreeSet<_>>(), there_are, "a reason is missing here");
    let word = |reason: &Reason| match reason.outcome(Phase::Authenticate) {
        Outcome::NotManaged => "not-managed",
        Outcome::LocalFirst => "local-first",
        Outcome::Unavailable => "unavailable",
        Outcome::Throttled => "throttled",
        Outcome::Success | Outcome::WrongSecret | Outcome::NotAllowed | Outcome::ConversationFailed => "denied",
    };
    every.iter().map(|reason| (word(reason).to_owned(), shown(reason))).collect()
}

/// Texts for accepted logins, from the daemon's source: a program cannot be used as a library.
pub fn acceptances() -> Vec<String> {
    let source = include_str!("../../../../src/plex-authd/src/auth/outcome.rs");
    let (_, display) = source.split_once("impl fmt::Display for Evidence {").unwrap();
    let texts = display.split('"').skip(1).step_by(2);
    texts.map(|text| text.replace("{why}", "…")).collect()
}
