//! The manual pages and shell completions, as the programs that read them see them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use e2e::{World, built};

/// A machine with all commands, and with the pages and completions in /mnt/pages.
fn machine() -> Option<World> {
    let world = World::new()?;
    for program in ["plex-auth", "plex-auth-samba"] {
        world.copy(&built(program), &format!("/usr/sbin/{program}"), 0o755);
    }
    pages::write(&world.shared().join("pages")).unwrap();
    Some(world)
}

/// Paths of the pages on the machine.
fn pages_of(world: &World) -> Vec<PathBuf> {
    let directory = world.shared().join("pages");
    let sections = ["man5", "man8"].map(|section| fs::read_dir(directory.join(section)).unwrap());
    let files = sections.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.map(|file| PathBuf::from("/mnt").join(file.strip_prefix(world.shared()).unwrap())).collect()
}

/// A rendered page, without overstriking.
fn read(world: &World, page: &str) -> String {
    let shown = world.run(&["mandoc", "-T", "utf8", "-O", "width=200", &format!("/mnt/pages/man8/{page}.8")]);
    assert!(shown.ok(), "{page}: {shown:?}");
    let mut plain = String::new();
    for letter in shown.stdout.chars() {
        if letter == '\u{8}' {
            plain.pop();
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// The help of a command.
fn help(world: &World, words: &[&str]) -> String {
    let help = world.run(&[words, &["--help"]].concat());
    assert!(help.ok(), "{words:?}: {help:?}");
    help.stdout
}

/// The options in a help text.
fn options(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let long = lines.filter_map(|line| line.split_once("--").map(|(_, rest)| rest));
    let name = |rest: &str| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap().to_owned();
    long.map(|rest| format!("--{}", name(rest))).collect()
}

/// The subcommands in a help text.
fn commands(help: &str) -> Vec<String> {
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Checks the page of a command against its help, and those of its subcommands; returns their names.
fn check_page(world: &World, words: &[&str]) -> BTreeSet<String> {
    let name = words.join("-");
    let (help, page) = (help(world, words), read(world, &name));
    let options = options(&help);
    assert!(options.contains("--help") && options.len() > 2, "{help}");
    for option in options {
        let stands =
            |line: &str| line.trim_start().split(", ").any(|word| word.split([' ', '[']).next() == Some(&option));
        assert!(page.lines().any(stands), "{option} is not in {name}(8):\n{page}");
    }
    let about = help.lines().next().unwrap();
    assert!(page.contains(&format!("{name} - {about}")), "not '{about}' in {name}(8):\n{page}");
    let mut seen = BTreeSet::from([name.clone()]);
    for below in commands(&help) {
        assert!(page.contains(&format!("{name}-{below}(8)")), "{below} is not in {name}(8):\n{page}");
        seen.extend(check_page(world, &[words, &[&below]].concat()));
    }
    seen
}

/// A page that our pages refer to, and that Debian has in a package for developers, which the machine lacks.
const FAIL_DELAY: &str = ".Dd May 1, 2024\n.Dt PAM_FAIL_DELAY 3\n.Os\n.Sh NAME\n.Nm pam_fail_delay\n\
                          .Nd request a delay on failure\n";

#[test]
fn mandoc_lint_accepts_every_manual_page() {
    let Some(world) = machine() else { return };
    world.sh("mkdir -p /usr/share/man/man3");
    world.write("/usr/share/man/man3/pam_fail_delay.3", 0o644, "root:root", FAIL_DELAY);
    world.sh("makewhatis /usr/share/man /mnt/pages");
    for page in pages_of(&world) {
        let page = page.to_str().unwrap();
        let mut lint = world.command(&["mandoc", "-T", "lint", "-W", "style", page]);
        lint.env("MANPATH", "/mnt/pages:/usr/share/man");
        let lint = world.finish(lint, "");
        assert!(lint.ok() && lint.stdout.is_empty() && lint.stderr.is_empty(), "{page}: {lint:?}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_all_options_of_its_help() {
    let Some(world) = machine() else { return };
    let mut seen = check_page(&world, &["plex-auth"]);
    assert!(seen.len() > 9 && seen.contains("plex-auth-user-sync"), "{seen:?}");
    seen.extend(check_page(&world, &["plex-authd"]));
    seen.extend(check_page(&world, &["plex-auth-samba"]));
    seen.extend(check_page(&world, &["plex-auth-shadow"]));
    seen.insert("pam_plex".into());
    let pages = pages_of(&world).into_iter().filter(|page| page.extension().is_some_and(|section| section == "8"));
    let pages: BTreeSet<String> = pages.map(|page| page.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(pages, seen);
}

/// Types parts of words and Tab in a shell, and expects the completions.
fn completes(world: &World, shell: &[&str], begin: &str) {
    let mut terminal = world.terminal(shell);
    terminal.type_line(begin);
    terminal.type_line("echo rea''dy");
    terminal.wait_for("ready");
    terminal.type_text("plex-auth us\t");
    terminal.wait_for("plex-auth user");
    terminal.type_text("sy\t");
    terminal.wait_for("plex-auth user sync");
    terminal.type_text("--dry\t");
    terminal.wait_for("plex-auth user sync --dry-run");
}

#[test]
fn bash_completes_commands_and_options() {
    let Some(world) = machine() else { return };
    completes(&world, &["bash", "--norc", "--noprofile"], ". /mnt/pages/completions/bash/plex-auth");
}

#[test]
fn zsh_completes_commands_and_options() {
    let Some(world) = machine() else { return };
    let begin = "fpath=(/mnt/pages/completions/zsh $fpath); autoload -Uz compinit; compinit -u -D";
    completes(&world, &["zsh", "-f", "-i"], begin);
}

#[test]
fn fish_completes_commands_and_options() {
    let Some(world) = machine() else { return };
    let begin = "set -x HOME /tmp; source /mnt/pages/completions/fish/plex-auth.fish";
    completes(&world, &["fish", "--no-config"], begin);
}
