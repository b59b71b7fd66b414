//! Scenarios that a PAM stack must handle: a user, the modules' return codes, and the required result.

use super::evaluate::evaluate;
use super::include::{Content, Module, Step};
use super::kind::Kind;
use super::modules::{Subject, UnknownModules, answer, is_for_guests};
use super::return_code::Code;

/// A fault of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A line that libpam does not understand.
    Broken,
    /// A right local password, or a good local account, is refused.
    LocalRefused,
    /// A right local password, or a good local account, is refused while plex-authd or plex.tv is unavailable.
    LocalRefusedInOutage,
    /// root is refused.
    RootRefused,
    /// A user whom `pam_plex` accepts is refused.
    PlexRefused,
    /// A user gets in whom `pam_plex` denies, or whose password is wrong everywhere.
    DeniedAccepted,
    /// A user whom no module knows gets in.
    UnknownAccepted,
    /// A Plex account gets in during an outage, when its access is unknown.
    OutageAccepted,
    /// A local account that has expired gets in.
    ExpiredAccepted,
    /// An expired local password ends the account phase before `pam_plex`.
    ExpiredPasswordSkips,
    /// There is no `pam_unix` to try first.
    NoLocalFallback,
    /// `pam_plex` is before `pam_unix`, so local passwords are sent to Plex first, and every right one has the delay of a
    /// refusal.
    PlexFirst,
    /// Plex passwords are accepted, but the account phase does not refuse former friends.
    NoAccountLine,
}

impl Fault {
    /// Is it about local accounts only?
    fn is_local(self) -> bool {
        use Fault::{ExpiredAccepted, LocalRefused, LocalRefusedInOutage, RootRefused};
        matches!(self, LocalRefused | LocalRefusedInOutage | RootRefused | ExpiredAccepted)
    }
}

