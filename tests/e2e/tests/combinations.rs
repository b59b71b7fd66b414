//! R16, R18: the shipped stacks with every combination of return codes, evaluated by the real libpam.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::path::Path;

use e2e::{Code, World, checkout, rendered};
use pam_stack::Kind;
use pam_stack::evaluate::evaluate;
use pam_stack::include::{Module, stack};
use pam_stack::return_code;

/// Number of PAM's return codes, without `PAM_INCOMPLETE`, the last one: with it libpam ends the call, to be called again.
const CODES: i32 = 31;

/// Codes that `pam_plex` has in authentication, and those of a stack without the module and of an error in libpam.
const PLEX: [Code; 8] = [
    Code::SUCCESS,
    Code::SERVICE_ERR,
    Code::AUTH_ERR,
    Code::AUTHINFO_UNAVAIL,
    Code::USER_UNKNOWN,
    Code::CONV_ERR,
    Code::MODULE_UNKNOWN,
    Code::IGNORE,
];

/// Codes of `pam_succeed_if`, and others that it could have.
const GROUP: [Code; 8] = [
    Code::SUCCESS,
    Code::AUTH_ERR,
    Code::SERVICE_ERR,
    Code::USER_UNKNOWN,
    Code::PERM_DENIED,
    Code::IGNORE,
    Code::MODULE_UNKNOWN,
    Code::AUTHINFO_UNAVAIL,
];

/// A stack in which the modules that decide are replaced by one that returns a given code.
fn coded(text: &str) -> String {
    let line = |line: &str| {
        let name = match line {
            _ if line.starts_with('#') => return String::new(),
            _ if line.contains("pam_plex.so plex_only") => "plex_only",
            _ if line.contains("pam_plex.so") => "plex",
            _ if line.contains("pam_unix.so") => "unix",
            _ if line.contains("pam_succeed_if.so") => "group",
            _ => return format!("{line}\n"),
        };
        let (control, _) = line.split_once("pam_").unwrap();
        format!("{control} /run/pam_coded.so {name}\n")
    };
    text.lines().map(line).collect()
}

/// Lines of one kind, for a stack with only these.
fn of_kind(kind: &str, text: &str) -> String {
    text.lines()
        .filter(|line| line.trim_start_matches('-').starts_with(kind))
        .fold(String::new(), |all, line| all + line + "\n")
}

/// What pam-auth-update makes of the package's two profiles and Debian's own.
fn made_by_pam_auth_update() -> String {
    let profile = |name: &str| std::fs::read_to_string(checkout().join("packaging/pam-configs").join(name)).unwrap();
    let line = |text: String| {
        let (_, lines) = text.split_once("\nAuth:\n").unwrap();
        lines.lines().next().unwrap().trim().to_owned()
    };
    let lines = [
        line(profile("plex-auth-account")),
        "[success=end default=ignore] pam_unix.so nullok try_first_pass".to_owned(),
        line(profile("plex-auth")),
    ];
    let count = lines.len();
    let primary = lines.iter().enumerate().map(|(at, line)| {
        let line = line.replace("success=end", &format!("success={}", count - at));
        format!("auth {line}\n")
    });
    primary.collect::<String>() + "auth requisite pam_deny.so\nauth required pam_permit.so\n"
}

/// A stack of the authselect profile without any of its features.
fn of_authselect(name: &str) -> String {
    let file = checkout().join("packaging/authselect/plex-auth").join(name);
    rendered(&std::fs::read_to_string(file).unwrap(), &[])
}

/// The codes of a stack for all combinations of codes of three modules: `first` and `second` have every code, `third` these.
/// The evaluator of `plex-auth doctor` has the same ones.
fn results(world: &World, kind: Kind, text: &str, names: [&str; 3], third: &[Code]) -> Vec<([Code; 3], Code)> {
    world.write("/etc/pam.d/coded", 0o644, "root:root", text);
    let all = || (0..CODES).map(Code);
    let combinations: Vec<[Code; 3]> =
        all().flat_map(|one| all().flat_map(move |two| third.iter().map(move |three| [one, two, *three]))).collect();
    let line = |[one, two, three]: &[Code; 3]| format!("{} {} {}", one.0, two.0, three.0);
    let lines = combinations.iter().map(line).collect::<Vec<_>>().join(
        "
",
    );
    let phase = if kind == Kind::Auth { "auth" } else { "acct" };
    let program = world.c_program("pamall");
    let out = world.run_with(&[&[program.as_str(), "coded", phase], &names[..]].concat(), &lines);
    assert!(out.ok(), "{}", out.stderr);
    let found: Vec<Code> = out.stdout.lines().map(|code| Code(code.parse().unwrap())).collect();
    assert_eq!(found.len(), combinations.len());
    let steps = stack("coded", kind, &|file: &Path| file.ends_with("coded").then(|| text.to_owned()));
    for (codes, found) in combinations.iter().zip(&found) {
        let answer = |module: &Module| {
            let name = module.arguments.first().and_then(|argument| names.iter().position(|name| name == argument));
            match (name, module.name()) {
                (Some(at), _) => code(codes[at]),
                (None, "pam_deny") => return_code::Code::AUTH_ERR,
                (None, "pam_permit") => return_code::Code::SUCCESS,
                (None, "pam_env" | "pam_faildelay") => return_code::Code::IGNORE,
                (None, other) => panic!("{other}"),
            }
        };
        let evaluated = evaluate(&steps, &answer);
        assert_eq!(evaluated, code(*found), "{text}{names:?} {codes:?}");
    }
    combinations.into_iter().zip(found).collect()
}

