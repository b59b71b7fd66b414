//! `doctor`: the configuration and the connection to plex.tv.

use e2e::DEN;
use fakeplex::{Command, Endpoint, Fault};

use crate::case::{all, saying, told};
use crate::patient::Patient;

const RESTORE: &str = "cp -p /mnt/good.toml /etc/plex-auth.toml && systemctl restart plex-authd.service";

/// A machine with a copy of its good configuration.
fn patient() -> Option<Patient> {
    let patient = Patient::new("")?;
    patient.0.sh("cp -p /etc/plex-auth.toml /mnt/good.toml");
    Some(patient)
}

#[test]
fn doctor_finds_a_wrong_configuration_and_wrong_permissions() {
    let Some(patient) = patient() else { return };
    let check = "configuration";
    all(
        &patient,
        vec![
            saying(
                "rm /etc/plex-auth.toml",
                (check, "error", "plex-auth is not set up"),
                "run: plex-auth setup",
                RESTORE,
            ),
            saying(
                "sed -i s/^machine_id/machine_idd/ /etc/plex-auth.toml",
                (check, "error", "/etc/plex-auth.toml:2:1: there is no key"),
                "did you mean 'machine_id'?",
                RESTORE,
            ),
            told("sed -i /^plex-auth:/d /etc/passwd /etc/shadow", check, "error", "there is no user 'plex-auth'"),
            told("chmod 644 /etc/plex-auth.toml", check, "error", "mode 0644"),
            told("chmod 660 /etc/plex-auth.toml", check, "error", "mode 0660"),
            told("chown alice /etc/plex-auth.toml", check, "error", "belongs to uid"),
            told("chgrp root /etc/plex-auth.toml", check, "error", "cannot read it"),
            told("chmod 600 /etc/plex-auth.toml", check, "error", "cannot read it"),
            told("chmod 600 /mnt/plex/ca.pem", check, "error", "/mnt/plex/ca.pem: plex-authd"),
            saying(
                "install -m 640 -g root /dev/null /etc/token && printf TOKEN-SECRET-olga >/etc/token && \
                 sed -i 's|^token = .*|token_file = \"/etc/token\"|' /etc/plex-auth.toml",
                (check, "error", "/etc/token: plex-authd"),
                "run: chown root:plex-auth /etc/token",
                "chown root:plex-auth /etc/token && systemctl restart plex-authd",
            ),
        ],
    );
}

#[test]
fn doctor_finds_a_token_machine_id_or_server_of_another_owner() {
    let Some(patient) = patient() else { return };
    let olga = |what| ("token", "error", what);
    all(
        &patient,
        vec![
            saying(
                "sed -i 's/^owner_id = 1/owner_id = 2/' /etc/plex-auth.toml && systemctl restart plex-authd",
                olga("it is olga's (Plex id 1), and owner_id is 2"),
                "run: plex-auth setup",
                RESTORE,
            ),
            saying(
                "sed -i 's/^admin_account = .*/admin_account = \"alice\"/' /etc/plex-auth.toml && systemctl restart plex-authd",
                ("token", "warning", "admin_account is alice"),
                "write admin_account = \"olga\"",
                RESTORE,
            ),
            saying(
                "sed -i 's/^machine_id = .*/machine_id = \"2222222222222222\"/' /etc/plex-auth.toml && systemctl restart plex-authd",
                ("machine", "error", "olga has no server 2222222222222222"),
                "run: plex-auth setup",
                RESTORE,
            ),
            saying(
                "sed -i 's/^machine_id = .*/machine_id = \"2222222222222222\"/' /etc/plex-auth.toml && systemctl restart plex-authd",
                ("media server", "error", "is another server: 0123456789abcdef"),
                "correct server_url or machine_id",
                RESTORE,
            ),
            saying(
                "sed -i 's|^server_url = .*|server_url = \"https://localhost:1\"|' /etc/plex-auth.toml && systemctl restart plex-authd",
                ("media server", "warning", "does not answer"),
                "start the media server",
                RESTORE,
            ),
        ],
    );
    patient.0.plex().send(&Command::KillTokens("olga".into())).unwrap();
    let verdict = patient.look();
    assert!(
        verdict.code == 1 && verdict.find("token", "error", "plex.tv no longer accepts it").is_some(),
        "{verdict:#?}"
    );
    patient.0.plex().load(&DEN.replace("local = \"normal\"", "local = \"unclaimed\""));
    let verdict = patient.look();
    assert!(verdict.find("media server", "error", "belongs to no Plex account").is_some(), "{verdict:#?}");
    patient.0.plex().load(DEN);
    patient.wait_until_healthy("the world as it was");
    patient.0.plex().fault(Endpoint::User, Fault::Status(503, String::new()));
    let verdict = patient.look();
    assert!(
        verdict.code == 3 && verdict.find("token", "warning", "does not show who owns it").is_some(),
        "{verdict:#?}"
    );
}

