//! Every command once, on a terminal of a freshly installed Debian server: the screens of docs/reference/commands.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;

use e2e::{DEN, World, password, screen};

/// A server with the package, the configuration that setup writes, and an account for Alice.
fn server() -> Option<World> {
    let world = World::clean("bookworm")?;
    world.start_internet(&DEN.replace("local = \"normal\"", "local = \"normal\"\nport = 32400"));
    world.install_package();
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    world.sh("plex-auth setup --yes --token-file /root/token && plex-auth user add alice --plex alice");
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

/// Commands that are also run on narrow terminals.
const NARROW: [&str; 16] = [
    "plex-auth doctor",
    "plex-auth friends",
    "plex-auth logins",
    "plex-auth logins --user zoe",
    "plex-auth status",
    "plex-auth test alice",
    "plex-auth test bob",
    "plex-auth config check",
    "plex-auth config show",
    "plex-auth setup --yes --link --dry-run",
    "plex-auth user sync --dry-run",
    "plex-auth forget nobody",
    "plex-auth user add alice --plex alice",
    "plex-auth frends",
    "plex-auth --help",
    "plex-auth logins --help",
];

/// The contents of a terminal of this width after a command.
fn contents(world: &World, columns: u16, locale: &str, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut terminal = world.terminal_of(columns, 200, locale, &words);
    terminal.exit();
    terminal.contents()
}

/// Asserts that 80 and 40 columns are enough: no line is longer, unless it is one word, and no word is broken. A line that
/// the terminal had to break is one line of the contents.
fn assert_narrow(world: &World, line: &str) {
    let wide = contents(world, 400, "C.UTF-8", line);
    // A table that leaves out columns says so.
    let known = format!("{wide} Columns that do not fit:");
    let known: BTreeSet<&str> = known.split_whitespace().map(|word| word.trim_end_matches(['.', ','])).collect();
    for columns in [80, 40] {
        let narrow = contents(world, columns, "C.UTF-8", line);
        for shown in narrow.lines() {
            let is_file = line.contains("--dry-run") && shown.starts_with(['+', '-', ' ']);
            let is_one_word = shown.split_whitespace().filter(|word| *word != "\\").count() == 1;
            let fits = shown.chars().count() <= columns.into();
            assert!(fits || is_one_word || is_file, "{line}, {columns} columns: {shown:?} in\n{narrow}");
        }
        // Numbers and times differ from run to run.
        let words = narrow.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
        let is_text = |word: &&str| !word.contains(|c: char| c.is_ascii_digit()) && *word != "\\";
        let broken: Vec<_> = words.filter(is_text).filter(|word| !known.contains(word)).collect();
        assert!(broken.is_empty(), "{line}, {columns} columns: {broken:?} in\n{narrow}\nand not in\n{wide}");
    }
}

/// Asserts that the output is in ASCII where the locale is C.
fn assert_ascii(world: &World, line: &str) {
    let shown = contents(world, 80, "C", line);
    assert!(shown.is_ascii() && !shown.is_empty(), "{line}:\n{shown}");
}

#[test]
fn every_command_works_on_a_clean_machine_and_matches_its_golden_screen() {
    let Some(world) = server() else { return };
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    assert!(!world.ssh("password", "alice", "mistyped").ok());
    // Nothing is broken; there may be warnings.
    assert!([0, 2].contains(&run(&world, "doctor", "plex-auth doctor", &[])));
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
        assert_narrow(&world, line);
        assert_ascii(&world, line);
    }
    world.assert_no_secret_leaked();
}
