//! `plex-auth login`: for every user, and over SSH as the only permitted command.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{DEN, SYNC, World, page_commands, password};

const PAGE: &str = "docs/how-to/samba.md";

/// `plex-auth login` of a user on a terminal: exit code and contents.
fn login(world: &World, user: &str, typed: &str) -> (i32, String) {
    let line = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "plex-auth", "login"];
    let mut terminal = world.terminal(&line);
    terminal.wait_for(&format!("Plex password of {user}"));
    terminal.type_line(typed);
    (terminal.exit(), terminal.contents())
}

#[test]
fn smb_login_disables_echo_before_the_prompt() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let login = "read -r go; exec setpriv --reuid alice --regid alice --init-groups plex-auth login 2>/dev/null";
    let mut terminal = world.terminal(&["sh", "-c", login]);
    // Control-S stops all output until Control-Q, so the program blocks at its prompt; without standard error, nothing
    // before the prompt can block.
    terminal.type_text("\u{13}");
    terminal.type_line("");
    let start = Instant::now();
    while terminal.shows_what_is_typed() {
        assert!(start.elapsed() < Duration::from_secs(10), "it is still shown");
        sleep(Duration::from_millis(10));
    }
    terminal.type_line(&password("alice"));
    assert!(!terminal.contents().contains("Plex"), "{}", terminal.contents());
    terminal.type_text("\u{11}");
    terminal.wait_for("Plex password of alice");
    assert_eq!(terminal.exit(), 0, "{}", terminal.contents());
    assert!(!terminal.contents().contains("SECRET"), "{}", terminal.contents());
    world.assert_no_secret_leaked();
}

#[test]
fn samba_page_sets_up_a_share_for_current_friends_with_their_plex_password() {
    let Some(world) = World::with_everything(DEN, "[timeouts]\nfriend_list = \"1s\"") else { return };
    world.ready_for_pages();
    world.start_sshd();
    world.sh("mount -t tmpfs -o mode=755 tmpfs /srv");
    world.sh("rm /etc/pam.d/plex-auth");
    world.follow(&page_commands(PAGE, "Check access at each connection"));
    world.sh("echo film >/srv/media/film");
    // The account phase alone: with a password that was set in Samba by hand.
    for name in ["alice", "bob"] {
        assert!(world.run_with(&["smbpasswd", "-s", "-a", name], "smb-word\nsmb-word\n").ok());
    }
    assert_eq!(world.smb_says("alice", "smb-word"), "ok");
    assert_eq!(world.smb_says("bob", "smb-word"), "NT_STATUS_ACCESS_DENIED");
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    world.follow(&page_commands(PAGE, "Synchronise the SMB password"));
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.smb_says("mallory", &password("mallory")), "NT_STATUS_LOGON_FAILURE");
    world.plex().load(&DEN.replace("[\"alice\", ", "["));
    // Refused immediately by the friend list, and soon by Samba itself.
    world.wait_for_smb("alice", &password("alice"), "NT_STATUS_ACCOUNT_DISABLED");
    world.assert_no_secret_leaked();
}

#[test]
fn login_synchronises_the_users_own_smb_password() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    let (code, shown) = login(&world, "alice", "wrong");
    assert!(code == 1 && shown.contains("Plex does not accept this password"), "{code} {shown}");
    let (code, shown) = login(&world, "alice", &password("alice"));
    assert!(code == 0 && shown.contains("Plex accepted the password of alice"), "{code} {shown}");
    assert!(!shown.contains("SECRET"), "what is typed is not shown: {shown}");
    world.wait_for_smb("alice", &password("alice"), "ok");
    let (code, shown) = login(&world, "bob", &password("bob"));
    assert!(code == 1 && shown.contains("bob may not sign in here"), "{code} {shown}");
    // The PATH that Debian gives to users.
    let path = ["env", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"];
    let line = [&["setpriv", "--reuid", "local", "--clear-groups"][..], &path, &["plex-auth", "login"]].concat();
    let mut local = world.terminal(&line);
    assert_eq!(local.exit(), 1);
    assert!(local.contents().contains("is not linked to a Plex account"), "{}", local.contents());
    let mut root = world.terminal(&["plex-auth", "login"]);
    assert_eq!(root.exit(), 1);
    assert!(root.contents().contains("root does not sign in with Plex"), "{}", root.contents());
    world.assert_no_secret_leaked();
}

#[test]
fn friend_without_a_shell_can_synchronise_the_smb_password_over_ssh() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.ready_for_pages();
    world.start_sshd_with("Include /etc/ssh/sshd_config.d/*.conf\n");
    world.follow(&page_commands(PAGE, "Friends with access to shares only"));
    // Whatever command is requested, only the one program runs; a key login has no password to synchronise.
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
    assert!(ssh.contents().contains("Plex accepted the password of alice"), "{}", ssh.contents());
    world.wait_for_smb("alice", &password("alice"), "ok");
    // Neither file transfer nor tunnels.
    let sftp =
        "sftp -F none -i /run/key -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -b - alice@127.0.0.1";
    assert!(!world.run_with(&["sh", "-c", sftp], "ls /\n").ok());
    // A login with the Plex password is sufficient.
    world.sh("smbpasswd -x alice");
    assert!(!world.ssh("password", "alice", &password("alice")).stdout.contains("alice\n"));
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.ssh_key("frank").stdout, "frank\n", "others have what they had");
    world.assert_no_secret_leaked();
}
