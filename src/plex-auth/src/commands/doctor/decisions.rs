//! plex-authd's own decision about each managed account, by cause (R79).

use std::collections::{BTreeMap, BTreeSet};

use config::Config;
use nix::unistd::User;
use policy::Reason;
use protocol::{AccountDecision, AdminRequest, Standing, TraceStep};

use super::names::{number, quoted};
use super::shadow;
use crate::client::daemon::Daemon;
use crate::client::trace;
use crate::context::Context;
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// Placeholder in hints for several accounts.
const NAME: &str = "NAME";

/// Why an account cannot be used, or why it can.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Permitted,
    /// There is no owner's token, and nobody has signed in to it yet.
    FirstSignIn,
    /// Its friend no longer has access, and `user sync` has locked it.
    Former,
    /// Its friend has access again, and the lock is still there.
    StillLocked,
    /// Another Plex account has its name now than at the first login.
    Renamed,
    /// Its Plex account has no access.
    NoAccess(String),
    /// Anything else, with the reason.
    Refused(String),
}

/// Reports the accounts that plex-authd refuses. `unbound` have been reported. Without plex-authd, which is another check's
/// finding, nothing is known.
pub(super) fn check(
    context: &Context,
    config: &Config,
    users: &[User],
    unbound: &BTreeSet<String>,
    checks: &mut Checks,
) {
    let daemon = Daemon::open(&context.socket);
    let decisions = daemon.and_then(|daemon| daemon.patient().list::<AccountDecision>(AdminRequest::Decisions));
    let Ok(decisions) = decisions else { return };
    let locked = shadow::locked_by_sync(users);
    let mut found: BTreeMap<Cause, Vec<&AccountDecision>> = BTreeMap::new();
    for decision in decisions.iter().filter(|decision| !unbound.contains(&decision.user)) {
        found.entry(cause(decision, &locked)).or_default().push(decision);
    }
    for (cause, theirs) in &found {
        let names: Vec<_> = theirs.iter().map(|decision| decision.user.as_str()).collect();
        report(cause, theirs, &names, context, config, checks);
    }
}

fn cause(decision: &AccountDecision, locked: &BTreeSet<String>) -> Cause {
    let steps = &decision.trace.steps;
    let is_permitted = steps.iter().any(|step| matches!(step, TraceStep::Permitted(_)));
    let reason = reason(decision).to_owned();
    let no_access = steps.iter().any(|step| {
        matches!(step, TraceStep::NotFound(_) | TraceStep::Standing(Standing::Pending | Standing::NoAccess))
    });
    let is_renamed = steps.iter().any(|step| matches!(step, TraceStep::Refused { renamed: true, .. }));
    match (is_permitted, decision.has_access, locked.contains(&decision.user)) {
        (true, true, false) => Cause::Permitted,
        (true, true, true) => Cause::StillLocked,
        (true, false, _) if decision.trace.reason == Reason::NoSignInYet.to_string() => Cause::FirstSignIn,
        (false, _, true) if no_access => Cause::Former,
        (false, ..) if is_renamed => Cause::Renamed,
        (false, ..) if no_access => Cause::NoAccess(reason),
        (true, false, _) => Cause::Refused(decision.trace.reason.clone()),
        (false, ..) => Cause::Refused(reason),
    }
}

/// The reason of the step that refuses the account, or else of the decision.
fn reason(decision: &AccountDecision) -> &str {
    let refused = decision.trace.steps.iter().rev().find_map(|step| match step {
        TraceStep::Refused { reason, .. } | TraceStep::NoList(reason) => Some(reason),
        _ => None,
    });
    refused.unwrap_or(&decision.trace.reason)
}

