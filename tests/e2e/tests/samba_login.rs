//! `plex-auth login`: for anybody, and over SSH as all that somebody gets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{DEN, SYNC, World, page_commands, password};

const PAGE: &str = "docs/how-to/samba.md";

/// `plex-auth login` of a user on a terminal: its exit code and all that was shown.
fn login(world: &World, user: &str, typed: &str) -> (i32, String) {
    let line = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "plex-auth", "login"];
    let mut terminal = world.terminal(&line);
    terminal.wait_for(&format!("Plex password of {user}"));
    terminal.type_line(typed);
    (terminal.exit(), terminal.contents())
}

#[test]
fn a_password_that_is_typed_as_soon_as_it_is_asked_for_is_not_shown() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let login = "read -r go; exec setpriv --reuid alice --regid alice --init-groups plex-auth login 2>/dev/null";
    let mut terminal = world.terminal(&["sh", "-c", login]);
    // Control-S: nothing gets onto the screen until Control-Q, so the program is held up at its question; without an
    // error output there is nothing before that which could hold it up.
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
fn the_page_makes_a_share_that_opens_for_todays_friends_with_their_plex_password() {
    let Some(world) = World::with_everything(DEN, "[timeouts]\nfriend_list = \"1s\"") else { return };
    world.ready_for_pages();
    world.start_sshd();
    world.sh("mount -t tmpfs -o mode=755 tmpfs /srv");
    world.sh("rm /etc/pam.d/plex-auth");
    world.follow(&page_commands(PAGE, "The gate"));
    world.sh("echo film >/srv/media/film");
    // The gate alone: with a password that Samba was told by hand.
    for name in ["alice", "bob"] {
        assert!(world.run_with(&["smbpasswd", "-s", "-a", name], "smb-word\nsmb-word\n").ok());
    }
    assert_eq!(world.smb_says("alice", "smb-word"), "ok");
    assert_eq!(world.smb_says("bob", "smb-word"), "NT_STATUS_ACCESS_DENIED");
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    world.follow(&page_commands(PAGE, "The password"));
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.smb_says("mallory", &password("mallory")), "NT_STATUS_LOGON_FAILURE");
    world.plex().load(&DEN.replace("[\"alice\", ", "["));
    // Refused at once by the list, and soon by Samba itself.
    world.wait_for_smb("alice", &password("alice"), "NT_STATUS_ACCOUNT_DISABLED");
    world.assert_no_secret_leaked();
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
    world.ready_for_pages();
    world.start_sshd_with("Include /etc/ssh/sshd_config.d/*.conf\n");
    world.follow(&page_commands(PAGE, "Friends who have a share and nothing else"));
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
