//! R51, R52: heavily confined callers: no network, only local sockets, no new privileges, no home, no writable path,
//! little memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, page_commands, password};

/// `sandbox USER PROGRAM …`: runs a program as polkit's helper is run, with those directives of its unit that affect a
/// module: `PrivateNetwork`, `ProtectSystem=strict`, `PrivateTmp`, `UMask=0077`, `LimitMEMLOCK=0`, `NoNewPrivileges`,
/// then the filter of onlyunix.c; in addition no home and no capabilities.
const SANDBOX: &str = "#!/bin/sh
exec unshare --net --mount --ipc sh -ec '
user=$1; shift
while read -r _ at _; do
    case $at in
    /proc* | /dev* | /sys*) ;;
    # What is mounted below another mount cannot be reached, and need not be.
    *) [ ! -e \"$at\" ] || mount -o remount,bind,ro \"$at\" ;;
    esac
done </proc/self/mounts
mount -t tmpfs -o ro tmpfs /home
mount -t tmpfs tmpfs /tmp
umask 077
exec prlimit --memlock=0:0 setpriv --reuid \"$user\" --regid \"$user\" --init-groups --no-new-privs \\
    --bounding-set=-all --inh-caps=-all /mnt/onlyunix \"$@\"' sh \"$@\"
";

fn sandbox(world: &World) {
    let program = world.c_program("onlyunix");
    assert_eq!(program, "/mnt/onlyunix");
    world.write("/usr/local/bin/sandbox", 0o755, "root:root", SANDBOX);
}

/// Asserts that the sandbox is effective.
fn assert_confined(world: &World, user: &str) {
    let inside = |program: &[&str]| world.run(&[&["sandbox", user], program].concat());
    for path in ["/x", "/etc/x", "/run/x", "/var/x", "/mnt/x", "/home/x"] {
        let out = inside(&["/usr/bin/touch", path]);
        assert!(out.stderr.contains("Read-only file system"), "{path}: {out:?}");
    }
    assert_eq!(inside(&["/bin/ls", "-A", "/home", "/tmp"]).stdout, "/home:\n\n/tmp:\n");
    for address in ["TCP4:127.0.0.1:22", "TCP6:[::1]:22", "UDP4:127.0.0.1:53"] {
        let out = inside(&["/usr/bin/socat", "-u", "/dev/null", address]);
        assert!(out.stderr.contains("Address family not supported"), "{address}: {out:?}");
    }
    let status = inside(&["/bin/cat", "/proc/self/status"]).stdout;
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000", "CapEff:\t0000000000000000"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let network = ["/usr/bin/readlink", "/proc/self/ns/net"];
    assert_ne!(inside(&network).stdout, world.run(&network).stdout, "a network of its own");
}

#[test]
fn r51_return_codes_are_the_same_in_a_strict_sandbox() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    sandbox(&world);
    for user in ["root", "alice"] {
        assert_confined(&world, user);
        let pamtester = ["sandbox", user, "/usr/bin/pamtester", "alone", "alice", "authenticate", "acct_mgmt"];
        let out = world.run_with(&pamtester, &format!("{}\n", password("alice")));
        assert!(out.ok() && out.stdout.contains("successfully authenticated"), "{user}: {out:?}");
        assert!(!world.run_with(&pamtester, "wrong\n").ok(), "{user}");
    }
    let code = |caller: &str, user: &str, typed: &str| {
        world.codes_as(&["sandbox", caller], "alone", user, "auth", &format!("{typed}\n")).of("auth")
    };
    let cases = [
        ("root", "alice", password("alice"), Code::SUCCESS),
        ("root", "alice", "wrong".into(), Code::AUTH_ERR),
        ("root", "bob", password("bob"), Code::AUTH_ERR),
        ("root", "local", "LOCAL-SECRET".into(), Code::USER_UNKNOWN),
        ("root", "root", "x".into(), Code::USER_UNKNOWN),
        ("alice", "alice", password("alice"), Code::SUCCESS),
        ("alice", "alice", "wrong".into(), Code::AUTH_ERR),
        ("alice", "bob", password("bob"), Code::AUTH_ERR),
        ("bob", "bob", password("bob"), Code::AUTH_ERR),
        ("local", "local", "LOCAL-SECRET".into(), Code::USER_UNKNOWN),
    ];
    for (caller, user, typed, expected) in cases {
        assert_eq!(code(caller, user, &typed), expected, "{caller} asks about {user} with {typed}");
    }
    world.stop_authd();
    for caller in ["root", "alice"] {
        assert_eq!(code(caller, "alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{caller}, daemon down");
    }
    world.wait_for_log(&["pam_plex(alone:auth)", "systemctl status plex-authd"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r52_unprivileged_screen_locker_accepts_only_the_users_plex_password() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // The stack of the page, and the page's way to try it.
    let page = "docs/how-to/screen-lockers.md";
    world.ready_for_pages();
    world.sh("rm /etc/pam.d/plex-auth");
    world.follow(&page_commands(page, "With its own PAM stack"));
    world.sh("cp /etc/pam.d/swaylock /etc/pam.d/locker");
    let said = world.follow_with(&page_commands(page, "Test"), &format!("{}\n", password("alice")));
    assert!(said.contains("successfully authenticated"), "{said}");
    let locker = |user: &str, privileges: &[&str], typed: &str| {
        let before = [&["setpriv", "--reuid", user, "--regid", user, "--init-groups"], privileges].concat();
        world.codes_as(&before, "locker", user, "auth,cred", &format!("{typed}\n"))
    };
    for privileges in [&[][..], &["--no-new-privs"]] {
        let right = locker("alice", privileges, &password("alice"));
        assert_eq!((right.of("auth"), right.of("cred")), (Code::SUCCESS, Code::SUCCESS), "{privileges:?} {right:?}");
        assert_eq!(right.prompts(), 1, "{right:?}");
        assert_eq!(locker("alice", privileges, "wrong").of("auth"), Code::AUTH_ERR, "{privileges:?}");
        assert_eq!(locker("bob", privileges, &password("bob")).of("auth"), Code::AUTH_ERR, "{privileges:?}");
        let other = ["setpriv", "--reuid", "alice", "--clear-groups"];
        let other = world.codes_as(&[&other, privileges].concat(), "locker", "frank", "auth", "wrong\n");
        assert_eq!(other.of("auth"), Code::AUTH_ERR, "somebody else's: {other:?}");
    }
    // Local accounts unlock as before, even with the daemon down.
    let asked = |service: &str, user: &str, privileges: &[&str]| {
        let before = [&["setpriv", "--reuid", user, "--regid", user, "--init-groups"], privileges].concat();
        world.codes_as(&before, service, user, "acct", "").of("acct")
    };
    let account = |user: &str| asked("locker", user, &[]);
    assert_eq!((account("alice"), account("bob")), (Code::SUCCESS, Code::PERM_DENIED));
    // With no-new-privileges pam_unix cannot decide, and the module alone serves only Plex accounts.
    assert_eq!(asked("locker", "alice", &["--no-new-privs"]), Code::AUTHINFO_UNAVAIL);
    assert_eq!(asked("alone", "alice", &["--no-new-privs"]), Code::SUCCESS);
    assert_eq!(asked("alone", "local", &["--no-new-privs"]), Code::PERM_DENIED);
    for daemon in ["up", "down"] {
        assert_eq!(locker("local", &[], "LOCAL-SECRET").of("auth"), Code::SUCCESS, "{daemon}");
        assert_eq!(account("local"), Code::SUCCESS, "{daemon}");
        assert_ne!(locker("local", &[], "wrong").of("auth"), Code::SUCCESS, "{daemon}");
        if daemon == "up" {
            world.stop_authd();
        }
    }
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"locker\"", "wrong password"]);
}

#[test]
fn module_works_with_little_address_space_and_a_strict_umask() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // vsftpd's own limits.
    let vsftpd = ["prlimit", "--as=209715200:209715200", "sh", "-c", "umask 077; exec \"$0\" \"$@\""];
    for (user, typed, expected) in [
        ("alice", password("alice"), Code::SUCCESS),
        ("alice", "wrong".into(), Code::AUTH_ERR),
        ("bob", password("bob"), Code::AUTH_ERR),
    ] {
        let codes = world.codes_as(&vsftpd, "plex-auth", user, "auth,cred", &format!("{typed}\n"));
        assert_eq!(codes.of("auth"), expected, "{user} {typed}: {codes:?}");
    }
    let account = world.codes_as(&vsftpd, "alone", "alice", "acct", "");
    assert_eq!(account.of("acct"), Code::SUCCESS);
}
