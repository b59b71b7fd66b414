//! Checks of the PAM stacks that use `pam_plex`, and of the module's file.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use config::Config;

use super::shell::argument;
use super::{helpers, repair, service_names};
use crate::client::callers::{Caller, Callers};
use crate::context::Context;
use crate::ui::check::Checks;
use pam_stack::Kind;
use pam_stack::evaluate::evaluate;
use pam_stack::include::{Content, Module, Step, stack};
use pam_stack::modules::{Subject, UnknownModules, answer};
use pam_stack::return_code::Code;
use pam_stack::scenarios::{Fault, faults};

/// Name of the check.
const CHECK: &str = "PAM";

/// A service and the steps of its stacks.
pub(super) struct Service {
    pub name: String,
    auth: Vec<Step>,
    account: Vec<Step>,
    /// The user who is not root, as whom its program calls the module.
    pub caller: Option<Caller>,
}

impl Service {
    fn read(name: &str) -> Self {
        let steps = |kind| stack(name, kind, &file);
        Self { name: name.to_owned(), auth: steps(Kind::Auth), account: steps(Kind::Account), caller: None }
    }

    /// It accepts Plex passwords.
    pub(super) fn signs_in(&self) -> bool {
        self.auth.iter().any(|step| step.asks("pam_plex"))
    }

    /// It refuses users who have lost access.
    fn checks(&self) -> bool {
        self.account.iter().any(|step| step.asks("pam_plex"))
    }

    /// Those of these modules that stand behind `pam_plex` in authentication.
    pub(super) fn behind_plex<'a>(&self, modules: &[&'a str]) -> Vec<&'a str> {
        let mut behind = self.auth.iter().skip_while(|step| !step.asks("pam_plex"));
        let behind: BTreeSet<_> = behind.by_ref().filter_map(Step::module).map(Module::name).collect();
        modules.iter().copied().filter(|module| behind.contains(module)).collect()
    }

    fn steps(&self, kind: Kind) -> &[Step] {
        if kind == Kind::Auth { &self.auth } else { &self.account }
    }

    /// Faults of the two phases.
    fn faults(&self, group: &str) -> [(Kind, Vec<Fault>); 2] {
        let found = |kind| faults(kind, self.steps(kind), Some(group));
        let auth = if self.signs_in() { found(Kind::Auth) } else { Vec::new() };
        let account = if self.checks() { found(Kind::Account) } else { vec![Fault::NoAccountLine] };
        [(Kind::Auth, auth), (Kind::Account, account)]
    }
}

