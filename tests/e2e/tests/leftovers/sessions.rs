//! R68: open sessions end with the account.

use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, SYNC, World, as_user, password};

use super::{done, machine, number, shared_with, user};

/// Time limit for a session to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a script as an account and waits until it runs.
fn runs_as(world: &World, name: &str, script: &str) {
    let before = count(world, name);
    let quoted = format!("'{script}'");
    world.start(&as_user(name, &["sh", "-c", &quoted]));
    let start = Instant::now();
    while count(world, name) == before {
        assert!(start.elapsed() < PATIENCE, "{script} does not run");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn count(world: &World, name: &str) -> usize {
    world.run(&["pgrep", "-U", name]).stdout.lines().count()
}

#[test]
fn r68_remove_ends_all_processes_of_the_account_and_no_others() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    done(&world, "add greta --plex erin");
    let uid = number(&world, "id -u fritz");
    runs_as(&world, "greta", "exec sleep 600");
    runs_as(&world, "fritz", "trap : TERM HUP; while :; do sleep 600 & wait; done");
    runs_as(&world, "fritz", "exec unshare --user --map-root-user --pid --fork sleep 600");
    // Forks as fast as it can.
    runs_as(&world, "fritz", "while :; do setsid sleep 5 & sleep 0.01; done");
    // A process of root with a child of the account's, like sshd or su.
    world.start(&[
        "setpriv",
        "--reuid",
        "root",
        "sh",
        "-c",
        "'echo $$ >/run/parent; setpriv --reuid fritz --regid fritz --init-groups sleep 600; exec sleep 600'",
    ]);
    // A process of root that acts for the account, like smbd.
    world.start(&["setpriv", "--euid", &uid.to_string(), "sh", "-c", "'echo $$ >/dev/shm/acting; exec sleep 600'"]);
    world.sh("until test -s /run/parent && test -s /dev/shm/acting; do sleep 0.01; done; sleep 0.1");
    let said = done(&world, "remove fritz");
    assert!(said.contains("ended: ") && said.contains("processes"), "{said}");
    assert_eq!(world.run(&["pgrep", "-U", &uid.to_string()]).stdout, "");
    assert_eq!(count(&world, "greta"), 1);
    world.sh("kill -0 $(cat /run/parent) && kill -0 $(cat /dev/shm/acting)");
    assert!(!world.run(&["id", "fritz"]).ok());
}

#[test]
fn r68_remove_names_a_surviving_process_and_removes_nothing() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    world.sh("echo mine >/home/fritz/mine");
    world.sh("mkdir -p /var/mail && echo m >/var/mail/fritz");
    // Inside a PID namespace, no signal ends its first process.
    world.start(&[
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        "'(sleep 0.3; plex-auth user remove fritz >/run/said 2>&1; echo $? >/run/code) & \
          exec setpriv --reuid fritz --regid fritz --init-groups sh -c \"trap : TERM; while :; do sleep 1; done\"'",
    ]);
    world.sh("until [ -s /run/code ]; do sleep 0.1; done; pkill -KILL -U fritz");
    let said = world.sh("cat /run/code /run/said").stdout;
    assert!(said.starts_with("1\n") && said.contains("sh (1)") && said.contains("nothing was removed"), "{said}");
    assert_eq!(
        world.sh("cat /home/fritz/mine /var/mail/fritz; getent shadow fritz | cut -d: -f8").stdout,
        "mine\nm\n\n"
    );
}

#[test]
fn r68_remove_ends_ssh_sessions_but_refuses_to_run_inside_one() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    let config = world.sh("cat /etc/plex-auth.toml").stdout;
    world.stop_authd();
    world.start_authd(&config);
    world.start_sshd();
    let mut session = world.ssh_session("fritz", &password("alice"), &["echo here; sleep 600"]).spawn().unwrap();
    let start = Instant::now();
    while count(&world, "fritz") < 2 {
        assert!(start.elapsed() < PATIENCE, "the session does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Run from a session of the account, the command would kill itself halfway.
    world.sh("cp /usr/bin/setpriv /run/up && chmod 4755 /run/up");
    let out = world.run(&as_user("fritz", &["sh", "-c", "/run/up --reuid root plex-auth user remove fritz; exit $?"]));
    assert!(out.code == 1 && out.stderr.contains("session of fritz"), "{out:?}");
    assert!(done(&world, "remove fritz").contains("ended: "));
    assert!(!session.wait().unwrap().success());
    world.sh("pgrep -x sshd >/dev/null");
}

#[test]
fn r68_remove_ends_smb_sessions_of_the_account_only() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for name in ["alice", "frank"] {
        assert_eq!(world.authenticate(name, &password(name)), Code::SUCCESS);
        world.wait_for_smb(name, &password(name), "ok");
    }
    let stay = |name: &str| {
        let mut client = world.command(&["smbclient", "-m", "SMB3", "-U", name, "//127.0.0.1/media"]);
        client.env("PASSWD", password(name)).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    };
    let (mut alice, mut frank) = (stay("alice"), stay("frank"));
    let sessions = |name: &str| {
        world.sh(&format!("smbstatus -p -u {name} 2>/dev/null | grep -c '^[0-9].* {name} ' || true")).stdout
    };
    let start = Instant::now();
    while sessions("alice") != "1\n" || sessions("frank") != "1\n" {
        assert!(start.elapsed() < PATIENCE, "{}", world.sh("smbstatus -p").stdout);
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = done(&world, "remove alice");
    assert!(said.contains("1 SMB session"), "{said}");
    assert_eq!((sessions("alice"), sessions("frank")), ("0\n".to_owned(), "1\n".to_owned()));
    let _ = (alice.kill(), frank.kill(), alice.wait(), frank.wait());
}

#[test]
fn r68_sync_ends_sessions_of_locked_accounts_unless_keep_sessions() {
    let Some(world) = machine() else { return };
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    done(&world, "sync");
    world.add_user("bob", true, None);
    for name in ["alice", "erin", "bob"] {
        runs_as(&world, name, "exec sleep 600");
    }
    world.plex().load(&shared_with(&["erin", "frank"]));
    let dry = done(&world, "sync --dry-run");
    assert!(dry.contains("lock alice") && count(&world, "alice") == 1, "{dry}");
    let said = done(&world, "sync");
    assert!(said.contains("lock alice") && said.contains("alice: ended: 1 process"), "{said}");
    assert_eq!((count(&world, "alice"), count(&world, "erin")), (0, 1));
    // That account was created by someone else.
    assert!(said.contains("lock bob") && count(&world, "bob") == 1, "{said}");
    world.plex().load(&shared_with(&["alice", "erin", "frank"]));
    done(&world, "sync");
    runs_as(&world, "alice", "exec sleep 600");
    world.plex().load(&shared_with(&["erin", "frank"]));
    done(&world, "sync --keep-sessions");
    assert_eq!(count(&world, "alice"), 1);
    assert_eq!(world.sh("getent shadow alice | cut -d: -f8").stdout, "1\n");
    // Removed instead of locked: the home is set aside as with `remove`.
    let uid = number(&world, "id -u alice");
    let said = user(&world, "sync --remove --yes");
    assert!(said.ok() && said.stdout.contains("remove alice"), "{said:?}");
    assert_eq!(count(&world, &uid.to_string()), 0);
    world.sh(&format!("test -d /home/.removed-alice-{uid} && ! id alice 2>/dev/null"));
}
