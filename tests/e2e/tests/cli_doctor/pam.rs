//! `doctor`: the PAM stacks and the module.

use e2e::{Code, password};

use crate::case::{Case, all, saying, told};
use crate::patient::Patient;

/// A stack as Debian's pam-auth-update generates it from a profile for the module, with the account lines of the
/// shipped stack.
const DEBIAN: &str = "auth [success=2 default=ignore] pam_unix.so nullok\n\
                      auth [success=1 default=ignore] pam_plex.so try_first_pass\n\
                      auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n\
                      account include plex-auth\n";

/// Hint for the package's own stack.
const SHIPPED: &str = "restore /etc/pam.d/plex-auth as it was shipped";

/// Does what the hint for a service's own file says: its lines are replaced with those of the shipped stack.
fn include(service: &str) -> &'static str {
    match service {
        "web" => "printf 'auth include plex-auth\\naccount include plex-auth\\n' >/etc/pam.d/web",
        "sshd" => "printf 'auth include plex-auth\\naccount include plex-auth\\n' >/etc/pam.d/sshd",
        _ => "printf 'auth include plex-auth\\naccount include plex-auth\\n' >/etc/pam.d/sudo",
    }
}

/// Restores the correct stacks.
const RESTORE: &str = "cp -a /mnt/pam.d/. /etc/pam.d/";

#[test]
fn doctor_finds_and_fixes_stacks_with_wrong_results() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    world.write("/etc/pam.d/web", 0o644, "root:root", DEBIAN);
    world.sh("cp -a /etc/pam.d /mnt/pam.d");
    all(&patient, wrong_lines_of_services());
    all(&patient, wrong_lines_of_the_shipped_stack());
    // The command that doctor names is about the daemon at that socket.
    world.sh(&each("sed -i 's,pam_plex.so try_first_pass,& socket=/run/other/socket,' /etc/pam.d/web"));
    let verdict = patient.look();
    let found = verdict.lines.iter().find(|line| line.what.contains("uses another socket")).unwrap();
    let command = found.hint.as_deref().and_then(|hint| hint.strip_prefix("run: ")).unwrap();
    assert_eq!(command, "plex-auth --socket /run/other/socket doctor");
    let other = world.run(&["sh", "-c", command]);
    let line = other.stdout.lines().find(|line| line.starts_with("✗ daemon: plex-authd is not running")).unwrap();
    assert!(other.code == 1 && line.contains("/run/other"), "{other:?}");
    world.sh("for service in web plex-auth sshd su sudo; do sed -i /plex/d /etc/pam.d/$service; done");
    assert!(patient.look().find("PAM", "error", "no service uses pam_plex.so").is_some());
}

/// Breaks the correct stacks. The fix of the previous fault leaves a correct file that differs from the first one.
fn each(script: &str) -> String {
    format!("{RESTORE} && {script}")
}

fn wrong_lines_of_services() -> Vec<Case> {
    vec![
        // Without pam_deny every account is let in, and pam-auth-update does not restore the line.
        saying(
            each("sed -i /pam_deny/d /etc/pam.d/web"),
            ("PAM", "error", "unknown accounts are accepted"),
            "in /etc/pam.d/web, replace the auth lines for passwords with: auth include plex-auth",
            include("web"),
        ),
        saying(
            each("sed -i /pam_permit/d /etc/pam.d/web"),
            ("PAM", "error", "web (auth): local accounts are refused"),
            "in /etc/pam.d/web, replace the auth lines for passwords with: auth include plex-auth",
            include("web"),
        ),
        saying(
            each("sed -i 's/success=2/success=3/' /etc/pam.d/web"),
            ("PAM", "error", "web (auth): local accounts"),
            "in /etc/pam.d/web, replace the auth lines for passwords with: auth include plex-auth",
            include("web"),
        ),
        saying(
            each("sed -i '/account/d' /etc/pam.d/web"),
            ("PAM", "error", "web (account): removed friends can still log in"),
            "in /etc/pam.d/web, replace the account lines for passwords with: account include plex-auth",
            include("web"),
        ),
        // The included lines are right, so reinstalling the package would not help.
        saying(
            each("sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/sshd"),
            ("PAM", "error", "unknown accounts are accepted"),
            "in /etc/pam.d/sshd, replace the auth lines for passwords with: auth include plex-auth",
            include("sshd"),
        ),
        saying(
            each("sed -i '/account.*plex-auth/d' /etc/pam.d/sshd"),
            ("PAM", "error", "sshd (account): removed friends can still log in"),
            "in /etc/pam.d/sshd, replace the account lines for passwords with: account include plex-auth",
            include("sshd"),
        ),
        saying(
            each(
                "sed -i 's/^account include.*/account required pam_unix.so\\naccount optional pam_plex.so/' /etc/pam.d/web",
            ),
            ("PAM", "error", "web (account): users whom Plex denies"),
            "in /etc/pam.d/web, replace the account lines for passwords with: account include plex-auth",
            include("web"),
        ),
    ]
}

