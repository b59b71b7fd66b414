//! What must come of a stack, whoever stands at the door.

use super::Kind;
use super::evaluate::evaluate;
use super::include::{Module, Step, What};
use super::modules::{Subject, UnknownModules, answer, is_for_guests};
use super::return_code::Code;

/// What a stack does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A line that libpam does not understand.
    Broken,
    /// A right local password, or a good local account, is refused.
    LocalRefused,
    /// The same while plex-authd or plex.tv cannot be asked.
    LocalRefusedInOutage,
    /// root is refused.
    RootRefused,
    /// Somebody whom `pam_plex` accepts is refused.
    PlexRefused,
    /// Somebody gets in whom `pam_plex` denies, or whose password is wrong everywhere.
    DeniedAccepted,
    /// Somebody whom nobody knows gets in.
    UnknownAccepted,
    /// A Plex account gets in while nobody can say whether it may.
    OutageAccepted,
    /// A local account that has expired gets in.
    ExpiredAccepted,
    /// An expired local password keeps `pam_plex` from being asked.
    ExpiredPasswordSkips,
    /// There is no `pam_unix` to try first.
    NoLocalFallback,
    /// Local passwords are shown to Plex before they are tried here.
    PlexFirst,
    /// Signing in knows Plex, but who was removed is not turned away.
    NoAccountLine,
}

impl Fault {
    /// Whether it is about local accounts alone.
    fn is_local(self) -> bool {
        use Fault::{ExpiredAccepted, LocalRefused, LocalRefusedInOutage, RootRefused};
        matches!(self, LocalRefused | LocalRefusedInOutage | RootRefused | ExpiredAccepted)
    }
}

