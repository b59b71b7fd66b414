//! `doctor`: settings of sshd.

use crate::case::{all, saying, told};
use crate::patient::Patient;

/// Restores sshd's configuration as it was at first.
const CLEAN: &str = "rm -f /etc/ssh/sshd_config.d/*.conf; test -e /mnt/sshd_config || cp /etc/ssh/sshd_config /mnt; \
                     cp /mnt/sshd_config /etc/ssh/sshd_config";

#[test]
fn doctor_finds_and_fixes_sshd_settings_that_prevent_plex_logins() {
    let Some(patient) = Patient::new("") else { return };
    let set = |line: &str| format!("{CLEAN}; sed -i '1a {line}' /etc/ssh/sshd_config");
    all(
        &patient,
        vec![
            told(set("UsePAM no"), "sshd", "error", "UsePAM is off"),
            told(
                set("PasswordAuthentication no\\nKbdInteractiveAuthentication no"),
                "sshd",
                "error",
                "sshd does not accept passwords",
            ),
            told(set("LoginGraceTime 10"), "sshd", "warning", "may wait 15s for plex.tv"),
            told(set("MaxAuthTries 1"), "sshd", "warning", "MaxAuthTries is 1"),
            told(set("PermitEmptyPasswords yes"), "sshd", "warning", "can be used by anyone"),
            told(set("UseDNS yes"), "sshd", "warning", "all of them share the limits of one origin"),
            saying(
                set("NoSuchSetting yes"),
                ("sshd", "error", "NoSuchSetting"),
                "sshd -t",
                "sed -i /NoSuchSetting/d /etc/ssh/sshd_config",
            ),
            told(
                format!(
                    "{CLEAN}; printf 'Match User alice\\nKbdInteractiveAuthentication no\\nPasswordAuthentication no\\n' \
                     >>/etc/ssh/sshd_config"
                ),
                "sshd",
                "error",
                "alice: KbdInteractiveAuthentication and PasswordAuthentication are off: sshd does not accept passwords",
            ),
            // A locked password does not matter while sshd uses PAM; without PAM it also refuses keys.
            saying(
                set("UsePAM no") + "; usermod --lock alice",
                ("sshd", "warning", "treats a locked password as a locked account: alice"),
                "run: usermod --password '*' alice",
                "sed -i 2d /etc/ssh/sshd_config",
            ),
            // A line before the Include wins over every drop-in.
            saying(
                format!("{CLEAN}; sed -i '1i UseDNS yes' /etc/ssh/sshd_config"),
                ("sshd", "warning", "UseDNS is on"),
                "write into /etc/ssh/sshd_config, before every other line with UseDNS or Match: UseDNS no",
                "sed -i '1s/yes/no/' /etc/ssh/sshd_config",
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
                "sed -i '1a LoginGraceTime 109' /etc/ssh/sshd_config",
                "sshd",
                "warning",
                "link sign-in may take 110s",
            ),
            told(
                "sed -i '1a KbdInteractiveAuthentication no' /etc/ssh/sshd_config",
                "sshd",
                "error",
                "link sign-in and verification codes cannot be shown",
            ),
        ],
    );
    let unlimited = patient.0.sh("sed -i '1i LoginGraceTime 0' /etc/ssh/sshd_config");
    assert!(unlimited.ok() && patient.look().code == 0);
}

/// Lists of sshd lock accounts out before PAM is asked. Each finding is compared with what sshd does.
#[test]
fn r79_doctor_finds_accounts_that_sshd_refuses_by_its_lists() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    let (reload, check) = ("pkill -HUP -x sshd; sleep 0.3", "sshd");
    let restore = format!("{CLEAN}; {reload}");
    let set = |line: &str| format!("{restore}; sed -i '1a {line}' /etc/ssh/sshd_config; {reload}");
    let enters = |user: &str| world.ssh("password", user, &e2e::password(user)).stdout == format!("{user}\n");
    let broken = [
        ("AllowUsers olga", "error", "sshd refuses every login: AllowUsers does not list the account"),
        ("AllowUsers olga alice@127.0.0.1", "error", "dave, frank: sshd refuses every login: AllowUsers"),
        ("AllowGroups adm", "error", "sshd refuses every login: AllowGroups does not list the account"),
        ("AuthenticationMethods publickey", "warning", "AuthenticationMethods is 'publickey'"),
    ];
    for (line, status, words) in broken {
        world.sh(&set(line));
        let verdict = patient.look();
        let found = verdict.find(check, status, words).unwrap_or_else(|| panic!("{line}: {verdict:#?}"));
        assert!(!enters("frank"), "{line}");
        assert_eq!(enters("alice"), line.contains("alice"), "{line}");
        let command = found.hint.as_deref().and_then(|hint| hint.strip_prefix("run: "));
        let command = command.unwrap_or_else(|| panic!("{line}: {found:?}"));
        assert!(command.ends_with("/usr/sbin/sshd -t && kill -HUP $(cat /run/sshd.pid)"), "{command}");
        world.sh(&format!("{command}; sleep 0.3"));
        assert!(enters("frank") && enters("alice"), "{line}: fixed by {command:?}");
        patient.wait_until_healthy(line);
    }
    for (line, patterns) in [
        ("DenyUsers fr?nk", "'fr?nk'"),
        ("DenyUsers frank dave alice", "'alice', 'dave', 'frank'"),
        ("DenyGroups plex-users", "'plex-users'"),
    ] {
        world.sh(&set(line));
        let verdict = patient.look();
        let found =
            verdict.find(check, "warning", &format!("lists {patterns}")).unwrap_or_else(|| panic!("{verdict:#?}"));
        assert!(!enters("frank") && found.hint.as_deref().is_some_and(|hint| hint.contains("remove")), "{found:?}");
        assert_eq!(verdict.lines.iter().filter(|line| line.name == check).count(), 1, "{verdict:#?}");
    }
    // A list that one network has on purpose is no fault.
    world.sh(&format!(
        "{restore}; printf 'Match Address 192.0.2.0/24\nAllowUsers olga\n' >>/etc/ssh/sshd_config; {reload}"
    ));
    assert!(enters("frank"));
    patient.wait_until_healthy("refused from one network only");
}
