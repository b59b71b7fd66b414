//! Private machines contain nothing from the host: neither its installed plex-auth, nor its users, PAM stacks and other
//! configuration.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;

use e2e::World;

/// A host with plex-auth installed and in use, a Plex Media Server, and a configuration that differs from Debian's.
/// Each file contains the word "of-the-host".
const HOST: &str = r#"
mount -t tmpfs tmpfs /mnt
for part in etc usr var opt srv; do
    mkdir -p /mnt/$part/upper /mnt/$part/work
    mount -t overlay overlay -o "lowerdir=/$part,upperdir=/mnt/$part/upper,workdir=/mnt/$part/work" /$part
done
for file in \
    /usr/sbin/plex-authd /usr/sbin/plex-auth-samba /usr/local/bin/plex-auth /usr/local/share/plex-auth/installed \
    /usr/lib/systemd/system/plex-authd.service /etc/systemd/system/multi-user.target.wants/plex-auth-sync.timer \
    /usr/lib/sysusers.d/plex-auth.conf /usr/lib/tmpfiles.d/plex-auth.conf /usr/share/pam-configs/plex-auth \
    /usr/share/doc/plex-auth/README.md /etc/fail2ban/filter.d/plex-auth.conf /etc/apparmor.d/usr.sbin.plex-authd \
    /etc/cron.d/plex-auth /etc/plex-auth.toml /var/lib/plex-auth/state.db /var/lib/plex-auth-sync/locked \
    /var/lib/dpkg/info/plex-auth.list "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml" \
    /etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/sshd /etc/pam.d/sudo /etc/pam.d/su \
    /etc/ssh/sshd_config /etc/ssh/sshd_config.d/host.conf /etc/sudoers.d/host /etc/samba/smb.conf /etc/nsswitch.conf \
    /etc/security/access.conf /etc/environment /etc/profile.d/host.sh /etc/login.defs /etc/skel/.profile /etc/ld.so.preload \
    /var/spool/cron/crontabs/fritz /opt/host /srv/host; do
    mkdir -p "${file%/*}"
    printf '# of-the-host\n' >"$file"
done
module=$(dirname "$(find /usr/lib /usr/lib64 -name pam_unix.so 2>/dev/null | head -n 1)")
echo of-the-host >"$module/pam_plex.so"
echo 'fritz:x:1000:1000:of-the-host:/home/fritz:/bin/sh' >>/etc/passwd
echo 'plex-auth:x:999:999:of-the-host:/:/usr/sbin/nologin' >>/etc/passwd
echo 'fritz:$y$of-the-host:20000::::::' >>/etc/shadow
echo 'plex-users:x:998:fritz' >>/etc/group
rm /etc/ld.so.preload
"#;

/// Every file of a machine with its type, mode, owner and size, and checksums of its configuration.
fn everything(world: &World) -> String {
    let quiet = "-not -path '/var/log/*' -not -path '/var/cache/*'";
    world.sh(&format!("find / /etc /usr /var -xdev {quiet} -printf '%p %y %m %U %G %s\n' | sort")).stdout
        + &world.sh("find /etc /var/lib /opt /srv -xdev -type f | sort | xargs -d '\n' sha256sum").stdout
}

#[test]
fn private_machine_contains_nothing_of_its_host() {
    let (Some(usual), Some(world)) = (World::new(), World::new_on_host(HOST)) else { return };
    assert_eq!(
        world
            .run(&["sh", "-c", "grep -rIl of-the-host /etc /opt /srv /var /usr/sbin /usr/local /usr/lib/systemd"])
            .stdout,
        ""
    );
    let (usual, here) = (everything(&usual), everything(&world));
    let (usual, here): (BTreeSet<&str>, BTreeSet<&str>) = (usual.lines().collect(), here.lines().collect());
    assert!(usual.len() > 10_000, "{} lines", usual.len());
    assert_eq!(usual.symmetric_difference(&here).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// The Debian root of the machines has no user accounts, and the stacks of its packages.
#[test]
fn private_machine_starts_as_debian_installs_it() {
    let Some(world) = World::new() else { return };
    let people = world.sh("getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print $1 }'").stdout;
    assert_eq!(people, "", "nobody but the system's own");
    assert_eq!(world.sh("getent group plex-users").stdout.trim_end().rsplit(':').next(), Some(""));
    let modules = world.sh("grep -hv '^#' /etc/pam.d/common-* | grep -o 'pam_[a-z]*' | sort -u").stdout;
    assert_eq!(modules, "pam_deny\npam_permit\npam_unix\n");
    assert_eq!(world.sh("getent shadow root").stdout.split(':').nth(1), Some("*"), "root has no password");
    assert_eq!(world.sh("date +%Z").stdout, "UTC\n");
    // Neither the root directory of the host nor the checkout is visible.
    let checkout = e2e::checkout().canonicalize().unwrap();
    assert!(!world.run(&["test", "-e", checkout.to_str().unwrap()]).ok());
}
