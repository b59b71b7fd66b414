//! R53 and R54: the shipped confinement on a real kernel. A Debian server under qemu with its own systemd, the package
//! as installed, a friend's login at the real sshd: everything that the programs need is allowed, the rest is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are printed"
)]

use std::time::Instant;

use e2e::{Vm, World, checkout, password};

#[test]
fn r54_apparmor_profiles_allow_what_the_programs_need_and_nothing_else() {
    let Some(mut vm) = Vm::new("apparmor", &[], "") else { return };
    let start = Instant::now();
    vm.sh("stat -f -c %T /sys/fs/cgroup | grep -qx cgroup2fs");
    assert_package_loads_its_profiles(&mut vm);
    assert_everything_works(&mut vm);
    for program in ["plex-authd", "plex-auth-samba"] {
        assert_eq!(vm.sh(&format!("cat /proc/$(pidof {program})/attr/current")).trim(), format!("{program} (enforce)"));
    }
    let denied = vm.sh("journalctl --quiet | grep apparmor=.DENIED || true");
    assert_eq!(denied, "");

    // In the daemon's profile: one allowed access shows that the refusals are due to their objects.
    assert_in_profile(&mut vm, "plex-authd", "read line </etc/passwd", true);
    assert_in_profile(&mut vm, "plex-authd", "read line </etc/shadow", false);
    assert_in_profile(&mut vm, "plex-authd", "read line </etc/ssh/ssh_host_ed25519_key", false);
    assert_in_profile(&mut vm, "plex-authd", "/bin/true", false);
    assert_in_profile(&mut vm, "plex-authd", "echo x >/var/lib/plex-auth/other", false);
    assert_in_profile(&mut vm, "plex-auth-samba", "read line </etc/shadow", false);
    assert_in_profile(&mut vm, "plex-auth-samba", "/bin/true", false);
    assert_in_profile(&mut vm, "plex-auth-shadow", "read line </etc/shadow", true);
    assert_in_profile(&mut vm, "plex-auth-shadow", "exec 3<>/dev/tcp/127.0.0.1/443", false);
    assert_in_profile(&mut vm, "plex-auth-shadow", "echo x >/var/lib/x", false);
    vm.wait("journalctl --quiet | grep apparmor=.DENIED | grep 'profile=\"plex-authd\" name=\"/etc/shadow\"'");

    // A confined program reaches the daemon through the abstraction. This kernel would not refuse it without: unlike
    // Ubuntu's, it does not mediate sockets with a path.
    vm.sh(
        "printf '%s\\n' 'abi <abi/3.0>,' 'include <tunables/global>' 'profile asking {' 'include <abstractions/base>' \
         '/usr/bin/plex-auth mr,' '/etc/plex-auth.toml r,' 'capability dac_override,' 'include <abstractions/plex-auth>' '}' | \
         apparmor_parser --replace",
    );
    let asked = vm.run("aa-exec -p asking -- /usr/bin/plex-auth status");
    assert!(asked.ok() && asked.stdout.contains("friend list"), "{asked:?}");
    eprintln!("apparmor: looked at within {} ms", start.elapsed().as_millis());
}

/// The package's scripts load profiles that are not loaded.
fn assert_package_loads_its_profiles(vm: &mut Vm) {
    let loaded = "grep -c '^plex-auth.* (enforce)$' /sys/kernel/security/apparmor/profiles || true";
    // Loaded at boot.
    assert_eq!(vm.sh(loaded).trim(), "3");
    vm.sh("apparmor_parser --remove /etc/apparmor.d/usr.sbin.plex-auth*");
    assert_eq!(vm.sh(loaded).trim(), "0");
    vm.sh("/var/lib/dpkg/info/plex-auth.postinst configure 0.1.0-1");
    assert_eq!(vm.sh(loaded).trim(), "3");
}

/// Runs a line of bash in a profile and asserts that it is allowed or denied.
fn assert_in_profile(vm: &mut Vm, profile: &str, script: &str, allowed: bool) {
    let out = vm.run(&format!("aa-exec -p {profile} -- /bin/bash -c '{script}'"));
    assert_eq!(out.ok(), allowed, "{profile}: {script}: {out:?}");
    assert!(allowed || out.stdout.contains("ermission denied"), "{profile}: {script}: {out:?}");
}

#[test]
fn r53_selinux_module_lets_login_programs_reach_the_daemon_but_no_network() {
    let Some(world) = World::new() else { return };
    // As `make selinux` builds it.
    world.sh("mkdir /mnt/selinux");
    for end in ["te", "if", "fc"] {
        let file = format!("plex_auth.{end}");
        world.copy(&checkout().join("packaging/selinux").join(&file), &format!("/mnt/selinux/{file}"), 0o644);
    }
    let made = world.sh("cd /mnt/selinux && make -f /usr/share/selinux/devel/Makefile plex_auth.pp 2>&1");
    assert!(!made.stdout.to_lowercase().contains("warning"), "{made:?}");

    // Installed in enforcing mode: linked with the whole policy, every file labelled.
    let module = world.shared().join("selinux/plex_auth.pp");
    let install =
        "printf 'SELINUX=enforcing\\nSELINUXTYPE=default\\n' >/etc/selinux/config\nsemodule -n -i /mnt/plex_auth.pp";
    let Some(mut vm) = Vm::new("selinux", &[&module], install) else { return };
    let start = Instant::now();
    std::fs::copy(vm.policy(), world.shared().join("policy")).unwrap();
    assert_policy_is_minimal(&world);

    assert_eq!(vm.sh("getenforce").trim(), "Enforcing");
    assert_everything_works(&mut vm);
    for (program, domain) in [("plex-authd", "plex_authd_t"), ("plex-auth-samba", "plex_auth_samba_t")] {
        let context = vm.sh(&format!("tr -d '\\0' </proc/$(pidof {program})/attr/current"));
        assert!(context.contains(&format!(":{domain}:")), "{program}: {context}");
    }
    let denied = vm.sh("journalctl --quiet | grep 'avc:  denied' | grep plex || true");
    assert_eq!(denied, "");
    eprintln!("selinux: looked at within {} ms", start.elapsed().as_millis());
}