/// Who comes, what the modules say, and what must come of it.
struct Scenario {
    somebody: Subject,
    must: Must,
    otherwise: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Must {
    ComeIn,
    StayOut,
    /// Not even by way of a new password.
    StayOutForGood,
}

const NOBODY: Subject =
    Subject { unix: Code::AUTH_ERR, plex: Code::USER_UNKNOWN, root: false, member: false, guest: false };

fn scenario(somebody: Subject, must: Must, otherwise: Fault) -> Scenario {
    Scenario { somebody, must, otherwise }
}

/// `both` is whether those of Plex who have a local password, too, may come in by the one of Plex.
fn auth_scenarios(both: bool) -> Vec<Scenario> {
    let local = Subject { unix: Code::SUCCESS, ..NOBODY };
    let guest = Subject { member: true, guest: true, ..NOBODY };
    let with_both = Subject { guest: false, ..guest };
    let mut scenes = vec![
        scenario(local, Must::ComeIn, Fault::LocalRefused),
        scenario(Subject { plex: Code::AUTHINFO_UNAVAIL, ..local }, Must::ComeIn, Fault::LocalRefusedInOutage),
        scenario(Subject { root: true, ..local }, Must::ComeIn, Fault::RootRefused),
        scenario(Subject { plex: Code::SUCCESS, ..guest }, Must::ComeIn, Fault::PlexRefused),
        scenario(NOBODY, Must::StayOut, Fault::DeniedAccepted),
        scenario(Subject { root: true, ..NOBODY }, Must::StayOut, Fault::DeniedAccepted),
    ];
    let refusals = [
        Code::AUTH_ERR,
        Code::PERM_DENIED,
        Code::MAXTRIES,
        Code::CONV_ERR,
        Code::SERVICE_ERR,
        Code::MODULE_UNKNOWN,
        Code::USER_UNKNOWN,
    ];
    if both {
        scenes.push(scenario(Subject { plex: Code::SUCCESS, ..with_both }, Must::ComeIn, Fault::PlexRefused));
    }
    for managed in [guest, with_both] {
        let refused = |plex| scenario(Subject { plex, ..managed }, Must::StayOut, Fault::DeniedAccepted);
        scenes.extend(refusals.map(refused));
        let outage = Subject { plex: Code::AUTHINFO_UNAVAIL, ..managed };
        scenes.push(scenario(outage, Must::StayOut, Fault::OutageAccepted));
    }
    for plex in [Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL] {
        let stranger = Subject { unix: Code::USER_UNKNOWN, plex, ..NOBODY };
        scenes.push(scenario(stranger, Must::StayOut, Fault::UnknownAccepted));
    }
    scenes
}

fn account_scenarios() -> Vec<Scenario> {
    let local = Subject { unix: Code::SUCCESS, plex: Code::IGNORE, ..NOBODY };
    let guest = Subject { plex: Code::SUCCESS, member: true, guest: true, ..local };
    let removed = Subject { plex: Code::PERM_DENIED, ..guest };
    let outage = Code::AUTHINFO_UNAVAIL;
    vec![
        scenario(local, Must::ComeIn, Fault::LocalRefused),
        scenario(Subject { plex: outage, ..local }, Must::ComeIn, Fault::LocalRefusedInOutage),
        scenario(Subject { root: true, plex: outage, ..local }, Must::ComeIn, Fault::RootRefused),
        scenario(guest, Must::ComeIn, Fault::PlexRefused),
        scenario(removed, Must::StayOut, Fault::DeniedAccepted),
        scenario(Subject { member: false, ..removed }, Must::StayOut, Fault::DeniedAccepted),
        scenario(Subject { plex: Code::SERVICE_ERR, ..guest }, Must::StayOut, Fault::DeniedAccepted),
        scenario(Subject { plex: outage, ..guest }, Must::StayOut, Fault::OutageAccepted),
        scenario(Subject { unix: Code::ACCT_EXPIRED, ..guest }, Must::StayOut, Fault::ExpiredAccepted),
        scenario(Subject { unix: Code::ACCT_EXPIRED, ..local }, Must::StayOut, Fault::ExpiredAccepted),
        scenario(
            Subject { unix: Code::NEW_AUTHTOK_REQD, ..removed },
            Must::StayOutForGood,
            Fault::ExpiredPasswordSkips,
        ),
    ]
}

/// Everything that is wrong with a stack in which `pam_plex` has a say.
pub fn faults(kind: Kind, steps: &[Step], group: Option<&str>) -> Vec<Fault> {
    let is_for_all = |module: &Module| module.name() == "pam_plex" && !is_for_guests(module);
    let for_all = steps.iter().position(|step| step.module().is_some_and(is_for_all));
    let scenes = if kind == Kind::Auth { auth_scenarios(for_all.is_some()) } else { account_scenarios() };
    let mut found: Vec<_> = scenes
        .iter()
        .filter(|scenario| !holds(kind, steps, group, scenario))
        .map(|scenario| scenario.otherwise)
        .collect();
    let place = |name: &str| steps.iter().position(|step| step.asks(name));
    match (place("pam_unix"), for_all) {
        // Nobody's local account was meant to come in by it.
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
    if steps.iter().any(|step| matches!(step.what, What::Broken(_))) {
        // What comes of it says nothing of its own.
        found = vec![Fault::Broken];
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn holds(kind: Kind, steps: &[Step], group: Option<&str>, scenario: &Scenario) -> bool {
    let comes_to = |guess| evaluate(steps, &|module| answer(kind, module, scenario.somebody, group, guess));
    match scenario.must {
        Must::ComeIn => UnknownModules::ALL.into_iter().any(|guess| comes_to(guess) == Code::SUCCESS),
        // Who has a password elsewhere may well come in by it; that is not what is looked for.
        Must::StayOut => {
            [UnknownModules::Content, UnknownModules::Silent].into_iter().all(|guess| comes_to(guess) != Code::SUCCESS)
        }
        Must::StayOutForGood => [UnknownModules::Content, UnknownModules::Silent]
            .into_iter()
            .all(|guess| ![Code::SUCCESS, Code::NEW_AUTHTOK_REQD].contains(&comes_to(guess))),
    }
}
