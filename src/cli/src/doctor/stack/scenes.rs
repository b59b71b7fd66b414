//! What must come of a stack, whoever stands at the door.

use super::Kind;
use super::code::Code;
use super::evaluate::evaluate;
use super::modules::{Guess, Somebody, answer, is_for_guests};
use super::tree::{Module, Step, What};

/// What a stack does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in super::super) enum Fault {
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
struct Scene {
    somebody: Somebody,
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

const NOBODY: Somebody =
    Somebody { unix: Code::AUTH_ERR, plex: Code::USER_UNKNOWN, root: false, member: false, guest: false };

fn scene(somebody: Somebody, must: Must, otherwise: Fault) -> Scene {
    Scene { somebody, must, otherwise }
}

/// `both` is whether those of Plex who have a local password, too, may come in by the one of Plex.
fn auth_scenes(both: bool) -> Vec<Scene> {
    let local = Somebody { unix: Code::SUCCESS, ..NOBODY };
    let guest = Somebody { member: true, guest: true, ..NOBODY };
    let with_both = Somebody { guest: false, ..guest };
    let mut scenes = vec![
        scene(local, Must::ComeIn, Fault::LocalRefused),
        scene(Somebody { plex: Code::AUTHINFO_UNAVAIL, ..local }, Must::ComeIn, Fault::LocalRefusedInOutage),
        scene(Somebody { root: true, ..local }, Must::ComeIn, Fault::RootRefused),
        scene(Somebody { plex: Code::SUCCESS, ..guest }, Must::ComeIn, Fault::PlexRefused),
        scene(NOBODY, Must::StayOut, Fault::DeniedAccepted),
        scene(Somebody { root: true, ..NOBODY }, Must::StayOut, Fault::DeniedAccepted),
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
        scenes.push(scene(Somebody { plex: Code::SUCCESS, ..with_both }, Must::ComeIn, Fault::PlexRefused));
    }
    for managed in [guest, with_both] {
        let refused = |plex| scene(Somebody { plex, ..managed }, Must::StayOut, Fault::DeniedAccepted);
        scenes.extend(refusals.map(refused));
        let outage = Somebody { plex: Code::AUTHINFO_UNAVAIL, ..managed };
        scenes.push(scene(outage, Must::StayOut, Fault::OutageAccepted));
    }
    for plex in [Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL] {
        let stranger = Somebody { unix: Code::USER_UNKNOWN, plex, ..NOBODY };
        scenes.push(scene(stranger, Must::StayOut, Fault::UnknownAccepted));
    }
    scenes
}

fn account_scenes() -> Vec<Scene> {
    let local = Somebody { unix: Code::SUCCESS, plex: Code::IGNORE, ..NOBODY };
    let guest = Somebody { plex: Code::SUCCESS, member: true, guest: true, ..local };
    let removed = Somebody { plex: Code::PERM_DENIED, ..guest };
    let outage = Code::AUTHINFO_UNAVAIL;
    vec![
        scene(local, Must::ComeIn, Fault::LocalRefused),
        scene(Somebody { plex: outage, ..local }, Must::ComeIn, Fault::LocalRefusedInOutage),
        scene(Somebody { root: true, plex: outage, ..local }, Must::ComeIn, Fault::RootRefused),
        scene(guest, Must::ComeIn, Fault::PlexRefused),
        scene(removed, Must::StayOut, Fault::DeniedAccepted),
        scene(Somebody { member: false, ..removed }, Must::StayOut, Fault::DeniedAccepted),
        scene(Somebody { plex: Code::SERVICE_ERR, ..guest }, Must::StayOut, Fault::DeniedAccepted),
        scene(Somebody { plex: outage, ..guest }, Must::StayOut, Fault::OutageAccepted),
        scene(Somebody { unix: Code::ACCT_EXPIRED, ..guest }, Must::StayOut, Fault::ExpiredAccepted),
        scene(Somebody { unix: Code::ACCT_EXPIRED, ..local }, Must::StayOut, Fault::ExpiredAccepted),
        scene(Somebody { unix: Code::NEW_AUTHTOK_REQD, ..removed }, Must::StayOutForGood, Fault::ExpiredPasswordSkips),
    ]
}

/// Everything that is wrong with a stack in which `pam_plex` has a say.
pub(in super::super) fn faults(kind: Kind, steps: &[Step], group: Option<&str>) -> Vec<Fault> {
    let is_for_all = |module: &Module| module.name() == "pam_plex" && !is_for_guests(module);
    let for_all = steps.iter().position(|step| step.module().is_some_and(is_for_all));
    let scenes = if kind == Kind::Auth { auth_scenes(for_all.is_some()) } else { account_scenes() };
    let mut found: Vec<_> =
        scenes.iter().filter(|scene| !holds(kind, steps, group, scene)).map(|scene| scene.otherwise).collect();
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

fn holds(kind: Kind, steps: &[Step], group: Option<&str>, scene: &Scene) -> bool {
    let comes_to = |guess| evaluate(steps, &|module| answer(kind, module, scene.somebody, group, guess));
    match scene.must {
        Must::ComeIn => Guess::ALL.into_iter().any(|guess| comes_to(guess) == Code::SUCCESS),
        // Who has a password elsewhere may well come in by it; that is not what is looked for.
        Must::StayOut => [Guess::Content, Guess::Silent].into_iter().all(|guess| comes_to(guess) != Code::SUCCESS),
        Must::StayOutForGood => [Guess::Content, Guess::Silent]
            .into_iter()
            .all(|guess| ![Code::SUCCESS, Code::NEW_AUTHTOK_REQD].contains(&comes_to(guess))),
    }
}
