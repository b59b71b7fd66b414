//! `promises.md` defines every number that a test cites, and lists the tests of each promise. `UPDATE_PAGES=1` writes the lists.
//! The threat model of `SECURITY.md` names tests, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::text::{document, root};

const PAGE: &str = "docs/development/promises.md";
const BEGIN: &str = "<!-- tests -->\n";
const END: &str = "<!-- end -->";
/// Where Rust tests are.
const SOURCES: [&str; 3] = ["src", "tests", "packaging"];
/// Last column of a promise that no test shows yet.
const NOT_YET: &str = "not yet";

/// Tests of each file, by promise.
type Tests = BTreeMap<u32, BTreeMap<String, Vec<String>>>;

/// Promises of the tables: whether each is kept.
fn promises(text: &str) -> BTreeMap<u32, bool> {
    let mut promises = BTreeMap::new();
    for row in text.lines().filter(|line| line.starts_with("| R")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, severity, promise, tests] = cells[..] else { panic!("a row has four cells: {row}") };
        let number: u32 = name[1..].parse().expect(row);
        assert!(severity.chars().all(|letter| "SLCU ".contains(letter)) && promise.len() > 20, "{row}");
        let kept = tests != NOT_YET;
        assert!(!kept || tests == format!("[tests](#r{number})"), "R{number}: '{tests}'");
        assert!(promises.insert(number, kept).is_none(), "R{number} is defined twice");
    }
    promises
}

/// Every Rust file below the sources, with its path from the root of the checkout.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories: Vec<_> = SOURCES.iter().map(|name| root().join(name)).collect();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("target") {
                directories.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                let name = entry.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(entry).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Names of the tests in a file, and of the steps that a long test calls: the functions whose names begin with a number.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
    names.filter(|name| name.split('_').next().and_then(number).is_some())
}

/// 18 of `r18`.
fn number(word: &str) -> Option<u32> {
    word.strip_prefix('r')?.parse().ok()
}

/// Numbers in a test's name, such as 18 and 36 in `r18_r36_every_reason_has_its_outcome`.
fn cited(name: &str) -> BTreeSet<u32> {
    name.split('_').filter_map(number).collect()
}

fn tests() -> Tests {
    let mut tests = Tests::new();
    for (file, text) in sources() {
        for name in tests_in(&text) {
            for number in cited(name) {
                tests.entry(number).or_default().entry(file.clone()).or_default().push(name.to_owned());
            }
        }
    }
    tests
}

/// The generated part of the page.
fn lists(tests: &Tests) -> String {
    let mut made = String::new();
    for (number, files) in tests {
        write!(made, "\n### R{number}\n\n").unwrap();
        for (file, names) in files {
            let names: Vec<String> = names.iter().map(|name| format!("  `{name}`")).collect();
            writeln!(made, "* `{file}`:\n{}", names.join(",\n")).unwrap();
        }
    }
    made.push('\n');
    made
}

#[test]
fn every_promise_lists_exactly_the_tests_that_cite_it_and_has_some_unless_marked_not_yet() {
    let text = document(Path::new(PAGE)).text;
    let (promises, tests) = (promises(&text), tests());
    for number in tests.keys() {
        let kept = promises.get(number).unwrap_or_else(|| panic!("a test cites R{number}: define it in {PAGE}"));
        assert!(kept, "R{number} is marked '{NOT_YET}' and has tests: {:#?}", tests.get(number));
    }
    for (number, _) in promises.iter().filter(|(_, kept)| **kept) {
        assert!(tests.contains_key(number), "no test cites R{number}: it is '{NOT_YET}'");
    }
    let (before, rest) = text.split_once(BEGIN).expect("where the lists begin");
    let (_, after) = rest.split_once(END).expect("where they end");
    let new = format!("{before}{BEGIN}{}{END}{after}", lists(&tests));
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(root().join(PAGE), new).unwrap();
    } else {
        let command = "UPDATE_PAGES=1 cargo test -p pages --test development";
        assert!(text == new, "{PAGE} does not list today's tests; write it with: {command}");
    }
}

#[test]
fn every_number_that_a_comment_cites_is_defined() {
    let promises = promises(&document(Path::new(PAGE)).text);
    let mut seen = 0;
    for (file, text) in sources() {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let Some(number) = word.strip_prefix('R').filter(|_| word.len() < 4).and_then(|rest| rest.parse().ok())
            else {
                continue;
            };
            assert!(promises.contains_key(&number), "{file}: {word} is not defined in {PAGE}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} numbers");
}

#[test]
fn every_row_of_the_threat_model_names_tests_that_exist() {
    let page = document(Path::new("SECURITY.md")).text;
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let sources = sources();
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        assert!(!tests.is_empty(), "{row}");
        for test in tests.split(", ") {
            let name = test.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            let start = format!("fn {}(", name.unwrap_or_else(|| panic!("{test}: no name of a test in {row}")));
            assert!(sources.iter().any(|(_, text)| text.contains(&start)), "{test} does not exist: {row}");
        }
    }
}
