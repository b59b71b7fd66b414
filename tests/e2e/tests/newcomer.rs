//! The quick start, from a freshly installed Debian server to a friend's first upload: the package, and the owner's
//! input. Then sshd on the same machine: verification codes, link sign-in, its socket, hardened settings, removal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are printed"
)]

use std::time::Instant;

use e2e::{DEN, MACHINE, SERVER_TOKEN, Terminal, World, password, screen, with_server_token};

/// Maximum number of answers in setup, account creation and the upload together.
const ANSWERS: usize = 5;

const PROMPT: &str = "root@den:~#";

/// A user at a terminal, with a count of answers and a start time.
struct Sitting {
    terminal: Terminal,
    answers: usize,
    start: Instant,
}

impl Sitting {
    fn new(terminal: Terminal) -> Self {
        Self { terminal, answers: 0, start: Instant::now() }
    }

    fn answer(&mut self, question: &str, answer: &str) {
        self.terminal.wait_for(question);
        self.terminal.type_line(answer);
        self.answers += 1;
    }

    /// Runs a command with its questions, until the shell prompt appears again.
    fn command(&mut self, line: &str, questions: &[(&str, &str)]) {
        let start = Instant::now();
        self.terminal.type_line(line);
        for (question, answer) in questions {
            self.answer(question, answer);
        }
        self.terminal.wait_for(PROMPT);
        eprintln!("{:>6} ms  {line}", start.elapsed().as_millis());
    }
}

#[test]
fn r82_quick_start_needs_at_most_five_answers_until_a_friend_uploads_a_file() {
    for suite in ["bookworm", "trixie"] {
        let Some(world) = World::clean(suite) else { return };
        eprintln!("{suite}");
        world.start_internet(&with_server_token(DEN).replace("local = \"normal\"", "local = \"normal\"\nport = 32400"));
        world.preferences(MACHINE, SERVER_TOKEN);
        let package = world.bring_package();

        let mut owner = Sitting::new(world.terminal(&["env", "-C", "/root", "HOME=/root", "USER=root", "bash"]));
        owner.terminal.wait_for(PROMPT);
        owner.command(&format!("apt-get install ./{package}"), &[]);
        let doctor = world.run(&["plex-auth", "doctor"]);
        assert!(doctor.code == 1 && doctor.stdout.contains("\n    run: plex-auth setup\n"), "{doctor:?}");
        owner.command(
            "plex-auth setup",
            &[("Who should be able to sign in", "1"), ("What may friends do here?", ""), ("Apply?", "")],
        );

        // Alice has never logged in here.
        world.sh("mkdir -m 777 /run/laptop; echo trip >/run/laptop/trip.txt");
        let laptop = ["env", "-C", "/run/laptop", "HOME=/nonexistent", "PS1=alice@laptop:~$ ", "bash", "--norc"];
        let mut alice = Sitting::new(world.terminal_of(80, 24, "C.UTF-8", &laptop));
        alice.terminal.wait_for("alice@laptop:~$");
        let asked = Instant::now();
        alice.terminal.type_line("sftp alice@den");
        alice.answer("Are you sure you want to continue connecting", "yes");
        alice.answer("(alice@den) Password:", &password("alice"));
        alice.terminal.wait_for("sftp>");
        eprintln!("{:>6} ms  sftp alice@den", asked.elapsed().as_millis());
        alice.terminal.type_line("put trip.txt");
        alice.terminal.wait_for("Uploading trip.txt to /upload/trip.txt");
        alice.terminal.wait_for("100%");
        alice.terminal.type_line("bye");
        alice.terminal.wait_for("alice@laptop:~$");
        assert_eq!(world.sh("cat /srv/plex-auth/alice/upload/trip.txt").stdout, "trip\n");

        let answers = owner.answers + alice.answers;
        let time = owner.start.elapsed().as_millis();
        eprintln!("{time:>6} ms  from the package to the upload, with {answers} answers");
        assert!(answers <= ANSWERS, "{answers} answers");
        assert_strangers_are_refused(&world);
        world.assert_no_secret_leaked();
        if suite == "bookworm" {
            let shown = [owner.terminal.contents(), alice.terminal.contents()];
            let without_last = shown.map(|shown| shown.rsplit_once('\n').unwrap().0.to_owned());
            screen("newcomer", &without_last.join("\n\n"));
        }
        codes_and_links(&world, &mut alice);
        stopped(&world);
        socket(&world);
        hardened(&world);
        removal(&world);
    }
}

