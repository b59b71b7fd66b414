//! The outcome of each reason.

use policy::{Outcome, Phase, Reason};
use strum::IntoEnumIterator;

/// The design's table, written a second time, so that a change of either shows.
#[test]
fn r18_r36_every_reason_has_its_outcome_and_none_of_them_is_success() {
    let table = [
        (Outcome::NotManaged, "NoLocalAccount SystemAccount NotManaged"),
        (Outcome::LocalFirst, "LocalFirst"),
        (
            Outcome::WrongSecret,
            "EmptyPassword LongPassword ControlByte NotUtf8 WrongPassword WrongCode CodeWanted NotApproved LinkPromptFailed \
             CodeExpired EmailOnly",
        ),
        (
            Outcome::NotAllowed,
            "NotYourAccount ChangedAtPlex NotOnList Ambiguous Pending NoAccess OwnerNotAdmin Renamed Unbound WrongPerson NoLoginName Forbidden \
             ServerRefuses",
        ),
        (
            Outcome::Throttled,
            "TooManyTries TooManyLinkCodes AddressBlocked RateLimited BudgetSpent SignInsSpent LinkCodesSpent",
        ),
        (
            Outcome::Unavailable,
            "LinkNotOffered AccountBusy ListTooOld ClockBehind NoSignInYet Unreachable AccountsUnreadable OtherVersion NoSlot Unavailable",
        ),
        (Outcome::ConversationFailed, "PromptFailed"),
    ];
    for reason in Reason::iter() {
        let name: &str = (&reason).into();
        let row = table.iter().find(|(_, names)| names.split_whitespace().any(|known| known == name));
        let outcome = row.map(|(outcome, _)| *outcome);
        assert_eq!(outcome, Some(reason.outcome(Phase::Authenticate)), "{name}");
        // R65: an account phase allows, denies, or is not ours; nothing that decides nothing is anything but a denial.
        let account = if outcome == Some(Outcome::NotManaged) { Outcome::NotManaged } else { Outcome::NotAllowed };
        assert_eq!(reason.outcome(Phase::Account), account, "{name}");
        // R69: plex.tv's absence, and nothing that anybody else could bring about.
        assert_eq!(reason.opens_offline_cache(), name == "Unreachable", "{name}");
        let password = if name == "AccountsUnreadable" { Some(Outcome::NotAllowed) } else { outcome };
        assert_eq!(Some(reason.outcome(Phase::Password)), password, "{name}");
        assert_eq!(reason.is_lookup_miss(), ["NotOnList", "Pending", "NoAccess", "Renamed"].contains(&name), "{name}");
        // Nobody is put in back-off for not being a friend.
        let typed = outcome == Some(Outcome::WrongSecret) || name == "WrongPerson";
        assert_eq!(reason.is_about_the_password(), typed, "{name}");
        // R72: after plex.tv's yes, nothing stored about the user is deleted.
        assert_eq!(reason.is_only_the_media_servers(), name == "ServerRefuses", "{name}");
        // A message of its own, or one with the text of an error.
        let has_text = matches!(reason, Reason::Unreachable(_) | Reason::Unavailable(_));
        assert!(has_text || !reason.to_string().is_empty(), "{name}");
        assert!(!reason.to_string().contains('\n'), "{name}");
    }
    assert_eq!(Reason::iter().count(), table.iter().map(|(_, names)| names.split_whitespace().count()).sum());
}
