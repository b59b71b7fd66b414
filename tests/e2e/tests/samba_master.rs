//! plex.tv stays authoritative: no local tool changes a managed account's password, and removed friends have no active
//! SMB entry.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, SYNC, World, password};

/// Part of the message to the user.
const WHERE: &str = "https://app.plex.tv";

/// Debian's profile of `pam_pwquality`, before `pam_unix`.
const PWQUALITY: &str = "Name: Pwquality password strength checking\nDefault: yes\nPriority: 1024\n\
                         Password-Type: Primary\nPassword:\n\trequisite\tpam_pwquality.so retry=3\n\
                         Password-Initial:\n\trequisite\tpam_pwquality.so retry=3\n";

/// Installs the profile for passwords as the package does.
fn select_profile(world: &World) {
    let profile = e2e::checkout().join("packaging/pam-configs/plex-auth-password");
    world.copy(&profile, "/usr/share/pam-configs/plex-auth-password", 0o644);
    world.sh("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable plex-auth-password");
}

/// Selects Debian's password checker too.
fn select_pwquality(world: &World) {
    world.write("/usr/share/pam-configs/pwquality", 0o644, "root:root", PWQUALITY);
    world.sh("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable pwquality");
    world.sh("grep -q '^password.*pam_unix.*use_authtok' /etc/pam.d/common-password");
}

fn shadow(world: &World, user: &str) -> String {
    world.sh(&format!("getent shadow {user} | cut -d: -f2")).stdout.trim_end().to_owned()
}

/// True if an account's SMB entry is disabled.
fn is_disabled(world: &World, user: &str) -> bool {
    let entry = world.sh(&format!("pdbedit -L -v -u {user}")).stdout;
    let flags = entry.lines().find(|line| line.starts_with("Account Flags:")).unwrap();
    flags.contains('D')
}

fn wait_until_disabled(world: &World, user: &str, expected: bool) {
    for _ in 0..100 {
        if is_disabled(world, user) == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{user} is not {expected}");
}

#[test]
fn smb_client_cannot_change_the_password_of_a_plex_account() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    // pam_unix's prompts, which changed after Debian's passwd chat was written. With that one no password can be
    // changed.
    world.sh(
        "printf '[global]\\n passwd chat = *ew*assword:* %%n\\\\n *ew*assword:* %%n\\\\n *\\n' >>/etc/samba/smb.conf",
    );
    world.kill_smbd();
    world.start_smbd();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    let change = |user: &str, old: &str, new: &str| {
        let line = format!("chgpasswd3 {user} {old} {new}");
        world.run(&["rpcclient", "-U", &format!("{user}%{old}"), "127.0.0.1", "-c", &line])
    };
    let refused = change("alice", &password("alice"), "Another-SECRET-7");
    assert!(refused.stdout.contains("NT_STATUS_ACCESS_DENIED"), "{refused:?}");
    assert_eq!(shadow(&world, "alice"), "*");
    assert_eq!(world.smb_says("alice", "Another-SECRET-7"), "NT_STATUS_LOGON_FAILURE");
    assert_eq!(world.smb_says("alice", &password("alice")), "ok");
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"samba\"", "phase=password", "changed at plex.tv"]);
    // Other accounts can change their own password as usual.
    assert!(world.run_with(&["smbpasswd", "-s", "-a", "local"], "LOCAL-SECRET\nLOCAL-SECRET\n").ok());
    let before = shadow(&world, "local");
    let changed = change("local", "LOCAL-SECRET", "Another-SECRET-8");
    assert!(!changed.stdout.contains("NT_STATUS"), "{changed:?}");
    assert_ne!(shadow(&world, "local"), before);
    // Debian's own file has no line for passwords, so that of `other` counts: common-password.
    let debian = "@include common-auth\n@include common-account\n@include common-session-noninteractive\n";
    world.write("/etc/pam.d/samba", 0o644, "root:root", debian);
    select_profile(&world);
    world.kill_smbd();
    world.start_smbd();
    let refused = change("alice", &password("alice"), "Another-SECRET-7");
    assert!(refused.stdout.contains("NT_STATUS_ACCESS_DENIED"), "{refused:?}");
    assert_eq!(shadow(&world, "alice"), "*");
    assert_eq!(world.smb_says("alice", "Another-SECRET-7"), "NT_STATUS_LOGON_FAILURE");
    let before = shadow(&world, "local");
    let changed = change("local", "Another-SECRET-8", "Another-SECRET-9");
    assert!(!changed.stdout.contains("NT_STATUS") && shadow(&world, "local") != before, "{changed:?}");
    world.assert_no_secret_leaked();
}

