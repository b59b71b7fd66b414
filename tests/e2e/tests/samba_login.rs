//! `plex-auth login`: for anybody, and over SSH as all that somebody gets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, SYNC, World, password, readme_commands};

/// `plex-auth login` of a user on a terminal: its exit code and all that was shown.
fn login(world: &World, user: &str, typed: &str) -> (i32, String) {
    let line = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "plex-auth", "login"];
    let mut terminal = world.terminal(&line);
    terminal.wait_for(&format!("Plex password of {user}"));
    terminal.type_line(typed);
    (terminal.exit(), terminal.contents())
}

#[test]
fn anybody_brings_their_own_share_in_step_by_typing_the_plex_password() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    let (code, shown) = login(&world, "alice", "wrong");
    assert!(code == 1 && shown.contains("Plex does not take this password"), "{code} {shown}");
    let (code, shown) = login(&world, "alice", &password("alice"));
    assert!(code == 0 && shown.contains("That is the Plex password of alice"), "{code} {shown}");
    assert!(!shown.contains("SECRET"), "what is typed is not shown: {shown}");
    world.wait_for_smb("alice", &password("alice"), "ok");
    let (code, shown) = login(&world, "bob", &password("bob"));
    assert!(code == 1 && shown.contains("bob may not sign in here"), "{code} {shown}");
    let mut local = world.terminal(&["setpriv", "--reuid", "local", "--clear-groups", "plex-auth", "login"]);
    assert_eq!(local.exit(), 1);
    assert!(local.contents().contains("nothing to do with Plex"), "{}", local.contents());
    let mut root = world.terminal(&["plex-auth", "login"]);
    assert_eq!(root.exit(), 1);
    assert!(root.contents().contains("root never signs in with Plex"), "{}", root.contents());
    world.assert_no_secret_leaked();
}

#[test]
fn a_friend_who_only_has_a_share_gets_in_step_over_ssh_and_no_shell() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    // As the README has it.
    let commands = readme_commands("Samba");
    let (_, match_group) = commands.split_once("cat >/etc/ssh/sshd_config.d/plex-share.conf").unwrap();
    let (block, _) = match_group.split_once("\nEND\n").unwrap();
    world.sh(&format!("cat >/etc/ssh/sshd_config.d/plex-share.conf{block}\nEND\n"));
    world.sh("groupadd plex-share && gpasswd -a alice plex-share");
    world.start_sshd_with("Include /etc/ssh/sshd_config.d/*.conf\n");
    // Whatever is asked for, the one program is what runs; with a key nothing has been typed yet.
    let key = world.ssh_key("alice");
    assert!(!key.ok() && !key.stdout.contains("alice\n"), "{key:?}");
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    let mut ssh = world.terminal(&[
        "ssh",
        "-F",
        "none",
        "-i",
        "/run/key",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oLogLevel=ERROR",
        "alice@127.0.0.1",
    ]);
    ssh.wait_for("Plex password of alice");
    ssh.type_line(&password("alice"));
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().contains("That is the Plex password of alice"), "{}", ssh.contents());
    world.wait_for_smb("alice", &password("alice"), "ok");
    // Neither files nor tunnels.
    let sftp =
        "sftp -F none -i /run/key -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -b - alice@127.0.0.1";
    assert!(!world.run_with(&["sh", "-c", sftp], "ls /\n").ok());
    // The login itself is enough where it is by the Plex password.
    world.sh("smbpasswd -x alice");
    assert!(!world.ssh("password", "alice", &password("alice")).stdout.contains("alice\n"));
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.ssh_key("frank").stdout, "frank\n", "others have what they had");
    world.assert_no_secret_leaked();
}
