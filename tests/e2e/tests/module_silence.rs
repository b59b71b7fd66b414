//! Bytes that pass through a login session are unchanged, with `debug` in the stack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, password};

/// Options for an OpenSSH client that uses a password. It shows everything that the server sends besides prompts.
const OPTIONS: &str = "-F none -oUserKnownHostsFile=/run/known -oPubkeyAuthentication=no -oNumberOfPasswordPrompts=1";

/// The server program of sftp.
const SERVER: &str = "/usr/lib/openssh/sftp-server";

#[test]
fn r8_ssh_scp_sftp_sudo_and_su_transfer_exact_bytes() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.sh(
        "sed -i 's/pam_plex.so.*/& debug/' /etc/pam.d/plex-auth; grep -q 'pam_plex.so.*debug' /etc/pam.d/plex-auth",
    );
    world.start_sshd();
    world.sh("ssh-keyscan 127.0.0.1 >/run/known 2>/dev/null");
    world.write("/run/typed", 0o600, "root:root", &format!("{}\n", password("alice")));
    world.sh("dd if=/dev/urandom of=/run/bytes bs=1000 count=300 status=none; chmod 644 /run/bytes");
    for method in ["password", "keyboard-interactive"] {
        let options = format!("{OPTIONS} -oPreferredAuthentications={method}");
        let quiet = world.sh(&format!("sshpass -f /run/typed ssh {options} alice@127.0.0.1 true 2>&1 | wc -c"));
        assert_eq!(quiet.stdout.trim(), "0", "{method}");
        let script = format!(
            "set -e; rm -f /tmp/*.bytes
             sshpass -f /run/typed ssh {options} alice@127.0.0.1 cat /run/bytes >/tmp/ssh.bytes
             sshpass -f /run/typed scp -q -O {options} alice@127.0.0.1:/run/bytes /tmp/scp.bytes
             sshpass -f /run/typed sftp -q -s {SERVER} {options} alice@127.0.0.1:/run/bytes /tmp/sftp.bytes
             sshpass -f /run/typed scp -q -O {options} /run/bytes alice@127.0.0.1:/tmp/up.bytes
             for copy in ssh scp sftp up; do cmp /run/bytes /tmp/$copy.bytes; done"
        );
        let copies = world.sh(&script);
        assert_eq!(copies.stderr, "", "{method}");
    }
    // sshd protects its own standard descriptors from modules; sudo and su have the caller's.
    world.allow_sudo(&["alice"]);
    let sudo = world.sudo("alice", &password("alice"), &[]);
    assert_eq!((sudo.stdout.as_str(), sudo.stderr.as_str()), ("root\n", ""));
    let su = world.su("local", "alice", &password("alice"), &[]);
    assert_eq!((su.stdout.as_str(), su.stderr.trim_end()), ("alice\n", "Password:"));
    for service in ["sudo", "su"] {
        world.wait_for_log(&[&format!("pam_plex({service}:auth)"), "verdict Success"]);
    }
    world.wait_for_log(&["pam_plex(sshd:auth)", "verdict Success"]);
    world.wait_for_log(&["pam_plex(sshd:account)", "verdict Success"]);
    world.assert_no_secret_leaked();
}