fn code(code: Code) -> return_code::Code {
    return_code::Code::from_number(usize::try_from(code.0).unwrap()).unwrap()
}

#[test]
fn r16_r18_shipped_auth_stacks_accept_only_what_a_module_accepts_in_7688_combinations() {
    let Some(world) = machine() else { return };
    let plex_auth = std::fs::read_to_string(checkout().join("pam.d/plex-auth")).unwrap();
    let stacks = [plex_auth, made_by_pam_auth_update(), of_authselect("system-auth"), of_authselect("password-auth")];
    for text in stacks {
        let text = of_kind("auth", &coded(&text));
        for (codes, found) in results(&world, Kind::Auth, &text, ["plex_only", "unix", "plex"], &PLEX) {
            let [plex_only, unix, plex] = codes;
            let goes_on = [Code::IGNORE, Code::MODULE_UNKNOWN].contains(&plex_only);
            // `sufficient` ends with a password that has to be changed, which pam_unix says in the account phase only.
            let is_local = [Code::SUCCESS, Code::NEW_AUTHTOK_REQD].contains(&unix);
            let accepted = plex_only == Code::SUCCESS || goes_on && [unix, plex].contains(&Code::SUCCESS);
            assert!(found != Code::SUCCESS || accepted, "{text}{codes:?}: {found:?}");
            assert!(found == Code::SUCCESS || !accepted || is_local && unix == found, "{text}{codes:?}: {found:?}");
            // An outage or a back-off stays one, so that nothing counts it as a wrong password; a refusal stays a refusal.
            if let Some(plex) =
                [plex_only, plex].into_iter().find(|code| ![Code::IGNORE, Code::MODULE_UNKNOWN].contains(code))
                && (!goes_on || !is_local)
            {
                let expected = match plex {
                    Code::AUTHINFO_UNAVAIL | Code::AUTH_ERR | Code::CONV_ERR => Some(plex),
                    // Not an account of ours: as any wrong password.
                    Code::USER_UNKNOWN if goes_on => Some(Code::AUTH_ERR),
                    _ => None,
                };
                assert!(expected.is_none_or(|expected| found == expected), "{text}{codes:?}: {found:?}");
            }
        }
    }
}

#[test]
fn r16_r65_shipped_account_stacks_accept_only_what_each_module_accepts_in_7688_combinations() {
    let Some(world) = machine() else { return };
    let plex_auth = std::fs::read_to_string(checkout().join("pam.d/plex-auth")).unwrap();
    for text in [plex_auth, of_authselect("system-auth"), of_authselect("password-auth")] {
        let text = of_kind("account", &coded(&text));
        for (codes, found) in results(&world, Kind::Account, &text, ["unix", "plex", "group"], &GROUP) {
            let [unix, plex, group] = codes;
            let local = [Code::SUCCESS, Code::IGNORE].contains(&unix);
            let unanswered = [Code::AUTHINFO_UNAVAIL, Code::MODULE_UNKNOWN].contains(&plex);
            let allowed = [Code::SUCCESS, Code::IGNORE].contains(&plex) || unanswered && group == Code::SUCCESS;
            let accepted = found == Code::SUCCESS;
            assert!(!accepted || local && allowed, "{text}{codes:?}: {found:?}");
            assert!(accepted || !(unix == Code::SUCCESS && allowed), "{text}{codes:?}: {found:?}");
            // An expired local password is no way around a denial.
            assert!(found != Code::NEW_AUTHTOK_REQD || allowed || plex == found, "{text}{codes:?}");
        }
    }
}

fn machine() -> Option<World> {
    let world = World::new()?;
    world.sh(&format!("install -m 644 {} /run/pam_coded.so", world.c_library("pam_coded")));
    Some(world)
}