#[test]
fn r35_passwd_refuses_plex_accounts_with_a_hint_and_changes_local_passwords() {
    let Some(world) = World::with_samba(DEN, "[users]\nlisted = \"alice\"") else { return };
    world.add_user("listed", false, Some("LOCAL-SECRET"));
    assert!(world.run_with(&["chpasswd", "-c", "SHA512"], "alice:LOCAL-SECRET\n").ok());
    let (alice, listed) = (shadow(&world, "alice"), shadow(&world, "listed"));
    assert!(alice.starts_with("$6$"), "chpasswd -c asks no PAM: {alice}");
    let new = "Fresh-SECRET-99\nFresh-SECRET-99\n";
    let debian = world.sh("cat /etc/pam.d/passwd").stdout;
    let stacks: [(&str, &dyn Fn()); 3] = [
        ("shipped", &|| world.copy(&e2e::checkout().join("pam.d/passwd"), "/etc/pam.d/passwd", 0o644)),
        ("pam-auth-update", &|| {
            world.write("/etc/pam.d/passwd", 0o644, "root:root", &debian);
            select_profile(&world);
        }),
        ("pam-auth-update with pwquality", &|| select_pwquality(&world)),
    ];
    for (stack, select) in stacks {
        select();
        for user in ["alice", "bob", "listed"] {
            let passwd = world.run_with(&["passwd", user], new);
            assert!(!passwd.ok() && passwd.stderr.contains(WHERE), "{stack}: {passwd:?}");
        }
        let own = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups", "passwd"];
        let passwd = world.run_with(&own, &format!("LOCAL-SECRET\n{new}"));
        assert!(!passwd.ok() && passwd.stderr.contains(WHERE), "{stack}: {passwd:?}");
        assert_eq!((shadow(&world, "alice"), shadow(&world, "listed")), (alice.clone(), listed.clone()), "{stack}");
        let before = shadow(&world, "local");
        let passwd = world.run_with(&["passwd", "local"], new);
        assert!(passwd.ok() && shadow(&world, "local") != before, "{stack}: {passwd:?}");
    }
    // The module's own return codes, and a single message.
    let every = |user: &str| world.codes("every", user, "pass", "");
    assert_eq!(every("alice").of("pass"), Code::PERM_DENIED);
    assert_eq!(every("alice").text.matches(WHERE).count(), 1);
    let local = |daemon: &str| {
        let before = shadow(&world, "local");
        let passwd = world.run_with(&["passwd", "local"], new);
        assert!(passwd.ok() && shadow(&world, "local") != before, "{daemon}: {passwd:?}");
        let root = shadow(&world, "root");
        let passwd = world.run_with(&["passwd", "root"], new);
        assert!(passwd.ok() && shadow(&world, "root") != root, "{daemon}: {passwd:?}");
    };
    local("up");
    // Without the daemon the group decides: passwords of its members stay, all others can be changed.
    world.stop_authd();
    local("down");
    assert!(!world.run_with(&["passwd", "alice"], new).ok());
    assert_eq!(shadow(&world, "alice"), alice);
    assert_eq!(every("alice").of("pass"), Code::AUTHINFO_UNAVAIL);
    assert!(world.run_with(&["passwd", "listed"], new).ok());
    assert_ne!(shadow(&world, "listed"), listed, "the README says to put such accounts into the group");
}

#[test]
fn smb_entry_of_a_removed_friend_is_disabled_until_the_return_across_restarts() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    let without = |name: &str| DEN.replace(&format!("\"{name}\", "), "");
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
        world.wait_for_smb(user, &password(user), "ok");
    }
    world.plex().load(&without("alice"));
    wait_until_disabled(&world, "alice", true);
    assert!(!is_disabled(&world, "frank"));
    // An entry that the owner disabled by hand is not enabled by a friend's return.
    world.sh("smbpasswd -d frank");
    world.plex().load(DEN);
    wait_until_disabled(&world, "alice", false);
    assert_eq!(world.smb_says("alice", &password("alice")), "ok");
    assert!(is_disabled(&world, "frank"));
    // A login with the password sets it and thereby enables the entry, as the README says.
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
    wait_until_disabled(&world, "frank", false);
    // A removal while the service is down is caught up; a return while the daemon is down is noticed.
    world.kill_samba_service();
    world.plex().load(&without("alice"));
    let line = "the SMB entry of 'alice' could not be disabled";
    world.wait_for_log(&[line]);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(world.syslog().matches(line).count(), 1, "said once");
    world.start_samba_service();
    wait_until_disabled(&world, "alice", true);
    world.stop_authd();
    world.plex().load(DEN);
    world.start_authd(&world.config(SYNC));
    wait_until_disabled(&world, "alice", false);
}

/// smbpasswd changes a second entry along with the one that plex-auth-samba disables, as an administrator could at that
/// moment.
#[test]
fn change_of_another_tool_while_an_entry_is_disabled_is_not_missed() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
        world.wait_for_smb(user, &password(user), "ok");
    }
    world.sh("mv /usr/bin/smbpasswd /usr/bin/smbpasswd.real");
    let both = "#!/bin/sh\n[ \"$*\" != '-d alice' ] || /usr/bin/smbpasswd.real -d frank\nexec /usr/bin/smbpasswd.real \"$@\"\n";
    world.write("/usr/bin/smbpasswd", 0o755, "root:root", both);
    world.plex().load(&DEN.replace("\"alice\", ", ""));
    world.wait_for_log(&["\"alice\": the SMB entry is disabled"]);
    assert!(is_disabled(&world, "frank"));
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
    wait_until_disabled(&world, "frank", false);
}

#[test]
fn files_in_private_shares_are_accessible_to_their_owner_only() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
        world.wait_for_smb(user, &password(user), "ok");
    }
    world.sh("grep -q '^Umask:.*0000' /proc/$(pgrep -o -x smbd)/status || true");
    let put = world.smb_do("private", "alice", &password("alice"), "put /etc/hostname mine; mkdir folder; ls");
    assert!(put.ok() && put.stdout.contains("mine"), "{put:?}");
    let modes = world.sh("stat -c '%a %U' /srv/private/alice/mine /srv/private/alice/folder").stdout;
    assert_eq!(modes, "600 alice\n700 alice\n");
    let other = world.smb_do("private", "frank", &password("frank"), "ls");
    assert!(other.ok() && !other.stdout.contains("mine"), "{other:?}");
    let media = world.smb_do("media", "alice", &password("alice"), "put /etc/hostname mine");
    assert!(
        media.stdout.contains("NT_STATUS_ACCESS_DENIED") || media.stdout.contains("NT_STATUS_MEDIA_WRITE_PROTECTED"),
        "{media:?}"
    );
    let passdb = world.sh("find /var/lib/samba/private /run/plex-auth-samba -maxdepth 1 -type f -perm /022").stdout;
    assert_eq!(passdb, "");
}