/// Asserts that a friend without access and a stranger cannot log in, although they have local accounts, and Alice only
/// with her password, for files alone.
fn assert_strangers_are_refused(world: &World) {
    world.add_user("bob", true, None);
    world.add_user("mallory", true, None);
    for (user, word) in [("bob", password("bob")), ("mallory", password("mallory")), ("alice", "wrong".to_owned())] {
        let refused = world.ssh("password", user, &word);
        assert!(!refused.ok() && refused.stderr.contains("Permission denied"), "{user}: {refused:?}");
    }
    assert_confined(world);
}

/// R82: Alice has no shell, whatever she asks for.
fn assert_confined(world: &World) {
    let inside = world.ssh("keyboard-interactive", "alice", &password("alice"));
    assert!(!inside.ok() && inside.stdout.contains("This service allows sftp connections only"), "{inside:?}");
}

/// R81: what a stock sshd cannot do by itself works after setup: verification codes, link sign-in, and a banner about it.
fn codes_and_links(world: &World, laptop: &mut Sitting) {
    let people = ["--user", "erin=erin", "--user", "frank=frank"];
    let out = world.run(&[&["plex-auth", "setup", "--yes", "--shell", "--link", "--banner"], &people[..]].concat());
    assert!(out.ok() && out.stdout.contains("\n  ssh erin@den\n  ssh frank@den\n"), "{out:?}");
    assert!(world.sh("getent passwd erin").stdout.ends_with(":/bin/bash\n"), "the distribution's usual shell");
    let mut erin = world.ssh_terminal("127.0.0.1", "erin", 1);
    erin.wait_for("(erin@127.0.0.1) Password:");
    erin.type_line(&password("erin"));
    erin.wait_for("Plex verification code: ");
    erin.type_line("314159");
    assert_eq!(erin.exit(), 0, "{}", erin.contents());
    let mut frank = world.ssh_terminal("127.0.0.1", "frank", 1);
    let code = frank.ask_for_code();
    world.approve(&code, "frank");
    frank.type_line("");
    assert_eq!(frank.exit(), 0, "{}", frank.contents());
    // Everyone reads it, so that it reveals nobody.
    for name in ["frank", "nobody-here"] {
        laptop.terminal.type_line(&format!("ssh {name}@den"));
        laptop.terminal.wait_for("Plex users: type your Plex password.");
        laptop.terminal.wait_for(&format!("({name}@den) Password:"));
        laptop.terminal.type_text("\u{3}");
        laptop.terminal.wait_for("alice@laptop:~$");
    }
    assert_confined(world);
}

/// R79: doctor does not call a machine fine whose sshd is stopped, and finds no fault with an account for files.
fn stopped(world: &World) {
    let doctor = || world.run(&["plex-auth", "doctor"]).stdout;
    world.sh("systemctl stop ssh.socket ssh.service");
    let out = doctor();
    let words = "! sshd: it is not running: nobody can log in over SSH\n    run: systemctl enable --now ssh.service\n";
    assert!(out.contains(words) && !out.contains("gives no shell"), "{out}");
    world.sh("systemctl enable --now ssh.service");
    assert!(!doctor().contains("it is not running"));
    assert_confined(world);
}

/// sshd started by its socket: it reads the drop-in at the first connection, and again when it is told to.
fn socket(world: &World) {
    world.sh("systemctl disable --now ssh.service; systemctl enable --now ssh.socket; rm -rf /run/sshd");
    let run = |option: &str| {
        let out = world.run(&["plex-auth", "setup", "--yes", "--link", option]);
        assert!(out.ok() && out.stdout.contains("10-plex-auth.conf is written"), "{out:?}");
    };
    run("--banner=no");
    assert!(!world.run(&["test", "-e", "/run/sshd"]).ok(), "what sshd lacked for its check is removed again");
    assert_confined(world);
    assert_eq!(world.sh("systemctl is-active ssh.service").stdout, "active\n");
    run("--banner");
    assert_confined(world);
    doctors_commands(world);
    let banner = world.sh("ssh -oStrictHostKeyChecking=no -oBatchMode=yes x@127.0.0.1 2>&1 || true").stdout;
    assert!(banner.contains("Plex users: type your Plex password."), "{banner}");
}