/// Checks the linked policy.
fn assert_policy_is_minimal(world: &World) {
    let rules = |question: &str| world.sh(&format!("sesearch {question} /mnt/policy")).stdout;
    for caller in
        ["sshd_t", "local_login_t", "user_sudo_t", "user_su_t", "smbd_t", "policykit_auth_t", "xdm_t", "init_t"]
    {
        let allowed = rules(&format!("-A -s {caller} -t plex_authd_t -c unix_stream_socket -p connectto"));
        assert!(allowed.contains("connectto"), "{caller} may not ask");
        let allowed = rules(&format!("-A -s {caller} -t plex_authd_runtime_t -c sock_file -p write"));
        assert!(allowed.contains("write"), "{caller} may not open the socket");
    }
    // The daemon may connect to plex.tv and to a Plex Media Server, the helpers to nothing.
    let connects = |domain: &str| rules(&format!("-A -s {domain} -c tcp_socket -p name_connect -ds"));
    let daemon = connects("plex_authd_t");
    assert!(daemon.contains("http_port_t") && daemon.contains("unreserved_port_t"), "{daemon}");
    for domain in ["plex_auth_samba_t", "plex_auth_shadow_t"] {
        assert_eq!(connects(domain), "");
    }
    for (domain, reads) in [("plex_authd_t", false), ("plex_auth_samba_t", false), ("plex_auth_shadow_t", true)] {
        let shadow = rules(&format!("-A -s {domain} -t shadow_t -c file -p read"));
        assert_eq!(!shadow.is_empty(), reads, "{domain}: {shadow}");
        for (target, class, right) in [
            ("shell_exec_t", "file", "execute"),
            ("shadow_t", "file", "write"),
            ("user_home_t", "file", "read"),
            ("etc_t", "file", "write"),
            ("bin_t", "file", "execute_no_trans"),
        ] {
            let allowed = rules(&format!("-A -s {domain} -t {target} -c {class} -p {right}"));
            let meant = domain == "plex_auth_samba_t" && right == "execute_no_trans";
            assert_eq!(!allowed.is_empty(), meant, "{domain}: {allowed}");
        }
    }
    // The module gives programs that log users in the socket, but no network: only the daemon's rules name a port.
    let module =
        world.sh("sed -n '/name_connect\\|corenet_/p' /mnt/selinux/plex_auth.te /mnt/selinux/plex_auth.if").stdout;
    assert!(module.lines().all(|line| line.contains("plex_authd_t")), "{module}");
}

/// Under the package's own units: a friend can log in and others cannot, her SMB password is set, the configuration is
/// reloaded, and stored state survives a restart.
fn assert_everything_works(vm: &mut Vm) {
    vm.sh("systemctl is-active plex-authd.socket plex-auth-samba.socket");
    vm.sh("systemctl start plex-authd");
    let ssh = |user: &str, word: &str| {
        format!(
            "sshpass -p '{word}' ssh -o StrictHostKeyChecking=no -o LogLevel=ERROR -o PreferredAuthentications=password \
             -o NumberOfPasswordPrompts=1 {user}@localhost id -un"
        )
    };
    assert_eq!(vm.wait(&ssh("alice", &password("alice"))).trim(), "alice");
    for (user, word) in [("alice", "wrong".to_owned()), ("bob", password("bob"))] {
        let refused = vm.run(&ssh(user, &word));
        assert!(!refused.ok() && refused.stdout.contains("Permission denied"), "{user}: {refused:?}");
    }
    // plex-auth-samba starts with the first login, and on a slow machine too late for its password.
    let has_smb = "grep -qa USER_alice /var/lib/samba/private/passdb.tdb";
    vm.wait(&format!("{has_smb} || {{ sleep 3; {has_smb}; }} || {{ {}; false; }}", ssh("alice", &password("alice"))));
    vm.sh("systemctl reload plex-authd");
    vm.wait("journalctl --quiet -t plex-authd | grep 'has been read again' || { sleep 1; false; }");
    vm.sh("systemctl restart plex-authd");
    let logins = vm.sh("plex-auth logins");
    assert!(logins.contains("alice"), "{logins}");
    assert_eq!(vm.wait(&ssh("alice", &password("alice"))).trim(), "alice");
    assert_eq!(vm.sh("systemctl --failed --quiet").trim(), "");
}
