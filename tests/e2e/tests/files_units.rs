//! Media folders of accounts for files, as mount units of systemd's on a freshly installed Debian server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, MACHINE, Out, World, page_commands, with_server_token};

const UNIT: &str = "'/etc/systemd/system/srv-plex\\x2dauth-al-media.mount'";

const CONFIG: &str = "/etc/plex-auth.toml";

/// A server with the package, a configuration for files and the section for sshd, and a key for `al` and `erin`.
fn machine() -> Option<World> {
    let world = World::clean("trixie")?;
    world.start_internet(&with_server_token(DEN));
    world.install_package();
    world.write_config(&format!(
        "token = \"TOKEN-SECRET-olga\"\nmachine_id = \"{MACHINE}\"\ngroup = \"plex-users\"\n[accounts]\npurpose = \"files\"\n\
         media = \"/srv/my films\"\n"
    ));
    world.sh("mkdir '/srv/my films' /srv/other && echo film >'/srv/my films/film' && echo other >/srv/other/film");
    world.sh("ssh-keygen -q -t ed25519 -N '' -f /root/key && echo mine >/root/mine");
    world.follow(&page_commands("docs/how-to/sftp-only.md", "Restrict the group in sshd"));
    Some(world)
}

/// SFTP with a key that root put into the account's home.
fn sftp(world: &World, user: &str, commands: &str) -> Out {
    world.sh(&format!(
        "install -d -m 755 /srv/plex-auth/{user}/.ssh && install -m 644 /root/key.pub /srv/plex-auth/{user}/.ssh/authorized_keys"
    ));
    let line = format!(
        "cd /root && sftp -i key -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR {user}@127.0.0.1"
    );
    world.run_with(&["sh", "-c", &line], commands)
}

fn films(world: &World) -> String {
    world.sh("cat '/srv/my films/film' /srv/other/film").stdout
}

#[test]
fn r82_media_folder_is_a_read_only_mount_that_goes_with_the_account_the_setting_and_the_package() {
    let Some(world) = machine() else { return };
    world.sh("plex-auth user add al --plex alice --files && systemctl start plex-authd");
    world.sh(&format!("systemctl is-enabled {}", UNIT.replace("/etc/systemd/system/", "")));
    let options = world.sh("findmnt --noheadings --output OPTIONS /srv/plex-auth/al/media").stdout;
    assert!(["ro", "nosuid", "nodev", "noexec"].iter().all(|option| options.contains(option)), "{options}");
    let out =
        sftp(&world, "al", "get /media/film\n-put mine /media/film\n-put mine /media/new\n-rm /media/film\nput mine\n");
    assert!(out.ok(), "{out:?}");
    world.sh(
        "grep -qx film /root/film && cmp /root/mine /srv/plex-auth/al/upload/mine && ! touch /srv/plex-auth/al/media/x",
    );
    assert_eq!(films(&world), "film\nother\n");

    // The hourly service, in its sandbox, creates the same.
    world.sh("mkdir -p -m 700 /var/lib/plex-auth-sync; echo '5 erin seen' >>/var/lib/plex-auth-sync/people");
    world.sh("chmod 600 /var/lib/plex-auth-sync/people");
    let out = world.run(&["systemctl", "start", "plex-auth-sync"]);
    let said = world.sh("journalctl --unit plex-auth-sync --output cat").stdout;
    assert!(out.ok() && said.contains("add erin: for erin"), "{said}");
    let out = sftp(&world, "erin", "get /media/film\nput mine\n");
    assert!(out.ok(), "{out:?} {said}");
    world
        .sh("cmp /root/mine /srv/plex-auth/erin/upload/mine && test \"$(id -nG erin)\" = 'erin plex-users plex-files'");

    // Another folder, none, and one again.
    world.sh(&format!("sed -i 's|^media = .*|media = \"/srv/other\"|' {CONFIG} && plex-auth user sync"));
    assert_eq!(world.sh("cat /srv/plex-auth/al/media/film /srv/plex-auth/erin/media/film").stdout, "other\nother\n");
    world.sh(&format!("sed -i '/^media = /d' {CONFIG} && plex-auth user sync"));
    world.sh(
        "test ! -e /srv/plex-auth/al/media && ! ls /etc/systemd/system/*.mount && ! grep /srv/plex-auth/ /proc/mounts",
    );
    world.sh(&format!("sed -i '/^.accounts.$/a media = \"/srv/my films\"' {CONFIG} && plex-auth user sync"));

    // Removal leaves the owner's files and the upload.
    let removed = world.sh("plex-auth user remove al").stdout;
    assert!(removed.contains("deleted: its media folder"), "{removed}");
    world.sh(&format!("test ! -e {UNIT} && rm -rf /srv/plex-auth/.removed-al-*"));
    assert_eq!(films(&world), "film\nother\n");
    refused_mount(&world);
    world.sh("ls /etc/systemd/system/*erin-media.mount && DEBIAN_FRONTEND=noninteractive apt-get remove --yes plex-auth 2>&1");
    world.sh("! ls /etc/systemd/system/*.mount && ! grep /srv/plex-auth/ /proc/mounts && rm -rf /srv/plex-auth");
    assert_eq!(films(&world), "film\nother\n");
}

/// Containers may not mount anything: the account is complete without the folder, and nothing is left of the attempt.
fn refused_mount(world: &World) {
    world.sh("mv /usr/bin/mount /usr/bin/mount.real && printf '#!/bin/sh\\nexit 32\\n' >/usr/bin/mount && chmod 755 /usr/bin/mount");
    let out = world.run(&["plex-auth", "user", "add", "fr", "--plex", "frank", "--files"]);
    let line = "/srv/my\\040films /srv/plex-auth/fr/media none bind,ro,nosuid,nodev,noexec 0 0";
    assert!(out.ok() && out.stderr.contains("fr does not see /srv/my films") && out.stderr.contains(line), "{out:?}");
    world.sh("! ls /etc/systemd/system/*fr-media.mount && mv /usr/bin/mount.real /usr/bin/mount");
    assert!(sftp(world, "fr", "put mine\n").ok());
    world.sh("cmp /root/mine /srv/plex-auth/fr/upload/mine");
}
