//! The units of plex-auth-samba, and that their sandbox allows what smbpasswd needs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;

use e2e::{Code, DEN, SYNC, World, checkout, password};

/// Values of a setting in the service's unit, once per line.
fn settings(name: &str) -> Vec<String> {
    let unit = std::fs::read_to_string(checkout().join("packaging/systemd/plex-auth-samba.service")).unwrap();
    let prefix = format!("{name}=");
    unit.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

#[test]
fn samba_units_are_valid_and_pass_systemds_security_check() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for unit in ["plex-auth-samba.socket", "plex-auth-samba.service"] {
        let file = checkout().join("packaging/systemd").join(unit);
        world.copy(&file, &format!("/etc/systemd/system/{unit}"), 0o644);
    }
    let verified = world.run(&["sh", "-c", "systemd-analyze verify --man=no /etc/systemd/system/plex-auth-samba.*"]);
    assert!(verified.ok() && !verified.stderr.contains("plex-auth-samba"), "{verified:?}");
    let out = world.run(&[
        "systemd-analyze",
        "security",
        "--offline=yes",
        "--threshold=20",
        "/etc/systemd/system/plex-auth-samba.service",
    ]);
    assert!(out.ok(), "{out:?}");
}

#[test]
fn smbpasswd_works_inside_the_sandbox_of_the_unit() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.kill_samba_service();
    // The unit's restrictions on capabilities, files and the network, applied with the tools available here.
    assert_eq!(settings("CapabilityBoundingSet"), [""]);
    let writable = settings("ReadWritePaths").concat();
    let writable: Vec<&str> = writable.split_whitespace().map(|path| path.trim_start_matches('-')).collect();
    let rebind = |path: &&str| format!("mkdir -p {path}; mount --bind {path} {path}; ");
    let rebinds = writable.iter().map(rebind).collect::<Vec<_>>().concat();
    let script = format!(
        "#!/bin/sh\nset -e\nfor part in /etc /usr /var /run; do mount --bind $part $part; done\n{rebinds}\n\
         for part in /etc /usr /var /run; do mount -o remount,bind,ro $part; done\n\
         ! touch /etc/x /usr/x /var/x /run/x 2>/dev/null\n\
         exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs \
         python3 -c \"$PASS\" strace -D -f -o /mnt/trace /usr/sbin/plex-auth-samba\n"
    );
    // The socket, created and passed as systemd does.
    world.sh("rm -f /run/plex-auth-samba/socket");
    let make = "import os,shutil,socket; path='/run/plex-auth-samba/socket'; s=socket.socket(socket.AF_UNIX); s.bind(path); \
                shutil.chown(path,'root','plex-auth'); os.chmod(path,0o660); s.listen(); os.dup2(s.fileno(),9); \
                os.execv('/usr/sbin/boxed',['boxed'])";
    let pass = "import os,sys; os.dup2(9,3); os.environ.update(LISTEN_FDS='1',LISTEN_PID=str(os.getpid())); \
                os.execvp(sys.argv[1],sys.argv[1:])";
    world.write(
        "/usr/sbin/passing",
        0o755,
        "root:root",
        &format!(
            "#!/bin/sh\nexport PASS=\"{pass}\"\nexec unshare --mount --propagation private python3 -c \"{make}\"\n"
        ),
    );
    world.write("/usr/sbin/boxed", 0o755, "root:root", &script);
    world.start_samba_service_behind(&["/usr/sbin/passing", "#"]);
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
        world.wait_for_smb(user, &password(user), "ok");
    }
    assert!(!world.syslog().contains("could not be set"), "{}", world.syslog());
    // The filter permits every system call of the service and of smbpasswd.
    let trace = std::fs::read_to_string(world.shared().join("trace")).unwrap();
    let called: BTreeSet<&str> = trace
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('(').map(|(name, _)| name))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        .collect();
    assert!(called.len() > 30 && called.contains("execve"), "{called:?}");
    let allowed = filter(&world, &settings("SystemCallFilter"));
    let refused: Vec<_> = called.iter().filter(|name| !allowed.contains(**name)).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let families = settings("RestrictAddressFamilies").concat();
    for line in trace.lines().filter(|line| line.contains(" socket(AF_")) {
        let family = line.split("socket(").nth(1).unwrap().split(',').next().unwrap();
        assert!(families.contains(family), "{line}");
    }
}

/// System calls that a unit's filters permit, in systemd's order: each line adds or removes.
fn filter(world: &World, lines: &[String]) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in lines {
        let (away, set) = line.strip_prefix('~').map_or((false, line.as_str()), |set| (true, set));
        let names: BTreeSet<_> = set.split(' ').flat_map(|name| named(world, name)).collect();
        if away { allowed.retain(|name| !names.contains(name)) } else { allowed.extend(names) }
    }
    allowed
}

/// A system call, or those of a set.
fn named(world: &World, name: &str) -> BTreeSet<String> {
    if name.starts_with('@') { calls(world, name) } else { [name.to_owned()].into() }
}

/// System calls of a systemd set, including nested sets.
fn calls(world: &World, set: &str) -> BTreeSet<String> {
    let listed = world.run(&["systemd-analyze", "--no-pager", "syscall-filter", set]).stdout;
    let names = listed.lines().filter_map(|line| line.strip_prefix("    ")).filter(|name| !name.starts_with('#'));
    names.flat_map(|name| named(world, name)).collect()
}