fn wrong_lines_of_the_shipped_stack() -> Vec<Case> {
    vec![
        saying(
            each("sed -i '/^auth.*pam_unix/d' /etc/pam.d/plex-auth"),
            ("PAM", "error", "there is no pam_unix.so"),
            SHIPPED,
            RESTORE,
        ),
        saying(
            each("sed -i '/^auth/s/success=2/success=1/' /etc/pam.d/plex-auth"),
            ("PAM", "error", "plex-auth, sshd, su, su-l, sudo (auth): local accounts are refused"),
            SHIPPED,
            RESTORE,
        ),
        saying(
            each("sed -i '/^auth.*pam_deny/d' /etc/pam.d/plex-auth"),
            ("PAM", "error", "unknown accounts are accepted"),
            SHIPPED,
            RESTORE,
        ),
        saying(
            each("sed -i '/^auth.*pam_plex/s/try_first_pass/nullok/' /etc/pam.d/plex-auth"),
            ("PAM", "error", "does not know the argument 'nullok'"),
            "remove it from /etc/pam.d/plex-auth:",
            RESTORE,
        ),
        saying(
            each("echo 'auth suficient pam_permit.so' >>/etc/pam.d/sudo"),
            ("PAM", "error", "sudo (auth): PAM cannot parse a line"),
            "/etc/pam.d/sudo:6: 'suficient' is no control",
            RESTORE,
        ),
        saying(
            each(
                "sed -i 's/^auth     include.*/auth sufficient pam_plex.so\\nauth sufficient pam_unix.so use_first_pass\\n\
                 auth required pam_deny.so/' /etc/pam.d/sudo",
            ),
            ("PAM", "warning", "sudo (auth): pam_plex.so is before pam_unix.so"),
            "replace the auth lines for passwords with: auth include plex-auth, or put pam_unix.so first",
            include("sudo"),
        ),
        saying(
            each(
                "sed -i 's/^account  required   pam_unix.so/account [success=ok new_authtok_reqd=done default=bad] pam_unix.so/' \
                 /etc/pam.d/plex-auth",
            ),
            ("PAM", "warning", "an expired local password ends the phase"),
            "account required pam_unix.so",
            RESTORE,
        ),
        saying(
            each("sed -i 's/notingroup plex-users/notingroup friends/' /etc/pam.d/plex-auth"),
            ("PAM", "error", "members of the group are accepted unchecked"),
            SHIPPED,
            RESTORE,
        ),
    ]
}

#[test]
fn doctor_findings_about_a_stack_match_libpam() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    let unknown = |service: &str| world.codes(service, "nobody-here", "auth", "wrong\n").of("auth");
    world.write("/etc/pam.d/web", 0o644, "root:root", DEBIAN);
    assert_ne!(unknown("web"), Code::SUCCESS);
    world.sh("sed -i /pam_deny/d /etc/pam.d/web");
    assert_eq!(unknown("web"), Code::SUCCESS, "everybody is in");
    let verdict = patient.look();
    let line = verdict.find("PAM", "error", "unknown accounts are accepted").unwrap();
    assert!(line.what.starts_with("web (auth): ") && line.hint.as_deref().unwrap().contains("auth include plex-auth"));
    world.sh(include("web"));
    assert_ne!(unknown("web"), Code::SUCCESS, "mended");
    assert_eq!(world.codes("web", "alice", "auth", &format!("{}\n", password("alice"))).of("auth"), Code::SUCCESS);
    assert_eq!(world.codes("web", "local", "auth", "LOCAL-SECRET\n").of("auth"), Code::SUCCESS);
}

#[test]
fn doctor_reports_a_missing_module_and_one_writable_by_others() {
    let Some(patient) = Patient::new("") else { return };
    let module = patient.0.module("pam_plex");
    patient.0.sh(&format!("ln -s '{module}' /mnt/module"));
    all(
        &patient,
        vec![
            saying(
                "mv $(readlink /mnt/module) /mnt/pam_plex.so",
                ("module", "error", "pam_plex.so is not where PAM looks"),
                "reinstall",
                "mv /mnt/pam_plex.so $(readlink /mnt/module)",
            ),
            told("chmod 666 $(readlink /mnt/module)", "module", "error", "can be changed by users other than root"),
            told("chown alice $(readlink /mnt/module)", "module", "error", "can be changed by users other than root"),
            told("chmod 600 $(readlink /mnt/module)", "module", "warning", "cannot load it"),
        ],
    );
}

