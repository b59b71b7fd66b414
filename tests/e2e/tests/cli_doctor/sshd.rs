//! `doctor`: settings of sshd.

use crate::case::{all, saying, told};
use crate::patient::Patient;

#[test]
fn doctor_finds_and_fixes_sshd_settings_that_prevent_plex_logins() {
    let Some(patient) = Patient::new("") else { return };
    let set = |line: &str| format!("sed -i '1i {line}' /etc/ssh/sshd_config");
    all(
        &patient,
        vec![
            told(set("UsePAM no"), "sshd", "error", "UsePAM is off"),
            told(
                set("PasswordAuthentication no\\nKbdInteractiveAuthentication no"),
                "sshd",
                "error",
                "no password is asked for",
            ),
            told(set("LoginGraceTime 10"), "sshd", "warning", "may wait 15s for plex.tv"),
            told(set("MaxAuthTries 1"), "sshd", "warning", "MaxAuthTries is 1"),
            told(set("PermitEmptyPasswords yes"), "sshd", "warning", "open to everybody"),
            told(set("UseDNS yes"), "sshd", "warning", "all of them share the limits of one origin"),
            saying(
                set("NoSuchSetting yes"),
                ("sshd", "error", "NoSuchSetting"),
                "run: sshd -t",
                "sed -i /NoSuchSetting/d /etc/ssh/sshd_config",
            ),
            saying(
                "printf 'Match User alice\\nKbdInteractiveAuthentication no\\nPasswordAuthentication no\\n' \
                 >>/etc/ssh/sshd_config",
                ("sshd", "error", "no password is asked for"),
                "KbdInteractiveAuthentication yes",
                "sed -i '/^Match/,$d' /etc/ssh/sshd_config",
            ),
            // A locked password does not matter while sshd uses PAM; without PAM it also refuses keys.
            saying(
                "usermod --lock alice; sed -i '1i UsePAM no' /etc/ssh/sshd_config",
                ("sshd", "warning", "takes a locked password for a locked account: alice"),
                "run: usermod --password '*' alice",
                "sed -i 1d /etc/ssh/sshd_config",
            ),
        ],
    );
    assert!(patient.0.sh("getent shadow alice").stdout.starts_with("alice:!"), "still locked, and well");
}

#[test]
fn r24_doctor_finds_and_fixes_sshd_settings_that_prevent_link_sign_in() {
    let Some(patient) = Patient::new("link_sign_in = true\n") else { return };
    all(
        &patient,
        vec![
            told(
                "sed -i '1i LoginGraceTime 109' /etc/ssh/sshd_config",
                "sshd",
                "warning",
                "link sign-in may take 110s",
            ),
            told(
                "sed -i '1i KbdInteractiveAuthentication no' /etc/ssh/sshd_config",
                "sshd",
                "error",
                "link sign-in and verification codes cannot be shown",
            ),
        ],
    );
    let unlimited = patient.0.sh("sed -i '1i LoginGraceTime 0' /etc/ssh/sshd_config");
    assert!(unlimited.ok() && patient.look().code == 0);
}
