//! The decision against its model.

use policy::{Outcome, Phase, Reason};
use proptest::test_runner::{TestCaseError, TestError};

use crate::daemon::{self, Evidence, SignInResult};
use crate::reading;
use crate::tally::Tally;
use crate::worlds::{World, worlds};

/// Every outcome, and every reason and way in that the policy knows: what must be seen at least five times in a
/// thousand worlds, and at least once in a thousand.
const OFTEN: [&str; 17] = [
    "sign-in: Success",
    "sign-in: WrongSecret",
    "sign-in: NotAllowed",
    "sign-in: NotManaged",
    "sign-in: Throttled",
    "sign-in: Unavailable",
    "sign-in: ConversationFailed",
    "by Plex",
    "by CachedPassword",
    "by Offline",
    "the password was sent",
    "the password stayed",
    "account: Success",
    "account: NotAllowed",
    "account: NotManaged",
    "account: the owner's",
    "account: a friend's",
];
const SOMETIMES: [&str; 17] = [
    "why not: Ambiguous",
    "why not: ControlByte",
    "why not: EmptyPassword",
    "why not: LongPassword",
    "why not: NoAccess",
    "why not: NoLocalAccount",
    "why not: NoLoginName",
    "why not: NotManaged",
    "why not: NotOnList",
    "why not: NotYourAccount",
    "why not: OwnerNotAdmin",
    "why not: Pending",
    "why not: Renamed",
    "why not: SystemAccount",
    "why not: Unbound",
    "why not: WrongPerson",
    "may be remembered",
];

#[test]
fn r33_r36_r61_policy_and_independent_model_agree_in_every_world() {
    let mut runner = crate::runner(100_000);
    let tally = Tally::default();
    let outcome = runner.run(&worlds(), |world| compare(&world, &tally).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, world)) => panic!("{why}\n{world:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let worlds = runner.config().cases;
    tally.print(worlds);
    tally.demand(worlds, 50, &OFTEN);
    tally.demand(worlds, 10, &SOMETIMES);
}

fn compare(world: &World, tally: &Tally) -> Result<(), String> {
    let (ended, expected) = (daemon::sign_in(world), reading::sign_in(world));
    count(&ended, tally);
    let agree = outcome(&ended.verdict) == expected.outcome
        && ended.sent.as_deref().is_none_or(|login| expected.may_send.contains(login))
        && ended.pin.as_ref().map(|pin| (pin.id.0, pin.reference.clone())) == expected.pinned
        && ended.remember == expected.remember;
    if !agree {
        return Err(format!("sign-in: the policy says {ended:?}, the design {expected:?}"));
    }
    let ((today, owners), expected) = (daemon::account_phase(world), reading::account_phase(world));
    let today_outcome = today.as_ref().map_or_else(|why| why.outcome(Phase::Account), |()| Outcome::Success);
    tally.note(format!("account: {today_outcome:?}"));
    if today.is_ok() {
        tally.note(if owners { "account: the owner's" } else { "account: a friend's" });
    }
    if today_outcome != expected {
        return Err(format!("account phase: the policy says {today:?}, the design {expected:?}"));
    }
    Ok(())
}

fn count(ended: &SignInResult, tally: &Tally) {
    tally.note(format!("sign-in: {:?}", outcome(&ended.verdict)));
    tally.note(if ended.sent.is_some() { "the password was sent" } else { "the password stayed" });
    if ended.remember {
        tally.note("may be remembered");
    }
    match &ended.verdict {
        Ok(by @ (Evidence::Plex | Evidence::CachedPassword | Evidence::Offline)) => tally.note(format!("by {by:?}")),
        Err(why) => {
            let why = format!("{why:?}");
            tally.note(format!("why not: {}", why.split([' ', '(']).next().unwrap_or_default()));
        }
    }
}

fn outcome<T>(verdict: &Result<T, Reason>) -> Outcome {
    verdict.as_ref().map_or_else(|why| why.outcome(Phase::Authenticate), |_| Outcome::Success)
}
