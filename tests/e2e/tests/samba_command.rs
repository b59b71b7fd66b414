//! Samba in `plex-auth doctor` and `plex-auth user`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::process::Stdio;
use std::time::Duration;

use e2e::{Code, DEN, SYNC, World, password};

fn entry(world: &World, user: &str) -> String {
    world.run(&["pdbedit", "-L", "-v", "-u", user]).stdout
}

#[test]
fn doctor_reports_open_smb_sessions_of_removed_friends_with_a_fix() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
        world.wait_for_smb(user, &password(user), "ok");
    }
    let mut open = Vec::new();
    for user in ["alice", "frank"] {
        let mut client = world.command(&["smbclient", "-m", "SMB3", "-U", user, "//127.0.0.1/media"]);
        client.env("PASSWD", password(user)).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        open.push(client.spawn().unwrap());
    }
    world.sh("until [ $(smbstatus -p | grep -cE '^[0-9]+ +(alice|frank)') -eq 2 ]; do sleep 0.1; done");
    let doctor = || world.run(&["plex-auth", "doctor"]).stdout;
    let healthy = doctor();
    assert!(!healthy.contains("still has a session") && healthy.contains("they follow Plex"), "{healthy}");
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(Duration::from_millis(2500));
    let sick = doctor();
    assert!(sick.contains("'alice' may not sign in any more and still has a session open"), "{sick}");
    assert!(!sick.contains("'frank'"), "{sick}");
    let kill = sick.lines().find_map(|line| line.split_once("run: kill ")).unwrap().1.trim();
    world.sh(&format!("kill {kill}; until ! smbstatus -p | grep -qE '^[0-9]+ +alice'; do sleep 0.1; done"));
    assert!(!doctor().contains("still has a session"));
    for client in &mut open {
        // smbclient ends with its input.
        drop(client.stdin.take());
        client.wait().unwrap();
    }
    // Debian's own stack, and a service that does not run.
    world.sh("sed -i /^password/d /etc/pam.d/samba");
    world.kill_samba_service();
    world.sh("rm /run/plex-auth-samba/socket");
    let broken = doctor();
    for line in ["gets a local one in /etc/shadow", "plex-auth-samba is not running"] {
        assert!(broken.contains(line), "{line}: {broken}");
    }
}

#[test]
fn user_sync_and_remove_update_the_smb_entry() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    // Through the command alone, without the service.
    world.kill_samba_service();
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    let sync = world.run(&["plex-auth", "user", "sync", "--yes"]);
    assert!(sync.ok(), "{sync:?}");
    assert!(entry(&world, "alice").contains("[DU"), "{}", entry(&world, "alice"));
    world.plex().load(DEN);
    let sync = world.run(&["plex-auth", "user", "sync", "--yes"]);
    assert!(sync.ok(), "{sync:?}");
    assert!(entry(&world, "alice").contains("[U "), "{}", entry(&world, "alice"));
    let remove = world.run(&["plex-auth", "user", "remove", "alice"]);
    assert!(remove.ok(), "{remove:?}");
    assert_eq!(world.sh("pdbedit -L | grep -c '^alice:' || true").stdout, "0\n");
}