fn file(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Checks every service that uses `pam_plex`, and returns these.
pub(super) fn check(
    context: &Context,
    config: Option<&Config>,
    callers: &Callers,
    checks: &mut Checks,
) -> Vec<Service> {
    let mut services: Vec<_> =
        service_names::all().iter().map(|name| Service::read(name)).filter(|s| s.signs_in() || s.checks()).collect();
    for service in &mut services {
        service.caller = callers.of(&service.name);
    }
    if services.is_empty() {
        let hint = repair::enable();
        checks.error(CHECK, "no service uses pam_plex.so: nobody can sign in with Plex", hint);
        return services;
    }
    module(&services, checks);
    if modules(&services).any(|(_, _, module)| module.arguments.iter().any(|argument| argument == "plex_only")) {
        helpers::local_passwords(checks);
    }
    arguments(context, &services, checks);
    let group = config.and_then(|config| config.group.as_deref()).unwrap_or("plex-users");
    let mut wrong: BTreeMap<(Kind, Vec<Fault>), Vec<&Service>> = BTreeMap::new();
    let (mut right, mut plex_alone) = (Vec::new(), Vec::new());
    for service in &services {
        // pam_unix could check no password there, and would log each sign-in as a failure.
        let has_no_shadow = service.caller.as_ref().is_some_and(|caller| !caller.reads_shadow());
        let is_fault = |fault: &Fault| !(has_no_shadow && *fault == Fault::NoLocalFallback);
        let mut found = service
            .faults(group)
            .map(|(kind, faults)| (kind, faults.into_iter().filter(is_fault).collect::<Vec<_>>()))
            .to_vec();
        found.retain(|(_, faults)| !faults.is_empty());
        if found.is_empty() {
            let is_alone = has_no_shadow && !service.auth.iter().any(|step| step.asks("pam_unix"));
            if is_alone { &mut plex_alone } else { &mut right }.push(service.name.as_str());
        }
        for faults in found {
            wrong.entry(faults).or_default().push(service);
        }
    }
    for ((kind, faults), services) in wrong {
        report(kind, &faults, &services, group, checks);
    }
    if !right.is_empty() {
        let what = format!("{}: local passwords first, then Plex; denied users are refused", right.join(", "));
        checks.ok(CHECK, what);
    }
    if !plex_alone.is_empty() {
        checks.ok(CHECK, format!("{}: Plex alone; denied users are refused", plex_alone.join(", ")));
    }
    faillock(&services, checks);
    services
}

/// Reports the faults that the stacks of these services share: they have one cause.
fn report(kind: Kind, faults: &[Fault], services: &[&Service], group: &str, checks: &mut Checks) {
    let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
    let word = if kind == Kind::Auth { "auth" } else { "account" };
    let sentences: Vec<_> = faults.iter().map(|fault| sentence(*fault)).collect();
    let what = format!("{} ({word}): {}", names.join(", "), sentences.join("; "));
    let hint = match faults {
        [Fault::Broken, ..] => broken(services, kind),
        [Fault::ExpiredPasswordSkips] => {
            "use `account required pam_unix.so`, or put pam_plex.so before it; see /etc/pam.d/plex-auth".to_owned()
        }
        [Fault::PlexFirst] => format!("{}, or put pam_unix.so first", fixes(services, kind, faults, group)),
        _ => fixes(services, kind, faults, group),
    };
    let is_minor = |fault: &Fault| match fault {
        // A web server or a screen locker may well have no local users.
        Fault::NoLocalFallback => !names.iter().any(|name| service_names::DOORS.contains(name)),
        _ => false,
    };
    let is_warning = |fault: &Fault| matches!(fault, Fault::ExpiredPasswordSkips | Fault::PlexFirst);
    if faults.iter().all(is_minor) {
        checks.info(CHECK, what, hint);
    } else if faults.iter().all(|fault| is_minor(fault) || is_warning(fault)) {
        checks.warning(CHECK, what, hint);
    } else {
        checks.error(CHECK, what, hint);
    }
}

/// The fixes of these services' stacks, each once.
fn fixes(services: &[&Service], kind: Kind, faults: &[Fault], group: &str) -> String {
    let fix = |service: &&Service| repair::fix(&service.name, kind, service.steps(kind), faults, group);
    let fixes: BTreeSet<_> = services.iter().map(fix).collect();
    fixes.into_iter().collect::<Vec<_>>().join("; ")
}

fn sentence(fault: Fault) -> &'static str {
    match fault {
        Fault::Broken => "PAM cannot parse a line, so every login fails",
        Fault::LocalRefused => "local accounts are refused",
        Fault::LocalRefusedInOutage => "local accounts are refused while plex-authd is stopped",
        Fault::RootRefused => "root is refused",
        Fault::PlexRefused => "users whom plex.tv accepts are refused",
        Fault::DeniedAccepted => "users whom Plex denies, or wrong passwords, are accepted",
        Fault::UnknownAccepted => "unknown accounts are accepted",
        Fault::OutageAccepted => "while plex-authd is stopped, members of the group are accepted unchecked",
        Fault::ExpiredAccepted => "local accounts that have expired are accepted",
        Fault::ExpiredPasswordSkips => "an expired local password ends the phase before pam_plex.so is called",
        Fault::NoLocalFallback => "there is no pam_unix.so: without plex-authd nobody can log in, not even root",
        Fault::PlexFirst => {
            "pam_plex.so is before pam_unix.so: local passwords are sent to Plex before they are tried here, and every \
             right one is delayed by at least half a second"
        }
        Fault::NoAccountLine => "removed friends can still log in with a key, by cron or by sudo: no account line",
    }
}

/// Places of the malformed lines.
fn broken(services: &[&Service], kind: Kind) -> String {
    let steps = services.iter().flat_map(|service| service.steps(kind));
    let places: BTreeSet<_> = steps
        .filter_map(|step| match &step.content {
            Content::Broken(why) => Some(format!("{}:{}: {why}", step.file.display(), step.line)),
            _ => None,
        })
        .collect();
    format!("correct {}", places.into_iter().collect::<Vec<_>>().join("; "))
}

