//! The PAM stacks in which `pam_plex` has a say, and the module itself.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use config::Config;

use super::checks::{Findings, argument};
use super::{helpers, repair};
use crate::context::Context;
use pam_stack::Kind;
use pam_stack::evaluate::evaluate;
use pam_stack::include::{Content, DIRECTORIES, Module, Step, stack};
use pam_stack::modules::{Subject, UnknownModules, answer};
use pam_stack::return_code::Code;
use pam_stack::scenarios::{Fault, faults};

/// What the check is called.
const CHECK: &str = "PAM";

/// Endings of files that package managers and editors leave behind.
const LEFT_BEHIND: [&str; 6] = ["~", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave"];

/// Services without which nobody gets at the machine any more.
const DOORS: [&str; 12] = [
    "cockpit",
    "gdm-password",
    "lightdm",
    "login",
    "other",
    "polkit-1",
    "remote",
    "sddm",
    "sshd",
    "su",
    "su-l",
    "sudo",
];

/// A service and its steps.
pub(super) struct Service {
    pub name: String,
    auth: Vec<Step>,
    account: Vec<Step>,
}

impl Service {
    fn read(name: &str) -> Self {
        let steps = |kind| stack(name, kind, &file);
        Self { name: name.to_owned(), auth: steps(Kind::Auth), account: steps(Kind::Account) }
    }

    /// Whether its passwords may be Plex passwords.
    pub(super) fn signs_in(&self) -> bool {
        self.auth.iter().any(|step| step.asks("pam_plex"))
    }

    /// Whether it turns away who was removed.
    fn checks(&self) -> bool {
        self.account.iter().any(|step| step.asks("pam_plex"))
    }
}

fn file(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Looks at every service that asks `pam_plex`, and gives them back.
pub(super) fn check(context: &Context, config: Option<&Config>, findings: &mut Findings) -> Vec<Service> {
    let services: Vec<_> =
        names().iter().map(|name| Service::read(name)).filter(|s| s.signs_in() || s.checks()).collect();
    if services.is_empty() {
        let mend =
            "let a service ask it: add `auth include plex-auth` and `account include plex-auth` to /etc/pam.d/sshd";
        findings.bad(CHECK, "no service asks pam_plex.so: nobody can sign in with Plex", mend);
        return services;
    }
    module(&services, findings);
    if modules(&services).any(|(_, _, module)| module.arguments.iter().any(|argument| argument == "plex_only")) {
        helpers::local_passwords(findings);
    }
    arguments(context, &services, findings);
    let group = config.and_then(|config| config.group.as_deref()).unwrap_or("plex-users");
    let mut wrong: BTreeMap<(Kind, Fault), Vec<&Service>> = BTreeMap::new();
    let mut right = Vec::new();
    for service in &services {
        let found = faults_of(service, group);
        if found.is_empty() {
            right.push(service.name.as_str());
        }
        for fault in found {
            wrong.entry(fault).or_default().push(service);
        }
    }
    for ((kind, fault), services) in wrong {
        report(kind, fault, &services, group, findings);
    }
    if !right.is_empty() {
        let what = format!("{}: local passwords first, then Plex; who is denied stays out", right.join(", "));
        findings.good(CHECK, what);
    }
    for service in &services {
        faillock(service, findings);
    }
    services
}

/// The names of services: every file but those that others include and that are no whole stack themselves.
fn names() -> BTreeSet<String> {
    let files = DIRECTORIES.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten();
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let plain = |name: &String| !name.starts_with('.') && !LEFT_BEHIND.iter().any(|ending| name.ends_with(ending));
    let whole = |name: &String| {
        // `other` lends its lines to whoever has none.
        let lacks =
            |kind| stack(name, kind, &|path| if path.ends_with("other") { None } else { file(path) }).is_empty();
        !name.starts_with("common-") || !(lacks(Kind::Auth) || lacks(Kind::Account))
    };
    names.filter(plain).filter(whole).collect()
}

fn faults_of(service: &Service, group: &str) -> Vec<(Kind, Fault)> {
    let mut found = Vec::new();
    if service.signs_in() {
        found.extend(faults(Kind::Auth, &service.auth, Some(group)).into_iter().map(|fault| (Kind::Auth, fault)));
    }
    if service.checks() {
        found.extend(
            faults(Kind::Account, &service.account, Some(group)).into_iter().map(|fault| (Kind::Account, fault)),
        );
    } else {
        found.push((Kind::Account, Fault::NoAccountLine));
    }
    found
}

fn report(kind: Kind, fault: Fault, services: &[&Service], group: &str, findings: &mut Findings) {
    let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
    let word = if kind == Kind::Auth { "auth" } else { "account" };
    let what = format!("{} ({word}): {}", names.join(", "), sentence(fault));
    let mut commands: Vec<_> =
        services.iter().map(|service| repair::command(&service.name, kind, Some(group), &file)).collect();
    commands.sort();
    commands.dedup();
    let mend = match (fault, commands.into_iter().collect::<Option<Vec<_>>>()) {
        (Fault::Broken, _) => broken(services, kind),
        (Fault::ExpiredPasswordSkips, _) => {
            "use `account required pam_unix.so`, or put pam_plex.so before it; see /etc/pam.d/plex-auth".to_owned()
        }
        (_, Some(commands)) => commands.join(" && ").replace(" && run: ", " && "),
        (_, None) => {
            "write the lines as /etc/pam.d/plex-auth has them, or restore that file as it was shipped".to_owned()
        }
    };
    match fault {
        Fault::ExpiredPasswordSkips | Fault::PlexFirst => findings.warn(CHECK, what, mend),
        // A web server or a screen locker may well have nobody but guests.
        Fault::NoLocalFallback if !services.iter().any(|service| DOORS.contains(&service.name.as_str())) => {
            findings.note(CHECK, what, mend);
        }
        _ => findings.bad(CHECK, what, mend),
    }
}

fn sentence(fault: Fault) -> &'static str {
    match fault {
        Fault::Broken => "a line makes no sense to PAM, so every login fails",
        Fault::LocalRefused => "local accounts are turned away",
        Fault::LocalRefusedInOutage => "local accounts are turned away while plex-authd cannot be asked",
        Fault::RootRefused => "root is turned away",
        Fault::PlexRefused => "whom Plex accepts is turned away all the same",
        Fault::DeniedAccepted => "whom Plex denies, or a wrong password, gets in all the same",
        Fault::UnknownAccepted => "accounts that nobody knows get in",
        Fault::OutageAccepted => "while plex-authd cannot be asked, accounts of the group get in unchecked",
        Fault::ExpiredAccepted => "local accounts that have expired get in",
        Fault::ExpiredPasswordSkips => "an expired local password ends the phase before pam_plex.so is asked",
        Fault::NoLocalFallback => "there is no pam_unix.so: without plex-authd nobody gets in, root included",
        Fault::PlexFirst => "local passwords are shown to Plex before they are tried here",
        Fault::NoAccountLine => "friends who were removed still get in with a key, by cron or by sudo: no account line",
    }
}

/// Where the lines are that make no sense.
fn broken(services: &[&Service], kind: Kind) -> String {
    let steps = services.iter().flat_map(|service| if kind == Kind::Auth { &service.auth } else { &service.account });
    let places: BTreeSet<_> = steps
        .filter_map(|step| match &step.content {
            Content::Broken(why) => Some(format!("{}:{}: {why}", step.file.display(), step.line)),
            _ => None,
        })
        .collect();
    format!("mend {}", places.into_iter().collect::<Vec<_>>().join("; "))
}

/// The module's steps of all services.
fn modules(services: &[Service]) -> impl Iterator<Item = (&Service, &Step, &Module)> {
    let steps = services
        .iter()
        .flat_map(|service| service.auth.iter().chain(&service.account).map(move |step| (service, step)));
    steps.filter_map(|(service, step)| {
        Some((service, step, step.module().filter(|module| module.name() == "pam_plex")?))
    })
}

/// Whether the module is where PAM looks for it.
fn module(services: &[Service], findings: &mut Findings) {
    let before = findings.count();
    let paths: BTreeSet<_> = modules(services).map(|(_, _, module)| module.module.as_str()).collect();
    for path in paths {
        let places = if path.starts_with('/') { vec![PathBuf::from(path)] } else { places(path) };
        let Some((place, about)) = places.iter().find_map(|place| Some((place, fs::metadata(place).ok()?))) else {
            let mend = "run: apt-get install --reinstall plex-auth (or, from the source: make install)";
            findings.bad("module", format!("{path} is not where PAM looks for modules: every login fails"), mend);
            continue;
        };
        let place = argument(&place.display().to_string());
        if about.uid() != 0 || about.mode() & 0o022 != 0 {
            let mend = format!("run: chown root:root {place} && chmod 0644 {place}");
            findings.bad("module", format!("{place} could be changed by others than root"), mend);
        } else if about.mode() & 0o004 == 0 {
            let what = format!("{place}: programs that are not root, such as screen lockers, cannot load it");
            findings.warn("module", what, format!("run: chmod 0644 {place}"));
        }
    }
    findings.good_unless(before, "module", "pam_plex.so is where PAM looks for it");
}

/// Where a module with this name can be.
fn places(name: &str) -> Vec<PathBuf> {
    let libraries = ["/usr/lib", "/lib", "/usr/lib64", "/lib64"].map(PathBuf::from);
    let machines = libraries.iter().filter_map(|library| fs::read_dir(library).ok()).flatten().flatten();
    let machines: Vec<_> = machines.map(|entry| entry.path()).filter(|path| path.join("security").is_dir()).collect();
    libraries.iter().chain(&machines).map(|directory| directory.join("security").join(name)).collect()
}

/// Whether the module understands what the stacks tell it.
fn arguments(context: &Context, services: &[Service], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (_, step, module) in modules(services).filter(|(_, step, _)| seen.insert((&step.file, step.line))) {
        let place = format!("{}:{}", step.file.display(), step.line);
        let script = |script: &str| {
            format!("run: sed -i '{}{script}' {}", step.line, argument(&step.file.display().to_string()))
        };
        for word in &module.arguments {
            match word.as_str() {
                "try_first_pass" | "use_first_pass" | "link" | "plex_only" | "debug" => {}
                _ if word.strip_prefix("socket=").is_some_and(|socket| Path::new(socket) == context.socket) => {}
                _ if word.starts_with("socket=/") => {
                    let mend =
                        format!("run: plex-auth --socket {} doctor", argument(word.trim_start_matches("socket=")));
                    findings.warn(CHECK, format!("{place}: pam_plex.so asks at another socket ({word})"), mend);
                }
                _ => {
                    let what =
                        format!("{place}: pam_plex.so does not know the argument '{word}', and fails every login");
                    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_=-".contains(c));
                    let mend = if plain {
                        script(&format!("s/[[:space:]]{word}\\b//"))
                    } else {
                        format!("remove it from {place}")
                    };
                    findings.bad(CHECK, what, mend);
                }
            }
        }
    }
}

/// Whether `pam_faillock` takes an outage for a guess.
fn faillock(service: &Service, findings: &mut Findings) {
    let counted = Cell::new(false);
    let outage = Subject { unix: Code::AUTH_ERR, plex: Code::AUTHINFO_UNAVAIL, root: false, member: true, guest: true };
    evaluate(&service.auth, &|module| {
        let counts = module.name() == "pam_faillock" && module.arguments.iter().any(|argument| argument == "authfail");
        counted.set(counted.get() || counts);
        answer(Kind::Auth, module, outage, None, UnknownModules::Content)
    });
    if counted.get() && service.signs_in() {
        let what = format!("{}: pam_faillock counts an outage of plex.tv as a wrong password", service.name);
        let mend = "give pam_plex.so the control [success=1 auth_err=bad user_unknown=ignore default=die]".to_owned();
        findings.note(CHECK, what, mend);
    }
}
