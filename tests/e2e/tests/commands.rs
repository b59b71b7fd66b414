//! Every command once, on a terminal of a freshly installed Debian server: the screens of docs/reference/commands.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, assert_ascii, assert_fits, password, screen};

/// A server with the package, the configuration that setup writes, and an account for Alice.
fn server() -> Option<World> {
    let world = World::clean("bookworm")?;
    world.start_internet(&DEN.replace("local = \"normal\"", "local = \"normal\"\nport = 32400"));
    world.install_package();
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    world.sh("plex-auth setup --yes --shell --token-file /root/token && plex-auth user add alice --plex alice");
    Some(world)
}

/// Runs a command on a root terminal, compares the golden screen of this name, and returns the exit code.
fn run(world: &World, name: &str, line: &str, typed: &[(&str, &str)]) -> i32 {
    let words: Vec<&str> = line.split(' ').collect();
    let mut terminal = world.terminal_of(80, 24, "C.UTF-8", &words);
    for (question, answer) in typed {
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
    let code = terminal.exit();
    screen(name, &format!("# {line}\n{}", terminal.contents()));
    code
}

/// Commands that are also run on narrow terminals; `cli_status` has the others.
const NARROW: [&str; 4] = [
    "plex-auth doctor",
    "plex-auth config show",
    "plex-auth setup --yes --link --dry-run",
    "plex-auth user sync --dry-run",
];

#[test]
fn every_command_works_on_a_clean_machine_and_matches_its_golden_screen() {
    let Some(world) = server() else { return };
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    assert!(!world.ssh("password", "alice", "mistyped").ok());
    // Nothing is broken; there may be warnings.
    assert!([0, 3].contains(&run(&world, "doctor", "plex-auth doctor", &[])));
    assert_eq!(run(&world, "friends", "plex-auth friends", &[]), 0);
    let typed = [("Plex password of alice:", &*password("alice"))];
    assert_eq!(run(&world, "test", "plex-auth test alice --password", &typed), 0);
    assert_eq!(run(&world, "logins", "plex-auth logins", &[]), 0);
    assert_eq!(run(&world, "user-add", "plex-auth user add erin --plex erin@example.org", &[]), 0);
    let agreed = [("Create this new account? [y/N]", "y")];
    assert_eq!(run(&world, "user-sync", "plex-auth user sync", &agreed), 0);
    world.sh("id erin && id frank");
    assert_eq!(run(&world, "status", "plex-auth status", &[]), 0);
    assert_eq!(run(&world, "config-check", "plex-auth config check", &[]), 0);
    assert_eq!(run(&world, "config-show", "plex-auth config show", &[]), 0);
    assert_eq!(run(&world, "setup-dry-run", "plex-auth setup --yes --link --dry-run", &[]), 0);
    assert_eq!(run(&world, "forget", "plex-auth forget alice", &[]), 0);
    for line in NARROW {
        assert_fits(&world, line);
        assert_ascii(&world, line);
    }
    world.assert_no_secret_leaked();
}
