//! `doctor` on a healthy machine, as root and as an ordinary user.

use crate::patient::{Patient, Verdict};

#[test]
fn r41_doctor_on_a_healthy_machine_reports_no_problem_and_no_secret() {
    let Some(patient) = Patient::new("") else { return };
    let out = patient.0.run(&["plex-auth", "doctor"]);
    assert!(out.ok(), "{out:?}");
    assert!(out.stdout.ends_with("Everything is in order.\n"), "{}", out.stdout);
    assert!(!out.stdout.contains("SECRET") && !out.stdout.contains('\x1b'), "{}", out.stdout);
    assert_eq!(out.stderr, "");
    let verdict = patient.look();
    assert_eq!(verdict.code, 0);
    let checks = [
        "configuration",
        "TLS",
        "clock",
        "token",
        "machine",
        "media server",
        "socket",
        "daemon",
        "friend list",
        "module",
        "PAM",
        "accounts",
        "passwords",
        "sshd",
    ];
    for check in checks {
        assert!(verdict.find(check, "ok", "").is_some(), "{check}: {verdict:#?}");
    }
    assert!(verdict.lines.iter().all(|line| ["ok", "info"].contains(&line.status.as_str())), "{verdict:#?}");
    assert!(verdict.find("PAM", "ok", "plex-auth, sshd, su, su-l, sudo").is_some(), "{verdict:#?}");
    patient.0.assert_no_secret_leaked();
}

#[test]
fn doctor_on_a_terminal_shows_marks_and_fixes() {
    let Some(patient) = Patient::new("") else { return };
    let mut terminal = patient.0.terminal(&["plex-auth", "doctor"]);
    terminal.wait_for("✓ configuration: /etc/plex-auth.toml is understood and kept private");
    terminal.wait_for("Everything is in order.");
    assert_eq!(terminal.exit(), 0);
    patient.0.sh("chmod 644 /etc/plex-auth.toml; chmod 600 /run/plex-auth/socket");
    let mut terminal = patient.0.terminal(&["plex-auth", "doctor"]);
    terminal.wait_for("✗ configuration: /etc/plex-auth.toml: has mode 0644");
    terminal.wait_for("    run: chmod 0640 /etc/plex-auth.toml");
    terminal.wait_for("! socket:");
    terminal.wait_for("1 error, 1 warning.");
    assert_eq!(terminal.exit(), 1);
}

#[test]
fn doctor_without_root_says_which_checks_need_root() {
    let Some(patient) = Patient::new("") else { return };
    let alice = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups"];
    let verdict = patient.report_through(&alice);
    assert_eq!(verdict.code, 3, "{verdict:#?}");
    let line = verdict.find("not root", "warning", "the configuration").unwrap();
    assert_eq!(line.hint.as_deref(), Some("run: sudo plex-auth doctor"));
    patient.0.write("/etc/sudoers.d/alice", 0o440, "root:root", "alice ALL=(root) NOPASSWD: ALL\n");
    let whole = patient.0.run(&[&alice[..], &["sudo", "plex-auth", "doctor"]].concat());
    assert!(whole.stdout.contains("can become root: alice") && whole.ok(), "{whole:?}");
    patient.0.sh("rm /etc/sudoers.d/alice");
    assert!(verdict.find("PAM", "ok", "sshd").is_some() && verdict.find("socket", "ok", "").is_some());
    assert_eq!(verdict.lines.iter().filter(|line| line.status == "warning").count(), 1, "{verdict:#?}");
    // A fault that needs no root to be seen is reported to every user.
    patient.0.stop_authd();
    let verdict = patient.report_through(&alice);
    assert_eq!(verdict.code, 1);
    assert!(verdict.find("daemon", "error", "is not running").is_some(), "{verdict:#?}");
}

#[test]
fn doctor_ignores_the_callers_environment() {
    let Some(patient) = Patient::new("") else { return };
    patient.0.write("/mnt/sshd", 0o755, "root:root", "#!/bin/sh\ntouch /mnt/hijacked\n");
    let hostile =
        ["env", "PATH=/mnt", "HTTPS_PROXY=http://127.0.0.1:1", "SSL_CERT_FILE=/dev/null", "TZ=/mnt/x", "LD_BIND=x"];
    let plex_auth = ["/usr/bin/plex-auth", "doctor", "--json"];
    let verdict = Verdict::of(&patient.0.run(&[&hostile[..], &plex_auth].concat()));
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert!(!patient.0.shared().join("hijacked").exists());
}

#[test]
fn r79_doctor_help_explains_the_exit_codes() {
    let Some(patient) = Patient::new("") else { return };
    let help =
        patient.0.run(&["plex-auth", "doctor", "--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("Exit code: 0 when all is in order, 1 when something is broken"), "{help}");
    assert!(help.contains("2 when the command line is wrong, 3 when there are only warnings"), "{help}");
    assert_eq!(patient.0.run(&["plex-auth", "doctor", "--no-such-option"]).code, 2);
}
