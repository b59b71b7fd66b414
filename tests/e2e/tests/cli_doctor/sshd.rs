//! sshd's settings.

use crate::case::{all, saying, told};
use crate::patient::Patient;

#[test]
fn settings_of_sshd_that_keep_plex_out_are_found_and_mended() {
    let Some(patient) = Patient::new("") else { return };
    let set = |line: &str| format!("sed -i '1i {line}' /etc/ssh/sshd_config");
    all(
        &patient,
        vec![
            told(set("UsePAM no"), "sshd", "bad", "UsePAM is off"),
            told(
                set("PasswordAuthentication no\\nKbdInteractiveAuthentication no"),
                "sshd",
                "bad",
                "no password is asked for",
            ),
            told(set("LoginGraceTime 10"), "sshd", "warning", "may wait 15s for plex.tv"),
            told(set("MaxAuthTries 1"), "sshd", "warning", "MaxAuthTries is 1"),
            told(set("PermitEmptyPasswords yes"), "sshd", "warning", "open to everybody"),
            saying(
                set("NoSuchSetting yes"),
                ("sshd", "bad", "NoSuchSetting"),
                "run: sshd -t",
                "sed -i /NoSuchSetting/d /etc/ssh/sshd_config",
            ),
            saying(
                "printf 'Match User alice\\nKbdInteractiveAuthentication no\\nPasswordAuthentication no\\n' \
                 >>/etc/ssh/sshd_config",
                ("sshd", "bad", "no password is asked for"),
                "KbdInteractiveAuthentication yes",
                "sed -i '/^Match/,$d' /etc/ssh/sshd_config",
            ),
            // A locked password is as good as none while sshd asks PAM, and locks keys out when it does not.
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
fn r24_a_grace_time_that_cuts_link_sign_in_off_is_found_and_mended() {
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
                "bad",
                "link sign-in and verification codes cannot be shown",
            ),
        ],
    );
    let unlimited = patient.0.sh("sed -i '1i LoginGraceTime 0' /etc/ssh/sshd_config");
    assert!(unlimited.ok() && patient.look().code == 0);
}