/// R79: doctor's commands change what a running sshd does, whatever has started it, and sshd goes on running.
fn doctors_commands(world: &World) {
    let enters = || world.ssh("keyboard-interactive", "frank", &password("frank")).stdout == "frank\n";
    let fixed = |by: &str| {
        let refusal = "/etc/ssh/sshd_config.d/00-early.conf";
        world.sh(&format!(
            "mkdir -p /run/sshd; echo 'AllowUsers nobody-here' >{refusal}; systemctl restart ssh.service"
        ));
        assert!(!enters(), "{by}");
        let out = world.run(&["plex-auth", "doctor", "--json"]);
        let checks: Vec<serde_json::Value> = serde_json::from_str(&out.stdout).unwrap();
        let hints: Vec<_> = checks.iter().filter_map(|check| check["hint"].as_str()).collect();
        let add = |hint: &&str| hint.contains("'AllowUsers ") && hint.ends_with(&format!("/usr/sbin/sshd -t && {by}"));
        let hint = hints.iter().copied().find(add).unwrap_or_else(|| panic!("{by}: {out:?}"));
        // More often than systemd's limit of starts permits within ten seconds.
        for _ in 0..6 {
            world.sh(hint.strip_prefix("run: ").unwrap());
        }
        assert!(enters() && world.run(&["systemctl", "--quiet", "is-active", "ssh.service"]).ok(), "{by}");
        world.sh(&format!("rm {refusal} /etc/ssh/sshd_config.d/00-local.conf; {by}"));
    };
    fixed("systemctl reset-failed ssh.service ssh.socket && systemctl try-restart ssh.service");
    world.sh("systemctl disable --now ssh.socket; systemctl stop ssh.service");
    // systemd may have lost it, since the names of the units have changed.
    world.sh("pkill -x sshd || true; until ! pgrep -x sshd; do sleep 0.05; done; systemctl enable --now ssh.service");
    fixed("systemctl reload ssh.service");
    world.sh("systemctl disable --now ssh.service; systemctl enable --now ssh.socket");
    assert!(enters());
}

/// R81: where passwords are off, nothing is offered to everyone, and to friends alone only after the owner's decision.
fn hardened(world: &World) {
    world.write("/etc/ssh/sshd_config.d/50-cloud-init.conf", 0o600, "root:root", "PasswordAuthentication no\n");
    // Its socket started it: a reload would end it.
    world.sh("systemctl restart ssh.service");
    // The directory is gone while the socket waits for a connection.
    let effective = || world.sh("mkdir -p /run/sshd && sshd -T | grep '^kbdinteractive'").stdout;
    let out = world.run(&["plex-auth", "setup", "--yes"]);
    assert!(out.ok() && out.stderr.contains("plex-auth setup --sshd-group"), "{out:?}");
    assert_eq!(effective(), "kbdinteractiveauthentication no\n", "an earlier line for everyone is taken back");
    assert!(!world.ssh("keyboard-interactive", "frank", &password("frank")).ok());
    let mut owner = world.terminal(&["plex-auth", "setup"]);
    owner.wait_for("Who should be able to sign in");
    owner.type_line("");
    owner.wait_for("reveal to anyone which names are friends. [y/N]");
    owner.type_line("y");
    owner.wait_for("+Match Group plex-users");
    owner.wait_for("Apply?");
    owner.type_line("");
    assert_eq!(owner.exit(), 0, "{}", owner.contents());
    assert_eq!(effective(), "kbdinteractiveauthentication no\n");
    assert_eq!(world.ssh("keyboard-interactive", "frank", &password("frank")).stdout, "frank\n");
    world.add_user("local", false, Some("LOCAL-SECRET"));
    assert!(!world.ssh("keyboard-interactive", "local", "LOCAL-SECRET").ok());
    assert_confined(world);
    // The decision is kept.
    let out = world.run(&["plex-auth", "setup", "--yes"]);
    assert!(out.ok() && !out.stderr.contains("--sshd-group"), "{out:?}");
    assert_confined(world);
}

/// The drop-in goes with the package, and comes back with it: accounts for files are never without it.
fn removal(world: &World) {
    let is_there = || world.run(&["test", "-e", "/etc/ssh/sshd_config.d/10-plex-auth.conf"]).ok();
    let apt = |action: &str| world.sh(&format!("DEBIAN_FRONTEND=noninteractive apt-get {action} --yes plex-auth 2>&1"));
    apt("remove");
    assert!(!is_there() && !world.run(&["test", "-e", "/etc/ssh/plex-auth-banner"]).ok());
    let effective = world.sh("mkdir -p /run/sshd && sshd -T -C user=frank | grep '^kbdinteractive'").stdout;
    assert_eq!(effective, "kbdinteractiveauthentication no\n");
    assert!(!world.ssh("keyboard-interactive", "frank", &password("frank")).ok());
    world.install_package();
    assert!(is_there());
    assert_confined(world);
    apt("purge");
    assert!(!is_there() && !world.run(&["test", "-e", "/var/lib/plex-auth-sync"]).ok());
}
