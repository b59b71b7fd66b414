//! docs/how-to/backup.md, followed on one clean machine and restored on another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, MACHINE, World, page_commands, password};

const PAGE: &str = "docs/how-to/backup.md";

/// A machine with the package, and with this plex.tv.
fn machine(suite: &'static str, plex: &str) -> Option<World> {
    let world = World::clean(suite)?;
    world.start_internet(plex);
    world.install_package();
    Some(world)
}

/// The Den after Alice has changed her name at Plex.
fn renamed() -> String {
    DEN.replace("\"alice\"", "\"alicia\"")
}

#[test]
fn r66_restored_machine_keeps_accounts_ids_files_and_bindings() {
    let (old, new) = std::thread::scope(|scope| {
        let new = scope.spawn(|| machine("trixie", &renamed()));
        (machine("bookworm", DEN), new.join().unwrap())
    });
    let (Some(old), Some(new)) = (old, new) else { return };
    // A member of the group by her name alone: only the state says whose the account is.
    let config = format!("token = \"TOKEN-SECRET-olga\"\nmachine_id = \"{MACHINE}\"\ngroup = \"plex-users\"\n");
    old.write("/etc/plex-auth.toml", 0o640, "root:plex-auth", &config);
    old.sh("groupadd --force --system plex-users; groupadd --gid 4321 alice; \
         useradd --uid 4321 --gid alice --create-home --shell /bin/bash --password '*' --groups plex-users alice");
    old.sh("systemctl restart plex-authd");
    assert_eq!(old.ssh("password", "alice", &password("alice")).stdout, "alice\n");
    assert_eq!(old.ssh_key("alice").stdout, "alice\n");

    old.follow(&page_commands(PAGE, "Back up"));
    assert_eq!(old.ssh("password", "alice", &password("alice")).stdout, "alice\n", "the old machine goes on");
    let archive = "/root/plex-auth-backup.tar.gz";
    old.sh(&format!("stat -c %a {archive} | grep -qx 600; cp {archive} /mnt/backup; tar -czf /mnt/homes -C / home"));

    assert!(!new.run(&["id", "alice"]).ok());
    new.copy(&old.shared().join("backup"), archive, 0o600);
    let shown = new.follow(&page_commands(PAGE, "Restore"));
    assert!(shown.contains("alice") && shown.contains("accepted"), "the logins of the old machine: {shown}");
    new.copy(&old.shared().join("homes"), "/root/homes", 0o600);
    new.sh("tar -xzf /root/homes -C /");
    assert_eq!(new.sh("id -u alice; stat -c %U /home/alice").stdout, "4321\nalice\n");
    assert_eq!(new.ssh("password", "alice", &password("alice")).stdout, "alice\n", "by her id, not by her name");
    assert!(!new.ssh("password", "alice", "wrong").ok());
    assert!(!new.sh("getent shadow alice").stdout.contains('$'), "no local password");
    let keys = "cat /etc/ssh/ssh_host_ed25519_key.pub";
    assert_eq!(new.sh(keys).stdout, old.sh(keys).stdout);
    new.assert_no_secret_leaked();
}