fn report(
    cause: &Cause,
    decisions: &[&AccountDecision],
    names: &[&str],
    context: &Context,
    config: &Config,
    checks: &mut Checks,
) {
    let shown = quoted(names);
    match cause {
        Cause::Permitted => checks.ok(CHECK, format!("{} can sign in with Plex", listed(names))),
        Cause::FirstSignIn => {
            let what = format!("nobody has signed in yet to {shown}: until then keys and cron are refused");
            checks.info(CHECK, what, "each friend signs in once with the Plex password");
        }
        Cause::Former => {
            let what = format!(
                "{shown} no longer {} access, and plex-auth has locked the account",
                number(names, "has", "have")
            );
            checks.info(CHECK, what, "nothing to do: `plex-auth user sync` unlocks it when they have access again");
        }
        Cause::StillLocked => {
            let what = format!(
                "{shown} {} access again, and the account is still locked by plex-auth",
                number(names, "has", "have")
            );
            checks.warning(CHECK, what, "run: plex-auth user sync");
        }
        Cause::NoAccess(reason) => {
            let fix = hint(decisions, names, config, context);
            let hint = format!("{fix}; or lock the accounts of people without access: plex-auth user sync");
            checks.warning(CHECK, format!("{shown} cannot sign in: {reason}"), hint);
        }
        Cause::Renamed => {
            // The reason has the ids of one account.
            let why = match decisions {
                [one] => reason(one),
                _ => "other Plex accounts have these names now than at the first logins",
            };
            checks.error(CHECK, format!("{shown} cannot sign in: {why}"), hint(decisions, names, config, context));
        }
        // One cause has one finding: without a list, nobody is decided about.
        Cause::Refused(_) if checks.has_problem("friend list") && decisions.iter().all(|one| has_no_list(one)) => {}
        Cause::Refused(reason) => {
            checks.error(CHECK, format!("{shown} cannot sign in: {reason}"), hint(decisions, names, config, context));
        }
    }
}

fn has_no_list(decision: &AccountDecision) -> bool {
    decision.trace.steps.iter().any(|step| matches!(step, TraceStep::NoList(_)))
}

/// The fix of the first step that refuses them, as `plex-auth test` shows it.
fn hint(decisions: &[&AccountDecision], names: &[&str], config: &Config, context: &Context) -> String {
    let user = if let [name] = names { name } else { NAME };
    let steps = decisions.first().map_or(&[][..], |decision| &decision.trace.steps);
    let checks = trace::checks(steps, user, Some(config), &context.config);
    // doctor is running.
    let is_other = |fix: &&str| !fix.contains("plex-auth doctor");
    let fix = checks.iter().filter(|check| check.is_error()).find_map(|check| check.fix().filter(is_other));
    fix.map_or_else(|| format!("see: plex-auth test {user}"), str::to_owned)
}

/// The names, or their number if there are many.
fn listed(names: &[&str]) -> String {
    if names.len() <= 8 { names.join(", ") } else { format!("{} accounts", names.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Trace;

    fn decision(has_access: bool, reason: &str, steps: Vec<TraceStep>) -> AccountDecision {
        AccountDecision { user: "alice".into(), has_access, trace: Trace { steps, reason: reason.into() } }
    }

    #[test]
    fn r79_each_refusal_has_its_cause_and_a_lock_of_sync_is_no_fault() {
        let refused = |reason: &str| TraceStep::Refused { reason: reason.into(), renamed: false };
        let permitted = || TraceStep::Permitted("alice@example.org".into());
        let renamed = vec![TraceStep::Refused { reason: "it is 3's now".into(), renamed: true }];
        let gone = || vec![TraceStep::NotFound("alice".into()), refused("no friend")];
        let (open, locked) = (BTreeSet::new(), BTreeSet::from(["alice".to_owned()]));
        let first = Reason::NoSignInYet.to_string();
        let cases = [
            (decision(true, "on the list", vec![permitted()]), &open, Cause::Permitted),
            (decision(true, "on the list", vec![permitted()]), &locked, Cause::StillLocked),
            (decision(false, &first, vec![permitted()]), &open, Cause::FirstSignIn),
            (decision(false, "too old", vec![permitted()]), &open, Cause::Refused("too old".into())),
            (decision(false, "no friend", gone()), &open, Cause::NoAccess("no friend".into())),
            (decision(false, "no friend", gone()), &locked, Cause::Former),
            (decision(false, "renamed", renamed), &open, Cause::Renamed),
            (
                decision(false, "x", vec![refused("two have that name")]),
                &locked,
                Cause::Refused("two have that name".into()),
            ),
            (decision(true, "x", vec![TraceStep::NoList("no list".into())]), &open, Cause::Refused("no list".into())),
            (decision(false, "x", Vec::new()), &open, Cause::Refused("x".into())),
        ];
        for (decision, locked, expected) in cases {
            assert_eq!(cause(&decision, locked), expected, "{decision:?}");
        }
    }
}