#[test]
fn r62_doctor_distinguishes_dns_certificate_and_connection_errors() {
    let Some(patient) = patient() else { return };
    let address = |ending: &str| {
        let file = patient.0.shared().join(format!("plex/address.{ending}"));
        std::fs::read_to_string(file).unwrap().trim_end().to_owned()
    };
    let mut cases: Vec<_> = ["expired", "wrong-name", "self-signed", "unknown-ca"]
        .map(|bad| (address(bad), "TLS", "its certificate is refused"))
        .into();
    cases.push(("https://no-such-host.invalid".into(), "DNS", "its name has no address"));
    cases.push(("https://localhost:1".into(), "network", "refused"));
    for (url, check, words) in cases {
        patient.0.sh(&format!("sed -i 's|^plex_url = .*|plex_url = \"{url}\"|' /etc/plex-auth.toml"));
        let verdict = patient.look();
        let line = verdict.find(check, "error", words).unwrap_or_else(|| panic!("{url}: {verdict:#?}"));
        assert!(verdict.code == 1 && line.hint.is_some(), "{line:?}");
        let others = ["TLS", "DNS", "network", "token"].into_iter().filter(|other| *other != check);
        assert!(others.into_iter().all(|other| verdict.lines.iter().all(|line| line.name != other)), "{verdict:#?}");
    }
    patient.0.sh(RESTORE);
    patient.wait_until_healthy("the right address");
    patient.0.write("/mnt/plex/other.pem", 0o644, "root:root", "nothing in here\n");
    patient.0.sh("sed -i 's|ca.pem|other.pem|' /etc/plex-auth.toml");
    let verdict = patient.look();
    assert!(verdict.find("TLS", "error", "there is no certificate in it").is_some(), "{verdict:#?}");
}

#[test]
fn doctor_reports_a_wrong_clock() {
    let Some(patient) = patient() else { return };
    let library = patient.0.sh("find /usr/lib /usr/lib64 -name libfaketime.so.1 2>/dev/null | grep .").stdout;
    let preload = format!("LD_PRELOAD={}", library.lines().next().unwrap());
    let at = |calendar: &str| {
        patient.report_through(&["env", &preload, &format!("FAKETIME={calendar}"), "DONT_FAKE_MONOTONIC=1"])
    };
    for (calendar, status, words) in [
        ("+10m", "warning", "ahead of plex.tv's"),
        ("-2h", "warning", "behind plex.tv's"),
        ("2023-01-01 00:00:00", "error", "earlier than the build of plex-auth"),
        ("+10s", "ok", "agrees"),
    ] {
        let verdict = at(calendar);
        assert!(verdict.find("clock", status, words).is_some(), "{calendar}: {verdict:#?}");
    }
    assert_eq!(at("+10m").find("clock", "warning", "").unwrap().hint.as_deref(), Some("run: timedatectl set-ntp true"));
}
