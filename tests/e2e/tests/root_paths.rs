//! R67: root's file accesses in directories that another user can write to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, MACHINE, Out, World, as_user, password};

const CLIENT_ID: &str = "/var/lib/plex-auth/client-id";

/// A word that only root can read, and that could be an identifier or a token.
const WORD: &str = "ROOTSWORD0123456789abcdef";

/// Sufficient for any command here; one that waits for a pipe never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Traps that a process of the user `user` can put in place of a file, with the expected message.
fn traps(user: &str) -> [(&'static str, String, &'static str); 8] {
    let own = |script: &str| format!("setpriv --reuid {user} --regid {user} --clear-groups sh -c '{script}'");
    [
        ("a pipe", own("mkfifo \"$F\""), "is not a regular file"),
        ("/dev/zero", own("ln -s /dev/zero \"$F\""), "is a symbolic link"),
        ("a secret of root's", own("ln -s /root/word \"$F\""), "is a symbolic link"),
        (
            "another name of root's file",
            "cp -p /root/word /var/lib/word; ln -f /var/lib/word \"$F\"".into(),
            "has several names",
        ),
        ("a huge file", own("truncate -s 1T \"$F\""), "is larger than"),
        ("a file of somebody else's", "echo word >\"$F\"; chown alice \"$F\"".into(), "belongs to uid"),
        ("a file that the group can change", own("echo word >\"$F\"; chmod 620 \"$F\""), "has mode 0620"),
        ("a file that everybody can change", own("echo word >\"$F\"; chmod 602 \"$F\""), "has mode 0602"),
    ]
}

fn set(world: &World, file: &str, script: &str) {
    world.sh(&format!("F='{file}'; export F; rm -f \"$F\"; umask 022; {script}"));
}

/// Runs a command that must end in time, and must neither print nor send root's word.
fn run(world: &World, command: &[&str]) -> Out {
    let start = Instant::now();
    let out = world.run(command);
    assert!(start.elapsed() < PATIENCE, "{command:?} took {:?}", start.elapsed());
    assert!(!format!("{out:?}").contains(WORD), "{out:?}");
    let sent = world.plex().seen().into_iter().filter_map(|seen| seen.client_id);
    assert!(sent.into_iter().all(|id| !id.contains(WORD)), "root's word was sent to plex.tv");
    out
}

#[test]
fn r67_root_reads_no_client_id_replaced_by_the_daemons_user() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.write("/root/word", 0o600, "root:root", WORD);
    world.wait_for_log(&["is ready"]);
    let good = world.sh(&format!("cat {CLIENT_ID}")).stdout;
    for (what, script, refusal) in traps("plex-auth") {
        set(&world, CLIENT_ID, &script);
        let out = run(&world, &["plex-auth", "friends"]);
        let said = format!("{}{}", out.stdout, out.stderr);
        assert!(!out.ok() && said.contains(CLIENT_ID) && said.contains(refusal), "{what}: {out:?}");
        let report = "rm -f /root/report; plex-auth report --output /root/report && cat /root/report";
        assert!(run(&world, &["sh", "-c", report]).ok(), "{what}");
        let doctor = run(&world, &["plex-auth", "doctor"]).stdout;
        assert!(doctor.contains(CLIENT_ID) && doctor.contains(refusal), "{what}: {doctor}");
    }
    // A symbolic link in place of the directory is not followed, and root writes nothing to its target.
    world.sh(
        "mv /var/lib/plex-auth /var/lib/kept; ln -s /root /var/lib/plex-auth; chown -h plex-auth /var/lib/plex-auth",
    );
    run(&world, &["plex-auth", "friends"]);
    world.sh("rm /var/lib/plex-auth; mv /var/lib/kept /var/lib/plex-auth");
    set(&world, CLIENT_ID, &format!("printf %s {} >$F; chown plex-auth: $F", good.trim()));
    world.plex().reset();
    assert!(run(&world, &["plex-auth", "friends"]).stdout.contains("alice"));
    let ids: Vec<_> = world.plex().seen().into_iter().filter_map(|seen| seen.client_id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id == good.trim()), "{ids:?}");
}