/// A user, the required result, and the fault of a stack with another result.
struct Scenario {
    subject: Subject,
    required: Required,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Required {
    Granted,
    Refused,
    /// Refused, and without the chance to set a new password.
    RefusedForGood,
}

const NOBODY: Subject =
    Subject { unix: Code::AUTH_ERR, plex: Code::USER_UNKNOWN, root: false, member: false, guest: false };

fn scenario(subject: Subject, required: Required, fault: Fault) -> Scenario {
    Scenario { subject, required, fault }
}

/// `both`: accounts with a local password can also sign in with the one of Plex.
fn auth_scenarios(both: bool) -> Vec<Scenario> {
    let local = Subject { unix: Code::SUCCESS, ..NOBODY };
    let guest = Subject { member: true, guest: true, ..NOBODY };
    let with_both = Subject { guest: false, ..guest };
    let mut scenarios = vec![
        scenario(local, Required::Granted, Fault::LocalRefused),
        scenario(Subject { plex: Code::AUTHINFO_UNAVAIL, ..local }, Required::Granted, Fault::LocalRefusedInOutage),
        scenario(Subject { root: true, ..local }, Required::Granted, Fault::RootRefused),
        scenario(Subject { plex: Code::SUCCESS, ..guest }, Required::Granted, Fault::PlexRefused),
        scenario(NOBODY, Required::Refused, Fault::DeniedAccepted),
        scenario(Subject { root: true, ..NOBODY }, Required::Refused, Fault::DeniedAccepted),
    ];
    let refusals = [Code::AUTH_ERR, Code::CONV_ERR, Code::SERVICE_ERR, Code::MODULE_UNKNOWN, Code::USER_UNKNOWN];
    if both {
        scenarios.push(scenario(Subject { plex: Code::SUCCESS, ..with_both }, Required::Granted, Fault::PlexRefused));
    }
    for managed in [guest, with_both] {
        let refused = |plex| scenario(Subject { plex, ..managed }, Required::Refused, Fault::DeniedAccepted);
        scenarios.extend(refusals.map(refused));
        let outage = Subject { plex: Code::AUTHINFO_UNAVAIL, ..managed };
        scenarios.push(scenario(outage, Required::Refused, Fault::OutageAccepted));
    }
    for plex in [Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL] {
        let stranger = Subject { unix: Code::USER_UNKNOWN, plex, ..NOBODY };
        scenarios.push(scenario(stranger, Required::Refused, Fault::UnknownAccepted));
    }
    scenarios
}

fn account_scenarios() -> Vec<Scenario> {
    let local = Subject { unix: Code::SUCCESS, plex: Code::IGNORE, ..NOBODY };
    let guest = Subject { plex: Code::SUCCESS, member: true, ..local };
    let removed = Subject { plex: Code::PERM_DENIED, ..guest };
    let outage = Code::AUTHINFO_UNAVAIL;
    vec![
        scenario(local, Required::Granted, Fault::LocalRefused),
        scenario(Subject { plex: outage, ..local }, Required::Granted, Fault::LocalRefusedInOutage),
        scenario(Subject { root: true, plex: outage, ..local }, Required::Granted, Fault::RootRefused),
        scenario(guest, Required::Granted, Fault::PlexRefused),
        scenario(removed, Required::Refused, Fault::DeniedAccepted),
        scenario(Subject { member: false, ..removed }, Required::Refused, Fault::DeniedAccepted),
        scenario(Subject { plex: Code::SERVICE_ERR, ..guest }, Required::Refused, Fault::DeniedAccepted),
        scenario(Subject { plex: outage, ..guest }, Required::Refused, Fault::OutageAccepted),
        scenario(Subject { unix: Code::ACCT_EXPIRED, ..guest }, Required::Refused, Fault::ExpiredAccepted),
        scenario(Subject { unix: Code::ACCT_EXPIRED, ..local }, Required::Refused, Fault::ExpiredAccepted),
        scenario(
            Subject { unix: Code::NEW_AUTHTOK_REQD, ..removed },
            Required::RefusedForGood,
            Fault::ExpiredPasswordSkips,
        ),
    ]
}

/// All faults of a stack that calls `pam_plex`. `group` is the group of accounts that sign in with Plex.
#[must_use]
pub fn faults(kind: Kind, steps: &[Step], group: Option<&str>) -> Vec<Fault> {
    let is_for_all = |module: &Module| module.name() == "pam_plex" && !is_for_guests(module);
    let for_all = steps.iter().position(|step| step.module().is_some_and(is_for_all));
    let scenarios = if kind == Kind::Auth { auth_scenarios(for_all.is_some()) } else { account_scenarios() };
    let mut found: Vec<_> = scenarios
        .iter()
        .filter(|scenario| !holds(kind, steps, group, scenario))
        .map(|scenario| scenario.fault)
        .collect();
    let place = |name: &str| steps.iter().position(|step| step.asks(name));
    match (place("pam_unix"), for_all) {
        // It is not meant for local accounts.
        (None, _) => {
            found.retain(|fault| !fault.is_local());
            found.extend((kind == Kind::Auth).then_some(Fault::NoLocalFallback));
        }
        (Some(unix), Some(plex)) if plex < unix && kind == Kind::Auth => found.push(Fault::PlexFirst),
        _ => {}
    }
    if found.contains(&Fault::DeniedAccepted) {
        found.retain(|fault| *fault != Fault::ExpiredPasswordSkips);
    }
    if steps.iter().any(|step| matches!(step.content, Content::Broken(_))) {
        // All other faults follow from it.
        found = vec![Fault::Broken];
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn holds(kind: Kind, steps: &[Step], group: Option<&str>, scenario: &Scenario) -> bool {
    let result = |unknown| evaluate(steps, &|module| answer(kind, module, scenario.subject, group, unknown));
    match scenario.required {
        Required::Granted => UnknownModules::ALL.into_iter().any(|unknown| result(unknown) == Code::SUCCESS),
        // Without `Everyone`: a user with a password elsewhere can sign in with that one.
        Required::Refused => [UnknownModules::Content, UnknownModules::Silent]
            .into_iter()
            .all(|unknown| result(unknown) != Code::SUCCESS),
        Required::RefusedForGood => [UnknownModules::Content, UnknownModules::Silent]
            .into_iter()
            .all(|unknown| ![Code::SUCCESS, Code::NEW_AUTHTOK_REQD].contains(&result(unknown))),
    }
}
