//! `doctor`: the daemon, its socket, and its own status.

use e2e::{Code, password};
use fakeplex::{Endpoint, Fault};

use crate::case::{all, told};
use crate::patient::Patient;

#[test]
fn doctor_finds_and_fixes_a_stopped_hanging_or_outdated_daemon() {
    let Some(patient) = Patient::new("") else { return };
    let end = "while pgrep -x plex-authd >/dev/null; do sleep 0.02; done";
    patient.0.write("/mnt/end", 0o755, "root:root", &format!("#!/bin/sh\npkill -$1 -x plex-authd; {end}\n"));
    all(
        &patient,
        vec![
            told("/mnt/end TERM", "daemon", "error", "is not running"),
            told("/mnt/end KILL", "daemon", "error", "no process listens at"),
            told("pkill -STOP -x plex-authd", "daemon", "error", "does not answer"),
            told("sleep 1.2; touch /etc/plex-auth.toml", "daemon", "warning", "has changed since"),
        ],
    );
    patient.0.sh("cp -p /etc/plex-auth.toml /etc/other.toml");
    let verdict = patient.report_through(&[]);
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    let other = patient.0.run(&["plex-auth", "--config", "/etc/other.toml", "doctor", "--json"]);
    let verdict = crate::patient::Verdict::of(&other);
    let line =
        verdict.find("daemon", "warning", "was started with /etc/plex-auth.toml, not with /etc/other.toml").unwrap();
    assert_eq!(line.hint.as_deref(), Some("run: plex-auth --config /etc/plex-auth.toml doctor"));
}

#[test]
fn r42_doctor_finds_and_fixes_wrong_permissions_of_the_socket() {
    let Some(patient) = Patient::new("") else { return };
    all(
        &patient,
        vec![
            told("chmod 777 /run/plex-auth", "socket", "error", "/run/plex-auth: can be changed by others"),
            told("chmod 775 /run", "socket", "error", "/run: can be changed by others"),
            told("chown alice /run/plex-auth", "socket", "error", "/run/plex-auth: can be changed by others"),
            told("chown alice /run", "socket", "error", "/run: can be changed by others"),
            told("chown alice /run/plex-auth/socket", "socket", "error", "is not a socket of root"),
            told("rm /run/plex-auth/socket; touch /run/plex-auth/socket", "socket", "error", "is not a socket of root"),
            told("chmod 600 /run/plex-auth/socket", "socket", "warning", "cannot connect"),
            told("chmod 700 /run/plex-auth", "socket", "warning", "cannot enter it"),
        ],
    );
}

#[test]
fn doctor_reports_an_unreadable_friend_list_and_an_open_circuit_breaker() {
    let Some(patient) = Patient::new("[timeouts]\nfriend_list = \"1s\"") else { return };
    let plex = patient.0.plex();
    patient.0.write(
        "/etc/pam.d/alone",
        0o644,
        "root:root",
        "auth required pam_plex.so\naccount required pam_plex.so\n",
    );
    let verdict = patient.look();
    assert!(
        verdict.code == 0 && verdict.find("PAM", "info", "alone (auth): there is no pam_unix.so").is_some(),
        "{verdict:#?}"
    );
    plex.fault(Endpoint::Signin, Fault::TooMany(Some(3)));
    assert_eq!(patient.0.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    let verdict = patient.look();
    assert!(
        verdict.code == 3 && verdict.find("plex.tv", "warning", "does not contact it for").is_some(),
        "{verdict:#?}"
    );
    plex.clear_faults();
    patient.wait_until_healthy("plex.tv may be asked again");

    plex.fault(Endpoint::SharedServers, Fault::Status(503, String::new()));
    std::thread::sleep(std::time::Duration::from_millis(1200));
    patient.0.account("alice");
    patient.0.authenticate("alice", &password("alice"));
    let verdict = patient.look();
    assert!(verdict.find("friend list", "warning", "cannot be read again").is_some(), "{verdict:#?}");
    patient.0.stop_authd();
    patient.0.sh("rm /var/lib/plex-auth/state.db");
    patient.restart();
    patient.0.authenticate("alice", &password("alice"));
    let verdict = patient.look();
    assert!(verdict.code == 1 && verdict.find("friend list", "error", "there is none").is_some(), "{verdict:#?}");
}
