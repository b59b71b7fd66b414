//! Fix for a faulty stack, as the owner of its file would make it.

use std::path::{Path, PathBuf};

use pam_stack::Kind;
use pam_stack::include::{Step, stack};
use pam_stack::scenarios::{self, Fault};

use super::shell::argument;

/// Debian's tool, which generates `common-auth`, `common-account` and so on.
const PAM_AUTH_UPDATE: &str = "/usr/sbin/pam-auth-update";

/// Templates of its files.
const TEMPLATES: &str = "/usr/share/pam";

/// Directory of the files that Fedora's authselect generates; those in `/etc/pam.d` are links to them.
const AUTHSELECT: &str = "/etc/authselect";

/// The stack of the package.
const SHIPPED: &str = "/etc/pam.d/plex-auth";

/// The profile that adds the module to Debian's common files.
const PROFILE: &str = "/usr/share/pam-configs/plex-auth";

/// The fix where no stack has the module.
pub(super) fn enable() -> String {
    if Path::new(PAM_AUTH_UPDATE).exists() && Path::new(PROFILE).exists() {
        return "run: pam-auth-update --enable plex-auth plex-auth-account plex-auth-password".to_owned();
    }
    "let a service ask it: add `auth include plex-auth` and `account include plex-auth` to /etc/pam.d/sshd".to_owned()
}

/// Owner of a file with PAM lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    PamAuthUpdate,
    Authselect,
    Package,
    Administrator,
}

/// The fix for these faults of a service's stack. A fix that begins with "run: " is a command.
pub(super) fn fix(service: &str, kind: Kind, steps: &[Step], faults: &[Fault], group: &str) -> String {
    let own = PathBuf::from(format!("/etc/pam.d/{service}"));
    let module = steps.iter().find(|step| step.asks("pam_plex"));
    let file = module.map_or_else(|| own.clone(), |step| step.file.clone());
    // Where the module is missing altogether, the tool that generates the included lines adds it.
    let generated = || steps.iter().map(|step| &step.file).find(|file| owner(file) == Owner::PamAuthUpdate);
    if let (None, Some(generated), true) = (module, generated(), Path::new(PROFILE).exists()) {
        return fix_of(generated, Owner::PamAuthUpdate, kind, faults);
    }
    if file == own || is_faulty(&file, kind, faults, group) {
        return fix_of(&file, owner(&file), kind, faults);
    }
    // The lines around the include are wrong.
    fix_of(&own, Owner::Administrator, kind, faults)
}

/// One of these faults is in the lines of this file.
fn is_faulty(file: &Path, kind: Kind, faults: &[Fault], group: &str) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let alone = stack(&name, kind, &|path| std::fs::read_to_string(path).ok());
    scenarios::faults(kind, &alone, Some(group)).iter().any(|fault| faults.contains(fault))
}

fn owner(file: &Path) -> Owner {
    let target = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let is_common = target.file_name().is_some_and(|name| name.to_string_lossy().starts_with("common-"));
    if target.starts_with(AUTHSELECT) {
        Owner::Authselect
    } else if is_common && Path::new(PAM_AUTH_UPDATE).exists() {
        Owner::PamAuthUpdate
    } else if file == Path::new(SHIPPED) {
        Owner::Package
    } else {
        Owner::Administrator
    }
}

fn fix_of(file: &Path, owner: Owner, kind: Kind, faults: &[Fault]) -> String {
    let word = if kind == Kind::Auth { "auth" } else { "account" };
    let path = argument(&file.display().to_string());
    match owner {
        Owner::PamAuthUpdate => {
            // It never writes pam_deny, which is outside the lines that it generates. Its own template has it.
            let lacks_template = faults.contains(&Fault::UnknownAccepted);
            let name = argument(&file.file_name().unwrap_or_default().to_string_lossy());
            let restore = format!("cp --backup=numbered {TEMPLATES}/{name} {path} && ");
            let restore = if lacks_template { restore } else { String::new() };
            format!("run: {restore}pam-auth-update --force --enable plex-auth plex-auth-account plex-auth-password")
        }
        Owner::Authselect => "run: authselect apply-changes".to_owned(),
        Owner::Package => format!("restore {path} as it was shipped: reinstall plex-auth"),
        Owner::Administrator => {
            format!("in {path}, replace the {word} lines for passwords with: {word} include plex-auth")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_that_generates_a_file_fixes_it_and_no_other_file_is_edited_by_a_command() {
        let fix = |file: &str, owner| fix_of(Path::new(file), owner, Kind::Account, &[Fault::DeniedAccepted]);
        assert!(fix("/etc/pam.d/common-account", Owner::PamAuthUpdate).starts_with("run: pam-auth-update "));
        assert!(fix("/etc/pam.d/system-auth", Owner::Authselect).starts_with("run: authselect "));
        assert!(fix("/etc/pam.d/plex-auth", Owner::Package).contains("reinstall plex-auth"));
        let own = fix("/etc/pam.d/web", Owner::Administrator);
        assert_eq!(own, "in /etc/pam.d/web, replace the account lines for passwords with: account include plex-auth");
    }

    #[test]
    fn a_missing_pam_deny_is_restored_from_the_template_of_pam_auth_update() {
        let file = Path::new("/etc/pam.d/common-auth");
        assert_eq!(
            fix_of(file, Owner::PamAuthUpdate, Kind::Auth, &[Fault::DeniedAccepted, Fault::UnknownAccepted]),
            "run: cp --backup=numbered /usr/share/pam/common-auth /etc/pam.d/common-auth && \
             pam-auth-update --force --enable plex-auth plex-auth-account plex-auth-password"
        );
    }

    #[test]
    fn a_file_belongs_to_the_package_or_to_the_administrator_where_no_tool_generates_it() {
        assert_eq!(owner(Path::new(SHIPPED)), Owner::Package);
        assert_eq!(owner(Path::new("/etc/pam.d/no-such-service")), Owner::Administrator);
    }
}
