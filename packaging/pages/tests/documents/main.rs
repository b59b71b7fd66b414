//! The README and the pages below docs name only what exists, and a test runs every command that they tell the reader
//! to run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod text;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use clap::Command;

use text::{Document, Kind, document, documents, root};

/// Maximum length of a line, in characters. Rows of tables and screens may be longer.
const LONGEST: usize = 120;

/// Pages whose commands need something that a test does not have: an image registry, another architecture, another
/// distribution's tools, a compiler. Other tests cover the same by other means, or the page says to what extent it was
/// tested.
const OTHERWISE: [&str; 5] =
    ["build-for-aarch64.md", "confinement.md", "containers.md", "install.md", "without-systemd.md"];

/// Words with an underscore that belong to other programs.
const FOREIGN: [&str; 26] = [
    "auth_allow_cleartext",
    "auth_cache_size",
    "auth_cache_ttl",
    "auth_pam",
    "auth_param",
    "basic_pam_auth",
    "deferred_auth_pam",
    "disable_plaintext_auth",
    "error_log",
    "log_level",
    "mod_auth_pam",
    "mod_auth_unix",
    "mod_authn_pam",
    "mod_authn_socache",
    "mod_authnz_external",
    "mod_authnz_pam",
    "module_unknown",
    "no_new_privs",
    "pam_service",
    "pg_hba",
    "rc_cgroup_controllers",
    "rc_cgroup_mode",
    "rlm_pam",
    "sd_notify",
    "sshd_config",
    "use_authtok",
];

/// Keys of the JSON that `plex-auth status` and `plex-auth logins` print.
const JSON: [&str; 12] = [
    "cached_passwords",
    "code_required",
    "failed_sign_ins",
    "friend_list",
    "last_hour",
    "link_codes",
    "logins_in_progress",
    "plex_id",
    "plex_tv",
    "requests_last_hour",
    "second_source",
    "seconds_left",
];

/// A path with `..` resolved.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, part| {
        if part == Component::ParentDir {
            tidy.pop();
        } else {
            tidy.push(part);
        }
        tidy
    })
}

#[test]
fn every_documentation_link_points_to_an_existing_file_and_heading() {
    let mut seen = 0;
    for page in documents() {
        for link in page.links().iter().filter(|link| !link.contains("://")) {
            let (path, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target =
                if path.is_empty() { page.path.clone() } else { tidy(&page.path.parent().unwrap().join(path)) };
            assert!(root().join(&target).exists(), "{}: {link} leads nowhere", page.name());
            if let Some(anchor) = anchor {
                let there = document(&target).anchors();
                assert!(there.iter().any(|known| known == anchor), "{}: {link}: only {there:?}", page.name());
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} links");
}

#[test]
fn documentation_index_lists_every_page() {
    let index: BTreeSet<PathBuf> =
        document(Path::new("docs/README.md")).links().iter().map(|link| tidy(&Path::new("docs").join(link))).collect();
    for page in documents().iter().filter(|page| page.path.starts_with("docs") && !page.path.ends_with("README.md")) {
        assert!(index.contains(&page.path), "docs/README.md does not name {}", page.name());
    }
}

#[test]
fn commands_are_in_fenced_blocks_and_never_indented() {
    for page in documents() {
        let indented = page.lines().into_iter().find(|(kind, line)| *kind == Kind::Prose && line.starts_with("    "));
        assert_eq!(indented.map(|(_, line)| line), None, "{}", page.name());
    }
}

#[test]
fn documentation_lines_have_at_most_120_characters() {
    for page in documents().iter().filter(|page| page.path.starts_with("docs") || page.path.ends_with("README.md")) {
        for (number, line) in (1..).zip(page.text.lines()) {
            let shown = page.lines().contains(&(Kind::Shown, line));
            let length = line.chars().count();
            assert!(length <= LONGEST || shown || line.starts_with('|'), "{}:{number}: {length}", page.name());
        }
    }
}

/// Checks the words after a program's name; each must be one of its subcommands or options.
fn check_words(program: &Command, words: &[&str]) -> Result<(), String> {
    let mut command = program;
    let globals: BTreeSet<&str> =
        program.get_arguments().filter(|arg| arg.is_global_set()).filter_map(|arg| arg.get_long()).collect();
    for word in words {
        let word = word.trim_end_matches([',', ':', ';', '.', ')']);
        if ["|", "||", "&&", "\\", "#", ">"].contains(&word) || word.is_empty() {
            break;
        } else if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap();
            let known = |arg: &clap::Arg| arg.get_long() == Some(name);
            if !command.get_arguments().any(known) && !globals.contains(name) && name != "help" {
                return Err(format!("{} has no --{name}", command.get_name()));
            }
        } else if command.has_subcommands() {
            if word == "COMMAND" {
                break;
            }
            // Alternatives separated by bars are the last word.
            for name in word.split('|') {
                command.find_subcommand(name).ok_or(format!("{} has no command {name}", command.get_name()))?;
            }
            let Some(next) = command.find_subcommand(word) else { break };
            command = next;
        }
    }
    Ok(())
}

/// Runs of this project's programs in a line, with the words after each.
fn runs<'a>(line: &'a str, programs: &[(&str, Command)]) -> Vec<(usize, Vec<&'a str>)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let before = ["#", "$", "root@den:~#", "sudo", "&&", "ForceCommand", "exec", "plex-ssh"];
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_start_matches("/usr/sbin/");
        let begins = at == 0 || words.get(at - 1).is_some_and(|word| before.contains(word) || word.ends_with(';'));
        if let Some(program) = programs.iter().position(|(name, _)| *name == word).filter(|_| begins) {
            found.push((program, words.get(at + 1..).unwrap().to_vec()));
        }
    }
    found
}