#[test]
fn r18_doctor_notes_a_faillock_that_counts_outages() {
    let Some(patient) = Patient::new("") else { return };
    let stack = "auth required pam_faillock.so preauth silent deny=3\n\
                 auth [success=2 default=ignore] pam_unix.so\n\
                 auth [success=1 default=ignore] pam_plex.so try_first_pass\n\
                 auth [default=die] pam_faillock.so authfail deny=3\n\
                 auth required pam_permit.so\naccount include plex-auth\n";
    patient.0.write("/etc/pam.d/web", 0o644, "root:root", stack);
    let verdict = patient.look();
    let line = verdict.find("PAM", "info", "web: pam_faillock counts an outage").unwrap();
    assert!(line.hint.as_deref().unwrap().contains("[success=1 auth_err=bad user_unknown=ignore default=die]"));
    patient.0.sh(
        "sed -i 's/success=1 default=ignore/success=1 auth_err=bad user_unknown=ignore default=die/' /etc/pam.d/web",
    );
    let verdict = patient.look();
    assert!(verdict.code == 0 && verdict.find("PAM", "info", "").is_none(), "{verdict:#?}");
}

#[test]
fn doctor_reports_link_sign_in_for_services_without_the_module() {
    let Some(patient) = Patient::new("link_sign_in = true\n") else { return };
    let verdict = patient.look();
    assert!(verdict.code == 0 && verdict.find("link sign-in", "info", "login").is_some(), "{verdict:#?}");
    patient.0.sh("sed -i 's/^link_sign_in.*/&\\nlink_services = [\"login\"]/' /etc/plex-auth.toml && systemctl restart plex-authd");
    let verdict = patient.look();
    assert!(verdict.code == 3 && verdict.find("link sign-in", "warning", "login").is_some(), "{verdict:#?}");
}

/// Scenarios that the unit tests of the crate pam-stack use.
const DISPATCHER: &str = include_str!("../../../../src/pam-stack/src/dispatcher.txt");

#[test]
fn doctor_evaluates_stacks_as_libpam_does() {
    let Some(world) = e2e::World::new() else { return };
    for case in DISPATCHER.split("\n= ").skip(1) {
        let (expected, files) = case.split_once('\n').unwrap();
        for file in format!("x\n{files}").split("\n> ") {
            let (name, text) = file.split_once('\n').unwrap();
            world.write(&format!("/etc/pam.d/{name}"), 0o644, "root:root", &format!("{text}\n"));
        }
        let number = match expected {
            "success" => 0,
            "perm_denied" => 6,
            "auth_err" => 7,
            "maxtries" => 11,
            "new_authtok_reqd" => 12,
            other => panic!("{other}"),
        };
        assert_eq!(world.codes("x", "root", "auth", "").of("auth"), Code(number), "{case}");
    }
}

#[test]
fn doctor_warns_of_passwords_kept_elsewhere_behind_the_module() {
    let Some(patient) = Patient::new("") else { return };
    let stack = |first: &str, second: &str, third: &str| {
        let text = format!(
            "auth [success=4 ignore=ignore module_unknown=ignore default=die] {first}\n\
             auth [success=3 default=ignore] pam_unix.so\nauth [success=2 default=ignore] {second}\n\
             auth [success=1 user_unknown=ignore default=die] {third}\n\
             auth requisite pam_deny.so\nauth required pam_permit.so\naccount include plex-auth\n"
        );
        patient.0.write("/etc/pam.d/sudo", 0o644, "root:root", &text);
        patient.look()
    };
    let (first, other) = ("pam_plex.so plex_only", "pam_plex.so try_first_pass");
    for module in ["pam_krb5", "pam_sss", "pam_ldap", "pam_winbind", "pam_systemd_home"] {
        let verdict = stack(first, &format!("{module}.so use_first_pass"), other);
        let line = verdict.find("passwords elsewhere", "warning", module).unwrap_or_else(|| panic!("{verdict:#?}"));
        assert!(line.what.contains("sudo") && line.what.contains("alice"), "{line:?}");
        assert!(line.hint.as_deref().is_some_and(|hint| hint.contains("pam_plex.so plex_only")), "{line:?}");
    }
    // What the hint says.
    let verdict = stack("pam_env.so", "pam_krb5.so use_first_pass", other);
    assert!(verdict.find("passwords elsewhere", "warning", "").is_none(), "{verdict:#?}");
    // Accounts that have a local password are asked for that first.
    patient.0.sh(
        "for name in $(getent group plex-users | cut -d: -f4 | tr , ' '); do echo $name:LOCAL-SECRET | chpasswd; done",
    );
    let verdict = stack(first, "pam_krb5.so use_first_pass", other);
    assert!(verdict.find("passwords elsewhere", "warning", "").is_none(), "{verdict:#?}");
}
