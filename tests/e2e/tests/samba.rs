//! Plex passwords and the friend list at a Samba share, with the real smbd and smbclient.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, SYNC, World, password, within};

#[test]
fn smb_share_follows_the_friend_list_and_the_plex_password() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.start_sshd();
    let first = password("alice");
    assert_eq!(world.sh("getent shadow alice | cut -d: -f2").stdout, "*\n");
    // Before the first login with a password, Samba cannot know it.
    assert_eq!(world.smb_says("alice", &first), "NT_STATUS_LOGON_FAILURE");
    assert!(!world.ssh("password", "alice", "wrong").ok());
    assert_eq!(world.smb_says("alice", &first), "NT_STATUS_LOGON_FAILURE");
    // Immediately after the first one it does.
    assert_eq!(world.ssh("keyboard-interactive", "alice", &first).stdout, "alice\n");
    world.wait_for_smb("alice", &first, "ok");
    assert_eq!(world.smb_says("alice", "wrong"), "NT_STATUS_LOGON_FAILURE");
    // After a change at Plex, the old password opens the share until the next login.
    let second = "PASSWORD-SECRET-second";
    world.plex().load(&DEN.replace(&format!("password = \"{first}\""), &format!("password = \"{second}\"")));
    assert_eq!(world.smb_says("alice", &first), "ok");
    assert_eq!(world.smb_says("alice", second), "NT_STATUS_LOGON_FAILURE");
    assert_eq!(world.ssh("password", "alice", second).stdout, "alice\n");
    world.wait_for_smb("alice", second, "ok");
    assert_eq!(world.smb_says("alice", &first), "NT_STATUS_LOGON_FAILURE");
    // After the removal every access is refused, whatever the SMB password; then access is restored.
    let with_second = DEN.replace(&format!("password = \"{first}\""), &format!("password = \"{second}\""));
    world.plex().load(&with_second.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(Duration::from_millis(2500));
    assert!(["NT_STATUS_ACCESS_DENIED", "NT_STATUS_ACCOUNT_DISABLED"].contains(&&*world.smb_says("alice", second)));
    assert!(!world.ssh("password", "alice", second).ok());
    world.plex().load(&with_second);
    world.wait_for_smb("alice", second, "ok");
    world.assert_no_secret_leaked();
}

#[test]
fn r55_removed_friend_is_denied_at_once_whatever_the_smb_password() {
    let further = "[timeouts]\nfriend_list = \"1s\"";
    let Some(world) = World::with_samba(DEN, further) else { return };
    // Without sync_password: the account phase alone decides, for a password that root has set.
    for name in ["alice", "local"] {
        assert!(world.run_with(&["smbpasswd", "-s", "-a", name], "SMB-SECRET\nSMB-SECRET\n").ok());
    }
    world.sh("gpasswd -a local plex-users >/dev/null && gpasswd -d local plex-users >/dev/null");
    assert_eq!(world.smb_says("alice", "SMB-SECRET"), "ok");
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(world.smb_says("alice", "SMB-SECRET"), "NT_STATUS_ACCESS_DENIED");
    assert_eq!(world.smb_says("ALICE", "SMB-SECRET"), "NT_STATUS_ACCESS_DENIED");
    let line = world.wait_for_log(&["denied", "user=\"alice\"", "service=\"samba\"", "phase=account"]);
    let took = line.split(" ms=").nth(1).unwrap().split(':').next().unwrap();
    assert!(took.parse::<u32>().unwrap() < 500, "answered from the kept list: {line}");
    // A hanging plex.tv delays no one.
    world.plex().send(&fakeplex::Command::Connections(fakeplex::Connections::Silence)).unwrap();
    within(Duration::from_secs(2), "smbclient", || {
        assert_eq!(world.smb_says("alice", "SMB-SECRET"), "NT_STATUS_ACCESS_DENIED");
    });
    // With the daemon down, no member of the group has access.
    world.stop_authd();
    assert_ne!(world.smb_says("alice", "SMB-SECRET"), "ok");
    assert_eq!(world.codes("samba", "local", "acct", "").of("acct"), Code::SUCCESS);
}