/// All steps that use the module.
fn modules(services: &[Service]) -> impl Iterator<Item = (&Service, &Step, &Module)> {
    let steps = services
        .iter()
        .flat_map(|service| service.auth.iter().chain(&service.account).map(move |step| (service, step)));
    steps.filter_map(|(service, step)| {
        Some((service, step, step.module().filter(|module| module.name() == "pam_plex")?))
    })
}

/// Checks that the module's file exists, cannot be changed by others, and can be loaded.
fn module(services: &[Service], checks: &mut Checks) {
    let before = checks.count();
    let paths: BTreeSet<_> = modules(services).map(|(_, _, module)| module.module.as_str()).collect();
    for path in paths {
        let places = if path.starts_with('/') { vec![PathBuf::from(path)] } else { places(path) };
        let Some((place, about)) = places.iter().find_map(|place| Some((place, fs::metadata(place).ok()?))) else {
            let hint =
                "install plex-auth again: apt-get install --reinstall plex-auth or, from the source, make install";
            checks.error("module", format!("{path} is not where PAM looks for modules: every login fails"), hint);
            continue;
        };
        let place = argument(&place.display().to_string());
        if about.uid() != 0 || about.mode() & 0o022 != 0 {
            let hint = format!("run: chown root:root {place} && chmod 0644 {place}");
            checks.error("module", format!("{place} can be changed by users other than root"), hint);
        } else if about.mode() & 0o004 == 0 {
            let what = format!("{place}: programs that are not root, such as screen lockers, cannot load it");
            checks.warning("module", what, format!("run: chmod 0644 {place}"));
        }
    }
    checks.ok_unless(before, "module", "pam_plex.so is where PAM looks for it");
}

/// Possible paths of a module.
fn places(name: &str) -> Vec<PathBuf> {
    let libraries = ["/usr/lib", "/lib", "/usr/lib64", "/lib64"].map(PathBuf::from);
    let machines = libraries.iter().filter_map(|library| fs::read_dir(library).ok()).flatten().flatten();
    let machines: Vec<_> = machines.map(|entry| entry.path()).filter(|path| path.join("security").is_dir()).collect();
    libraries.iter().chain(&machines).map(|directory| directory.join("security").join(name)).collect()
}

/// Checks the module's arguments in the stacks.
fn arguments(context: &Context, services: &[Service], checks: &mut Checks) {
    let mut seen = BTreeSet::new();
    for (_, step, module) in modules(services).filter(|(_, step, _)| seen.insert((&step.file, step.line))) {
        let place = format!("{}:{}", step.file.display(), step.line);
        for word in &module.arguments {
            match word.as_str() {
                "try_first_pass" | "use_first_pass" | "link" | "plex_only" | "one_prompt" | "nodelay" | "debug" => {}
                _ if word.strip_prefix("socket=").is_some_and(|socket| Path::new(socket) == context.socket) => {}
                _ if word.starts_with("socket=/") => {
                    let hint =
                        format!("run: plex-auth --socket {} doctor", argument(word.trim_start_matches("socket=")));
                    checks.warning(CHECK, format!("{place}: pam_plex.so uses another socket ({word})"), hint);
                }
                _ => {
                    let what =
                        format!("{place}: pam_plex.so does not know the argument '{word}', and fails every login");
                    checks.error(CHECK, what, format!("remove it from {place}"));
                }
            }
        }
    }
}

/// Checks that `pam_faillock` does not count an outage as a wrong password.
fn faillock(services: &[Service], checks: &mut Checks) {
    let outage = Subject { unix: Code::AUTH_ERR, plex: Code::AUTHINFO_UNAVAIL, root: false, member: true, guest: true };
    let counts_outages = |service: &&Service| {
        let counted = Cell::new(false);
        evaluate(&service.auth, &|module| {
            let counts =
                module.name() == "pam_faillock" && module.arguments.iter().any(|argument| argument == "authfail");
            counted.set(counted.get() || counts);
            answer(Kind::Auth, module, outage, None, UnknownModules::Content)
        });
        counted.get() && service.signs_in()
    };
    let names: Vec<_> = services.iter().filter(counts_outages).map(|service| service.name.as_str()).collect();
    if !names.is_empty() {
        let what = format!("{}: pam_faillock counts an outage of plex.tv as a wrong password", names.join(", "));
        let hint = "give pam_plex.so the control [success=1 auth_err=bad user_unknown=ignore default=die]";
        checks.info(CHECK, what, hint);
    }
}
