//! `make demo`: the main use case on a private machine, as each side sees it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a demonstration, for people")]

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use e2e::{DEN, Out, World, password};

/// A login attempt.
struct Attempt<'a> {
    /// Who does what.
    who: &'a str,
    /// The command as it is typed.
    command: &'a str,
    /// What is typed at the prompt.
    typed: &'a str,
    /// Local account in the log.
    account: &'a str,
    /// What the attempt shows.
    meaning: &'a str,
    accepted: bool,
}

/// The demonstration so far.
struct Demo {
    world: World,
    start: Instant,
    number: usize,
    as_promised: bool,
}

impl Demo {
    /// Runs an attempt, and shows what happens and why.
    fn attempt(&mut self, attempt: &Attempt, run: impl FnOnce(&World) -> Out) {
        self.number += 1;
        let seconds = self.start.elapsed().as_secs();
        println!("\n== {}. {} ({seconds} s)", self.number, attempt.who);
        println!("$ {}\nPassword: <{}>", attempt.command, attempt.typed);
        let _ = std::io::stdout().flush();
        let before = self.log_lines(attempt.account).len();
        let out = run(&self.world);
        let refusal = out.stderr.lines().filter(|line| line.contains("denied"));
        for line in out.stdout.lines().chain(refusal) {
            println!("{line}");
        }
        let result = if out.ok() { "Logged in" } else { "Refused" };
        println!("-> {result}: {}", attempt.meaning);
        for line in self.log_lines(attempt.account).split_off(before) {
            println!("   log: {line}");
        }
        self.as_promised &= out.ok() == attempt.accepted;
    }

    /// The log lines of an account without what all have, oldest first.
    fn log_lines(&self, account: &str) -> Vec<String> {
        let user = format!("user=\"{account}\"");
        let log = self.world.syslog();
        let lines = log.lines().filter(|line| line.contains("plex-authd") && line.contains(&user));
        lines.map(|line| line.split_once("]: ").map_or(line, |(_, rest)| rest).to_owned()).collect()
    }

    /// A command of the owner, with its output.
    fn owner(&self, purpose: &str, command: &str) {
        let out = self.world.run(&command.split(' ').collect::<Vec<_>>());
        println!("\n== {purpose}\n# {command}\n{}{}", out.stdout.trim_end(), out.stderr.trim_end());
    }
}

fn main() -> ExitCode {
    let start = Instant::now();
    println!("Starting a private machine with a plex.tv of its own, plex-authd and a real sshd …");
    let Some(world) = World::with_everything(DEN, "") else { return ExitCode::FAILURE };
    world.start_sshd();
    world.allow_sudo(&["alice"]);
    println!("The machine runs after {} s. It is called den, and so is the Plex server.", start.elapsed().as_secs());
    println!("Olga owns the server. She shares it with alice; bob is her friend too, but she shares nothing with him.");

    let mut demo = Demo { world, start, number: 0, as_promised: true };
    let attempts = [
        Attempt {
            who: "alice, with whom the server is shared, logs in over SSH",
            command: "ssh alice@den id -un",
            typed: "alice's Plex password",
            account: "alice",
            meaning: "plex.tv accepted the password, and the server is shared with her",
            accepted: true,
        },
        Attempt {
            who: "alice uses sudo",
            command: "sudo id -un",
            typed: "alice's Plex password",
            account: "alice",
            meaning: "sudo asks plex-auth too",
            accepted: true,
        },
        Attempt {
            who: "another user of the machine becomes alice with su",
            command: "su alice -c 'id -un'",
            typed: "alice's Plex password",
            account: "alice",
            meaning: "anyone who knows her password can sign in as her, as with a local password",
            accepted: true,
        },
        Attempt {
            who: "local, an ordinary account of this machine, logs in",
            command: "ssh local@den id -un",
            typed: "local's own password of this machine",
            account: "local",
            meaning: "local accounts work as before; nothing was sent to plex.tv",
            accepted: true,
        },
        Attempt {
            who: "bob, with whom the server is not shared, tries to log in",
            command: "ssh bob@den id -un",
            typed: "bob's correct Plex password",
            account: "bob",
            meaning: "bob is a friend, but has no access to the server; his password was not sent to plex.tv",
            accepted: false,
        },
        Attempt {
            who: "mallory, a stranger with a Plex account, tries to log in",
            command: "ssh mallory@den id -un",
            typed: "mallory's correct Plex password",
            account: "mallory",
            meaning: "mallory is not on the owner's friend list; the password was not sent to plex.tv",
            accepted: false,
        },
    ];
    let runs: [fn(&World) -> Out; 6] = [
        |world| world.ssh("keyboard-interactive", "alice", &password("alice")),
        |world| world.sudo("alice", &password("alice"), &[]),
        |world| world.su("local", "alice", &password("alice"), &[]),
        |world| world.ssh("password", "local", "LOCAL-SECRET"),
        |world| world.ssh("password", "bob", &password("bob")),
        |world| world.ssh("password", "mallory", &password("mallory")),
    ];
    for (attempt, run) in attempts.iter().zip(runs) {
        demo.attempt(attempt, run);
    }

    demo.owner("the owner looks at the logins", "plex-auth logins");
    demo.owner("the owner asks why bob cannot sign in", "plex-auth test bob");
    let counters = demo.world.plex().counters();
    println!("\nRequests that plex.tv received: {}; new connections: {}.", counters.total(), counters.connections);
    println!("The demonstration took {} s.", start.elapsed().as_secs());
    if std::env::var("KEEP").is_ok_and(|keep| keep == "1") {
        println!("\nThe machine stays until you press Enter. In another terminal, as root:\n");
        let process = demo.world.process();
        println!("    nsenter --target {process} --all ssh alice@127.0.0.1      # password: {}", password("alice"));
        let _ = std::io::stdin().read_line(&mut String::new());
    }
    if demo.as_promised { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