#[test]
fn every_command_and_option_in_the_documentation_exists() {
    let programs = [
        ("plex-auth", pages::plex_auth()),
        ("plex-authd", pages::plex_authd()),
        ("plex-auth-samba", pages::plex_auth_samba()),
    ];
    let mut seen = 0;
    for page in documents() {
        let lines = page.lines().into_iter().filter(|(kind, _)| *kind != Kind::Prose).map(|(_, line)| line.to_owned());
        for line in page.spans().into_iter().chain(lines) {
            for (program, words) in runs(&line, &programs) {
                let understood = check_words(&programs.get(program).unwrap().1, &words);
                assert!(understood.is_ok(), "{}: {line}: {understood:?}", page.name());
                seen += 1;
            }
        }
    }
    assert!(seen > 80, "{seen} commands");
}

/// The names of the configuration's keys and tables and of the module's arguments.
fn known_names() -> BTreeSet<String> {
    let manuals = [&pages::configuration(), pages::MODULE];
    let lines = manuals.iter().flat_map(|manual| manual.lines());
    let items = lines.filter_map(|line| line.strip_prefix(".It Ic ").or_else(|| line.strip_prefix(".It Cm ")));
    items.map(|item| item.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn every_key_and_argument_in_the_documentation_exists() {
    let known = known_names();
    assert!(known.contains("strict_friends") && known.contains("use_first_pass"), "{known:?}");
    let mut seen = 0;
    for page in documents().iter().filter(|page| !page.path.ends_with("CHANGELOG.md")) {
        for span in page.spans() {
            // As a word, as a setting, or after the name of its table.
            let word = span.rsplit_once("] ").map_or(span.as_str(), |(_, key)| key);
            let word = word.split([' ', '=']).next().unwrap();
            let is_name = word.contains('_') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            // Names with more than three underscores are test names, which another test checks.
            let is_sentence = word.matches('_').count() > 3;
            if !is_name || is_sentence || word.starts_with("pam_") || FOREIGN.contains(&word) || JSON.contains(&word) {
                continue;
            }
            assert!(known.contains(word), "{}: there is no `{word}`", page.name());
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} names");
}

/// The headings of a page with commands below them.
fn with_commands(page: &Document) -> BTreeSet<String> {
    let mut heading = "";
    let mut found = BTreeSet::new();
    for (kind, line) in page.lines() {
        match (kind, line.strip_prefix("## ")) {
            (Kind::Prose, Some(name)) => heading = name,
            (Kind::Command, _) => drop(found.insert(heading.to_owned())),
            _ => {}
        }
    }
    found
}

/// A command in a page must be run by a test, which names the page and the heading: see `page_commands`. Programs of others
/// are set up by the pages that their data name.
#[test]
fn every_command_in_the_how_to_pages_is_run_by_a_test() {
    let directories = ["tests/e2e/tests", "tests/e2e/programs"].map(|directory| root().join(directory));
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let tests: Vec<String> = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    let pages = documents();
    let to_follow = |page: &&Document| {
        let name = page.path.file_name().unwrap().to_str().unwrap();
        page.path.starts_with("docs/how-to") && !OTHERWISE.contains(&name) || name == "tutorial.md"
    };
    let mut seen = 0;
    for page in pages.iter().filter(to_follow) {
        for heading in with_commands(page) {
            let named = |test: &&String| {
                test.contains(&format!("\"{}\"", page.name())) && test.contains(&format!("\"{heading}\""))
            };
            assert!(
                tests.iter().any(|test| named(&test)),
                "{}: no test runs what stands below '{heading}'",
                page.name()
            );
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} headings");
}

/// The exit code has a meaning to systemd that is written in the units and explained in the pages.
#[test]
fn exit_code_of_a_failed_start_is_the_same_in_the_source_the_units_and_the_pages() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let source = read("src/system/src/failed_start.rs");
    let code = source.split("const EXIT_CODE: u8 = ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
    let setting = format!("RestartPreventExitStatus={code}");
    let pages = pages::all().unwrap();
    for service in ["plex-authd", "plex-auth-samba", "plex-auth-shadow"] {
        let unit = read(&format!("packaging/systemd/{service}.service"));
        assert!(unit.lines().any(|line| line == setting), "{service}.service");
        let page = pages.iter().find(|page| page.file() == format!("{service}.8")).unwrap();
        let (_, statuses) = page.text().split_once(".SH EXIT STATUS\n").unwrap_or_else(|| panic!("{}", page.text()));
        let statuses = statuses.split("\n.SH ").next().unwrap();
        assert!(statuses.contains(&format!("\n.B {code}\n")) && statuses.contains(&setting), "{service}: {statuses}");
    }
    let without_systemd = read("docs/how-to/without-systemd.md");
    assert!(without_systemd.contains(&format!("exit code {code}")), "docs/how-to/without-systemd.md");
}
