//! R42: the module sends passwords only to a socket that root or the daemon's user controls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};

/// Faults of the socket, created in the daemon's directory; how each is repaired; and the expected log message.
const WRONG: [(&str, &str, &str); 13] = [
    ("chmod 777 .", "chmod 755 .", "/run/plex-auth: can be changed by others"),
    ("chmod 775 .", "chmod 755 .", "/run/plex-auth: can be changed by others"),
    ("chmod 1777 .", "chmod 755 .", "/run/plex-auth: can be changed by others"),
    ("chown alice .", "chown plex-auth .", "/run/plex-auth: can be changed by others"),
    ("chmod 1777 /run", "chmod 755 /run", "/run: can be changed by others"),
    ("chown alice /run", "chown root /run", "/run: can be changed by others"),
    ("chown alice socket", "chown plex-auth socket", "/run/plex-auth/socket: is not a socket of root or of its"),
    ("mv socket real; ln -s real socket", "mv real socket", "/run/plex-auth/socket: is not a socket of root"),
    ("mv socket real; touch socket", "mv real socket", "/run/plex-auth/socket: is not a socket of root"),
    ("mv socket real; mkfifo socket", "mv real socket", "/run/plex-auth/socket: is not a socket of root"),
    ("mv socket real; mkdir socket", "rmdir socket; mv real socket", "/run/plex-auth/socket: is not a socket of root"),
    ("mv socket real", "mv real socket", "/run/plex-auth/socket: No such file or directory"),
    (
        "cd ..; mv plex-auth real; ln -s real plex-auth",
        "cd ..; rm plex-auth; mv real plex-auth",
        "/run/plex-auth: is not a directory",
    ),
];

/// Asserts that both phases are unavailable for the reason in the log, and that the daemon was not contacted.
fn assert_refused(world: &World, service: &str, what: &str, why: &str) {
    let (facts, log) = world.logged(|| world.observe(service, "alice", "auth,account", "typed"));
    assert_eq!(facts.code("auth"), Code::AUTHINFO_UNAVAIL, "{what}");
    assert_eq!(facts.code("account"), Code::AUTHINFO_UNAVAIL, "{what}");
    assert_eq!(facts.get("prompts"), "0", "{what}");
    for phase in ["auth", "account"] {
        let line = format!("pam_plex({service}:{phase})");
        let said = |line_of_log: &&str| line_of_log.contains(&line) && line_of_log.contains(why);
        assert!(log.lines().any(|line| said(&line)), "{what}: {why}\n{log}");
    }
    assert!(!log.contains("plex-authd["), "{what}: the daemon was asked\n{log}");
}

#[test]
fn r42_module_sends_nothing_to_a_socket_that_others_could_replace() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let works = |what: &str| {
        let facts = world.observe("alone", "alice", "auth,account", "typed");
        assert_eq!((facts.code("auth"), facts.code("account")), (Code::SUCCESS, Code::SUCCESS), "after {what}");
    };
    works("nothing");
    for (wrong, good, why) in WRONG {
        world.sh(&format!("cd /run/plex-auth; {wrong}"));
        assert_refused(&world, "alone", wrong, why);
        world.sh(&format!("cd /run/plex-auth; {good}"));
        works(wrong);
    }
    world.stop_authd();
    world.sh("rm -rf /run/plex-auth");
    assert_refused(&world, "alone", "no directory", "/run/plex-auth: No such file or directory");
}

#[test]
fn r42_socket_argument_must_name_an_equally_protected_path() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    world.sh("mkdir -m 755 /tmp/mine; mkdir -m 755 /run/mine; ln -s /run/plex-auth /run/link; touch /run/mine/file");
    for (socket, why) in [
        ("/tmp/mine/socket", "/tmp: can be changed by others"),
        ("/home/alice/socket", "/home/alice: can be changed by others"),
        ("/run/link/socket", "/run/link: is not a directory"),
        ("/run/mine/file/socket", "/run/mine/file: is not a directory"),
        ("/run/mine/file", "/run/mine/file: is not a socket"),
        ("/run/mine/../plex-auth/socket", "must be an absolute path without '..'"),
        ("/run/none/socket", "/run/none: No such file or directory"),
        ("/", "must be an absolute path"),
    ] {
        let stack =
            format!("auth required pam_plex.so socket={socket}\naccount required pam_plex.so socket={socket}\n");
        world.write("/etc/pam.d/elsewhere", 0o644, "root:root", &stack);
        assert_refused(&world, "elsewhere", socket, why);
    }
}

#[test]
fn r42_module_sends_nothing_to_a_process_of_an_ordinary_user() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    world.stop_authd();
    let uid = world.sh("id -u bob").stdout.trim().to_owned();
    let heard = world.impostor("/run/plex-auth/socket", &uid);
    assert_refused(&world, "alone", "bob listens", &format!("the socket's other end runs as uid {uid}, not as root"));
    assert_eq!(heard(), ["heard=0 bytes", "heard=0 bytes"]);
    // With the daemon's account the same program is accepted, so the account was decisive.
    let uid = world.sh("id -u plex-auth").stdout.trim().to_owned();
    let heard = world.impostor("/run/plex-auth/socket", &uid);
    assert_eq!(world.observe("alone", "alice", "auth", "typed").code("auth"), Code::AUTHINFO_UNAVAIL);
    assert!(heard().iter().all(|line| line != "heard=0 bytes") && !heard().is_empty(), "{:?}", heard());
}