#[test]
fn r67_root_reads_no_preferences_replaced_by_the_plex_user() {
    let Some(world) = World::new() else { return };
    world.add_user("alice", false, None);
    world.start_plex(DEN);
    world.write("/root/word", 0o600, "root:root", &format!("<Preferences PlexOnlineToken=\"{WORD}\"/>"));
    let address = std::fs::read_to_string(world.shared().join("plex/address.pms.Den")).unwrap();
    world.start(&[
        "socat",
        "TCP-LISTEN:32400,bind=127.0.0.1,fork,reuseaddr",
        &format!("TCP:{}", address.trim().trim_start_matches("http://")),
    ]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done; useradd --system plex");
    let directory = "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server";
    world.sh(&format!("mkdir -p '{directory}'; chown -R plex /var/lib/plexmediaserver"));
    let file = format!("{directory}/Preferences.xml");
    let plex = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let setup = ["plex-auth", "setup", "--plex-url", plex.trim(), "--ca-file", "/mnt/plex/ca.pem", "--yes", "--pam=no"];
    world.write("/run/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    for (what, script, refusal) in traps("plex") {
        set(&world, &file, &script);
        // An explicitly named file is an error.
        let named = run(&world, &[&setup[..], &["--preferences", &file, "--dry-run"]].concat());
        assert!(!named.ok() && named.stderr.contains(&file) && named.stderr.contains(refusal), "{what}: {named:?}");
        // A file at the default path is a warning, and setup continues without it.
        let found = run(&world, &[&setup[..], &["--token-file", "/run/token", "--dry-run"]].concat());
        assert!(found.ok() && found.stderr.contains(&file) && found.stderr.contains(refusal), "{what}: {found:?}");
    }
    // A symbolic link of the server's user in the path.
    world.sh(&format!("rm -f '{file}'; mv '{directory}' /root/elsewhere; setpriv --reuid plex --clear-groups ln -s /root/elsewhere '{directory}'"));
    world.sh("echo '<Preferences/>' >/root/elsewhere/Preferences.xml");
    let linked = run(&world, &[&setup[..], &["--preferences", &file, "--dry-run"]].concat());
    assert!(!linked.ok() && linked.stderr.contains("is a symbolic link"), "{linked:?}");
    world.sh(&format!("rm '{directory}'; mv /root/elsewhere '{directory}'"));
    // The real file is read, with the owner and mode that the server uses.
    world.preferences(MACHINE, "TOKEN-SECRET-olga");
    world.sh(&format!("chown -R plex /var/lib/plexmediaserver; chmod 600 '{file}'"));
    let good = run(&world, &[&setup[..], &["--preferences", &file]].concat());
    assert!(good.ok() && good.stdout.contains("The owner: olga"), "{good:?}");
}

#[test]
fn r67_configuration_that_is_a_pipe_is_refused_without_waiting() {
    let Some(world) = World::new() else { return };
    world.start_plex(DEN);
    world.sh("mkfifo -m 640 /etc/plex-auth.toml; chgrp plex-auth /etc/plex-auth.toml");
    let start = Instant::now();
    for command in [
        &["plex-auth", "config", "check"][..],
        &["plex-auth", "doctor"],
        &["plex-authd", "--user", "plex-auth"],
        &["plex-auth", "setup", "--yes"],
    ] {
        let out = world.run(command);
        assert!(!out.ok(), "{command:?}: {out:?}");
        if command.contains(&"plex-authd") {
            world.wait_for_log(&["cannot run", "is not a regular file"]);
        } else {
            assert!(format!("{out:?}").contains("is not a regular file"), "{command:?}: {out:?}");
        }
        assert!(start.elapsed() < PATIENCE, "{command:?} took {:?}", start.elapsed());
    }
}

/// A process of the daemon's user, such as a remnant of an earlier daemon, must gain nothing from a start as root.
#[test]
fn r67_daemons_user_cannot_change_roots_files_while_root_starts_the_daemon() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.kill_authd();
    world.write("/etc/target", 0o600, "root:root", "root's own\n");
    let flip = world.c_program("flip");
    world.start(&as_user("plex-auth", &[&flip, "/run/plex-auth/socket", "/etc/target"]));
    world.sh("until pgrep -x flip; do sleep 0.02; done");
    let script = "for start in $(seq 100); do
            /usr/sbin/plex-authd --user plex-auth & sleep 0.06; kill -KILL $!; wait $! 2>/dev/null
            about=$(stat -c %U:%G:%a /etc/target)
            [ $about = root:root:600 ] || { echo \"start $start: $about\"; exit 1; }
        done
        pgrep -x flip >/dev/null";
    let out = world.run(&["sh", "-c", script]);
    assert!(out.ok(), "{out:?}");
    // A service that was attacked during its start works as soon as the attack ends.
    world.sh("pkill -KILL -x flip; rm -f /run/plex-auth/socket");
    world.start_authd(&world.config(""));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r67_root_creates_the_directories_and_the_daemons_user_their_contents() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    // Parent directories belong to root; a symbolic link that root created is followed.
    world.sh(
        "rm -rf /run/plex-auth /var/lib/plex-auth; rm -rf /srv/link /srv/real; mkdir /srv/real; ln -s real /srv/link",
    );
    world.sh("/usr/sbin/plex-authd --user plex-auth --state /srv/link/new/state --socket /srv/link/run/socket & \
              until [ -S /srv/real/run/socket ] && [ -s /srv/real/new/state/client-id ]; do sleep 0.02; done; kill $!; wait $!");
    let about = world.sh("stat -c '%n %U:%G %a' /srv/real/new /srv/real/new/state /srv/real/run").stdout;
    assert_eq!(
        about,
        "/srv/real/new root:root 755\n/srv/real/new/state plex-auth:plex-auth 700\n/srv/real/run plex-auth:plex-auth 755\n"
    );
    assert_eq!(world.sh("find /srv/real/new/state /srv/real/run ! -user plex-auth").stdout, "");

    // Existing directories are not changed, but reported.
    for (made, words) in [
        (
            "chown alice /var/lib/plex-auth",
            &["/var/lib/plex-auth: belongs to uid", "run: chown plex-auth: /var/lib/plex-auth"],
        ),
        ("chmod 770 /var/lib/plex-auth", &["/var/lib/plex-auth: has mode 0770", "run: chmod go-w /var/lib/plex-auth"]),
        ("chown root: /run/plex-auth", &["/run/plex-auth: belongs to root", "run: chown plex-auth: /run/plex-auth"]),
        ("chmod 777 /run/plex-auth", &["/run/plex-auth: has mode 0777", "run: chmod go-w /run/plex-auth"]),
    ] {
        world.sh(
            "rm -rf /run/plex-auth /var/lib/plex-auth; install -d -m 700 -o plex-auth -g plex-auth /var/lib/plex-auth; \
                  install -d -o plex-auth -g plex-auth /run/plex-auth",
        );
        world.sh(made);
        let before = world.sh("stat -c '%U:%G %a' /run/plex-auth /var/lib/plex-auth").stdout;
        let (out, log) = world.logged(|| world.run(&["plex-authd", "--user", "plex-auth"]));
        assert!(!out.ok() && words.iter().all(|word| log.contains(word)), "{made}: {log}");
        assert_eq!(world.sh("stat -c '%U:%G %a' /run/plex-auth /var/lib/plex-auth").stdout, before, "{made}");
        let fix = log.rsplit("run: ").next().unwrap().lines().next().unwrap();
        world.sh(fix);
        world.start_authd(&world.config(""));
        world.stop_authd();
    }
}

#[test]
fn r67_root_service_creates_no_socket_where_another_user_can_write() {
    let Some(world) = World::new() else { return };
    world.add_user("alice", false, None);
    world.kill_shadow_service();
    for (directory, made) in [
        ("/home/alice/run", "setpriv --reuid alice --clear-groups mkdir /home/alice/run"),
        ("/home/alice/new", "true"),
        ("/tmp", "true"),
    ] {
        world.sh(made);
        let socket = format!("{directory}/socket");
        let (out, log) = world.logged(|| world.run(&["timeout", "3", "plex-auth-shadow", "--socket", &socket]));
        assert!(out.code == 78 && log.contains("a user other than root could change it"), "{directory}: {out:?} {log}");
        world.sh(&format!("! test -e {socket}"));
    }
    world.start_shadow_service();
    assert_eq!(
        world.sh("stat -c '%U:%G %a' /run/plex-auth-shadow /run/plex-auth-shadow/socket").stdout,
        "root:root 755\nroot:plex-auth 660\n"
    );
}
