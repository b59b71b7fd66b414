//! The daemon and the root services restrict themselves, with any service manager and without one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, REFUSED, SYNC, World, password};

fn process(world: &World, name: &str) -> String {
    // The kernel truncates names to 15 bytes.
    world.sh(&format!("pgrep -x {}", name.get(..15).unwrap_or(name))).stdout.trim().to_owned()
}

#[test]
fn taken_over_services_can_write_to_their_own_directories_only() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    // Sessions have threads of their own.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    let daemon = process(&world, "plex-authd");
    let threads: usize = world.sh(&format!("ls /proc/{daemon}/task | wc -l")).stdout.trim().parse().unwrap();
    assert!(threads > 10, "{threads} threads");
    let is = |service: &str, call: &str, path: &str, expected: i64| {
        let results = world.take_over(service, call, path);
        assert!(results.iter().all(|result| *result == expected), "{service}: {call} {path}: {results:?}");
    };
    world.assert_confines_itself(&daemon, Some("/var/lib/plex-auth"));
    // It owns this directory.
    is(&daemon, "write", "/run/plex-auth/probe", REFUSED);

    let shadow = process(&world, "plex-auth-shadow");
    world.assert_confines_itself(&shadow, None);
    let samba = process(&world, "plex-auth-samba");
    world.assert_confines_itself(&samba, None);
    for path in
        ["/etc/probe", "/root/probe", "/usr/bin/probe", "/var/lib/plex-auth/probe", "/run/plex-auth-samba/probe"]
    {
        for service in [&shadow, &samba] {
            is(service, "write", path, REFUSED);
        }
    }
    is(&shadow, "run", "/bin/true", REFUSED);
    is(&daemon, "run", "/bin/true", REFUSED);
    is(&samba, "write", "/var/lib/samba/private/probe", 0);
    is(&shadow, "write", "/var/lib/samba/private/probe", REFUSED);

    // All of them go on working.
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
    world.wait_for_smb("frank", &password("frank"), "ok");
    let (code, log) = world.logged(|| world.codes("plex-auth", "alice", "auth", &format!("{}\n", password("alice"))));
    assert!(code.of("auth") == Code::SUCCESS && !log.contains("pam_unix"), "{log}");
    world.stop_authd();
    world.sh("! test -e /run/plex-auth/socket");
}

#[test]
fn kernel_without_landlock_is_one_line_in_the_log_and_services_go_on() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let old = world.c_program("nolandlock");
    assert!(!world.syslog().contains("Landlock"), "{}", world.syslog());
    for error in ["ENOSYS", "EOPNOTSUPP", "EPERM"] {
        world.stop_authd();
        world.kill_shadow_service();
        world.sh("rm -f /run/plex-auth-shadow/socket");
        let ((), log) = world.logged(|| {
            world.start(&[&old, error, "/usr/sbin/plex-auth-shadow"]);
            world.until("[ -S /run/plex-auth-shadow/socket ]");
            world.start_authd_behind(&[&old, error], &world.config(""));
            let typed = format!("{}\n", password("alice"));
            assert_eq!(world.codes("plex-auth", "alice", "auth", &typed).of("auth"), Code::SUCCESS, "{error}");
        });
        assert!(!log.contains("pam_unix"), "{error}: {log}");
        for program in ["plex-authd", "plex-auth-shadow"] {
            let sender = format!("{program}[");
            let missing = |line: &&str| line.contains(&sender) && line.contains("the kernel has no Landlock");
            assert_eq!(log.lines().filter(missing).count(), 1, "{error}: {log}");
            let process = process(&world, program);
            world.sh(&format!("grep -q '^NoNewPrivs:.1' /proc/{process}/status"));
        }
        let daemon = process(&world, "plex-authd");
        let results = world.take_over(&daemon, "write", "/tmp/probe");
        assert!(results.iter().all(|result| *result == 0), "{error}: it is restricted: {results:?}");
        world.sh("rm -f /tmp/probe");
    }
}

/// A directory service whose accounts are in no file of this machine: sssd, which reads another passwd and group.
fn directory_service(world: &World) {
    let config = "[sssd]\\nservices = nss\\ndomains = den\\n[nss]\\nfilter_users = root\\n[domain/den]\\n\
                  id_provider = proxy\\nproxy_lib_name = files\\nauth_provider = none\\naccess_provider = permit\\n";
    world.sh(&format!(
        "mkdir -p /etc/sssd /mnt/sss && printf '{config}' >/etc/sssd/sssd.conf && chmod 600 /etc/sssd/sssd.conf
         cp /etc/passwd /etc/group /mnt/sss/
         echo 'dora:x:7001:7001::/home/dora:/bin/sh' >>/mnt/sss/passwd
         printf 'dora:x:7001:\\nfriends:x:7002:dora\\n' >>/mnt/sss/group
         sed -i 's/^\\(passwd\\|group\\):.*/\\1: files sss/' /etc/nsswitch.conf"
    ));
    let sssd = "mount --bind /mnt/sss/passwd /etc/passwd; mount --bind /mnt/sss/group /etc/group; exec sssd -i";
    world.start(&["unshare", "--mount", "--propagation", "private", "sh", "-ec", &format!("'{sssd}'")]);
    world.until("getent passwd dora && getent group friends | grep dora");
}

#[test]
fn restricted_daemon_looks_up_accounts_and_groups_of_sssd() {
    let Some(world) = World::new() else { return };
    directory_service(&world);
    world.sh("! grep dora /etc/passwd /etc/group");
    world.start_plex(DEN);
    let config = world.config("[users]\ndora = \"alice\"\n").replace("plex-users", "friends");
    world.start_authd(&config);
    assert_eq!(world.authenticate("nobody-here", "x"), Code::USER_UNKNOWN);
    assert_eq!(world.authenticate("dora", &password("alice")), Code::SUCCESS);
    assert_eq!(world.account("dora"), Code::SUCCESS);
    let daemon = process(&world, "plex-authd");
    world.assert_confines_itself(&daemon, Some("/var/lib/plex-auth"));
    world.assert_no_secret_leaked();
}
