//! Installation by hand, as docs/how-to/install.md says, and socket activation as by systemd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, MACHINE, World, page_commands, password};

#[test]
fn installation_by_hand_lets_a_friend_log_in() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    world.sh(
        "rm -rf /etc/plex-auth.toml /etc/pam.d/plex-auth /var/lib/plex-auth /usr/sbin/plex-authd /usr/sbin/plex-auth-shadow; \
         rm \"$(find /usr/lib -name pam_plex.so)\"; userdel plex-auth; groupdel plex-users; mkdir -p /root/plex-auth/target/release",
    );
    world.copy_release("/root/plex-auth");
    let (before, after) = (world.config(""), page_commands("docs/how-to/install.md", "By hand"));
    let network: String = before
        .lines()
        .filter(|line| line.starts_with("plex_url") || line.starts_with("ca_file"))
        .fold(String::new(), |text, line| text + line + "\n");
    let script = after
        .replace("make build\n", "")
        .replacen('…', "TOKEN-SECRET-olga", 1)
        .replacen('…', MACHINE, 1)
        .replace("[users]", &format!("{network}[users]"))
        .replace("x86_64-linux-gnu", "$(uname -m)-linux-gnu")
        .replace(" &\n", " >/dev/null 2>&1 &\n");
    let before = world.syslog().matches("is ready").count();
    let out = world.run_with(&["sh", "-e", "-c", "cd /root/plex-auth; cat >/root/script; . /root/script"], &script);
    assert!(out.ok(), "{script}\n{out:?}");
    assert!(out.stdout.contains("friends with whom the server"), "config check says what it means: {out:?}");
    world.sh(&format!("until [ $(grep -c 'is ready' /var/log/syslog) -gt {before} ]; do sleep 0.02; done"));
    world.start_sshd();
    assert_eq!(world.ssh("password", "alice", &password("alice")).stdout, "alice\n");
    assert!(!world.ssh("password", "mallory", &password("mallory")).ok());
    world.assert_no_secret_leaked();
}

#[test]
fn daemon_uses_and_keeps_a_socket_passed_by_systemd() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    // As with a socket unit: the socket exists first, and the daemon starts as its user at the first connection.
    world.start(&[
        "setpriv --reuid plex-auth --regid plex-auth --clear-groups",
        "systemd-socket-activate --listen=/run/plex-auth/socket /usr/sbin/plex-authd",
    ]);
    world.sh("until [ -S /run/plex-auth/socket ]; do sleep 0.02; done; chmod 666 /run/plex-auth/socket");
    assert!(!world.run(&["pgrep", "-x", "plex-authd"]).ok(), "nobody has come yet");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.account("bob"), Code::PERM_DENIED);
    world.stop_authd();
    assert!(world.run(&["test", "-S", "/run/plex-auth/socket"]).ok(), "the socket is systemd's");
}

#[test]
fn second_daemon_does_not_take_over_the_socket() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let second = world.run(&["timeout", "5", "/usr/sbin/plex-authd", "--user", "plex-auth"]);
    assert_eq!(second.code, 78, "{second:?}");
    world.wait_for_log(&["cannot run", "another plex-authd is listening there"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}
