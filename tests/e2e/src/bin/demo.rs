//! `make demo`: the main use case on a private machine, as each side sees it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a demonstration, for people")]

use std::process::ExitCode;

use e2e::{DEN, Out, World, password};

fn main() -> ExitCode {
    println!("Starting a private machine with a private plex.tv, plex-authd and a real sshd …");
    let Some(world) = World::with_everything(DEN, "") else { return ExitCode::FAILURE };
    world.start_sshd();
    world.allow_sudo(&["alice"]);

    let alice = world.ssh("keyboard-interactive", "alice", &password("alice"));
    show("alice, a friend with access, types her Plex password", "ssh alice@den id -un", &alice);
    let sudo = world.sudo("alice", &password("alice"), &[]);
    show("alice again, at sudo", "sudo id -un", &sudo);
    let su = world.su("local", "alice", &password("alice"), &[]);
    show("somebody else on the machine becomes alice", "su alice -c 'id -un'", &su);
    let local = world.ssh("password", "local", "LOCAL-SECRET");
    show("a local account with its local password", "ssh local@den id -un", &local);
    let bob = world.ssh("password", "bob", &password("bob"));
    show("bob, a friend without access to this server", "ssh bob@den id -un", &bob);
    let mallory = world.ssh("password", "mallory", &password("mallory"));
    show("mallory, a stranger with a Plex account", "ssh mallory@den id -un", &mallory);

    println!("\n== what the administrator reads in the log");
    for line in world.syslog().lines().filter(|line| line.contains("plex-authd") && line.contains("user=")) {
        println!("{line}");
    }
    let counters = world.plex().counters();
    println!("\n== what plex.tv was asked: {} requests over {} connections", counters.total(), counters.connections);

    if std::env::var("KEEP").is_ok_and(|keep| keep == "1") {
        println!("\nThe machine stays until you press Enter. In another terminal, as root:\n");
        println!("    nsenter --target {} --all ssh alice@127.0.0.1      # {}", world.process(), password("alice"));
        let _ = std::io::stdin().read_line(&mut String::new());
    }
    let as_promised = [&alice, &sudo, &su, &local].iter().all(|out| out.ok()) && !bob.ok() && !mallory.ok();
    if as_promised { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(who: &str, command: &str, out: &Out) {
    println!("\n== {who}\n$ {command}");
    print!("{}{}", out.stdout, out.stderr);
    println!("[exit code {}]", out.code);
}
