//! plex-auth.toml(5) agrees with the configuration's code about keys, types, defaults and ranges.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod mdoc;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config::{Config, Problem, Value};

const NEEDED: &str = "token = \"t\"\nmachine_id = \"0123456789abcdef\"\n";

/// The text without macros, as far as the tests need it.
fn plain(text: &str) -> String {
    let words = |line: &str| match line.strip_prefix('.') {
        Some(request) => request.split_once(' ').map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
        None => line.to_owned(),
    };
    let all: Vec<String> = text.lines().map(words).collect();
    all.join(" ").replace("\\(dq", "\"")
}

/// Description of each key, by table and name. Top-level keys have the table "".
fn described() -> BTreeMap<(String, String), String> {
    let page = pages::configuration();
    let page = mdoc::section(&page, "DESCRIPTION");
    let mut entries = BTreeMap::new();
    let mut table = String::new();
    for part in page.split("\n.Ss ") {
        table = part.strip_prefix('[').and_then(|part| part.split_once(']')).map_or(table, |(name, _)| name.to_owned());
        for item in mdoc::items(part) {
            let (key, about) = item.split_once('\n').unwrap();
            let key = key.strip_prefix("Ic ").unwrap().to_owned();
            assert!(entries.insert((table.clone(), key), plain(about)).is_none(), "{item}: twice");
        }
    }
    entries
}

/// The tables that have a subsection.
fn tables() -> BTreeSet<String> {
    let page = pages::configuration();
    let heads = page.lines().filter_map(|line| line.strip_prefix(".Ss ["));
    heads.map(|head| head.split_once(']').unwrap().0.to_owned()).collect()
}

fn refusal(text: &str) -> Problem {
    config::parse(text, Path::new("x")).expect_err(text)
}

/// The known keys, from the error about an unknown one.
fn known(table: &str) -> BTreeSet<String> {
    let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
    let hint = refusal(&format!("{head}no_key_there_is_looks_at_all_like_this_one = 1\n")).hint();
    let keys = hint.strip_prefix("the keys are ").expect(&hint);
    keys.split(", ").map(str::to_owned).collect()
}

/// The default of a key, written as in the file; `None` if it has none or is off.
fn default(config: &Config, table: &str, key: &str) -> Option<String> {
    // These must be set to have a configuration at all, which therefore has no default of theirs.
    if table.is_empty() && ["token", "machine_id"].contains(&key) {
        return None;
    }
    let values = config.values();
    let (_, value) = values.iter().find(|(of, _)| (of.section, of.name) == (table, key)).expect(key);
    match value {
        Value::Unset | Value::Off => None,
        Value::Text(text) => Some(text.trim_end_matches('/').to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Boolean(on) => Some(on.to_string()),
        Value::List(list) => Some(format!("{list:?}")),
    }
}

#[test]
fn configuration_page_lists_exactly_the_known_keys() {
    let described = described();
    let of = |table: &str| -> BTreeSet<String> {
        described.keys().filter(|(of, _)| of == table).map(|(_, key)| key.clone()).collect()
    };
    let top: BTreeSet<String> = of("").union(&tables()).cloned().collect();
    assert_eq!(top, known(""));
    for table in tables().iter().filter(|table| *table != "users") {
        assert_eq!(of(table), known(table), "[{table}]");
    }
    assert_eq!(of("users"), BTreeSet::new(), "these are the owner's to choose");
}

#[test]
fn configuration_page_states_the_type_of_every_key() {
    for ((table, key), about) in described() {
        let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let hint = refusal(&format!("{head}{key} = 1.5\n")).hint();
        let kind = match hint.strip_prefix("write ").expect(&hint) {
            "a string" => ["String, ", "Time, ", "Absolute path; "].as_slice(),
            "a boolean" => &["Boolean; "],
            "a whole number" => &["Whole number, "],
            "a sequence" => &["Array of strings, "],
            other => panic!("{key}: {other}?"),
        };
        assert!(kind.iter().any(|kind| about.starts_with(kind)), "{key} must be {hint}: {about}");
    }
}

#[test]
fn configuration_page_states_the_default_of_every_key() {
    let config = config::parse(NEEDED, Path::new("x")).unwrap();
    for ((table, key), about) in described() {
        let said = match default(&config, &table, &key) {
            Some(value) => format!("the default is {value}"),
            None if table == "cache" => "off by default".into(),
            None => "no default".into(),
        };
        let ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
        assert!(about.split_once(&said).is_some_and(|(_, rest)| ends(rest)), "{key}: not '{said}': {about}");
    }
}

#[test]
fn configuration_page_states_the_range_of_every_duration_and_number() {
    let described = described();
    let config = config::parse(NEEDED, Path::new("x")).unwrap();
    let mut ranges = 0;
    for ((table, key), about) in &described {
        let (kind, extreme) = match about.split_once(", ") {
            Some(("Time", rest)) => (rest, "\"9999days\""),
            Some(("Whole number", rest)) if key != "owner_id" => (rest, "999999999"),
            _ => continue,
        };
        let (range, _) = kind.split_once(" ;").expect(about);
        let (least, most) = range.split_once(" to ").expect(about);
        // A limit of a range may be another key's value.
        let value = |bound: &str| {
            let other = described.contains_key(&(table.clone(), bound.to_owned()));
            if other { default(&config, table, bound).unwrap() } else { bound.to_owned() }
        };
        let hint = refusal(&format!("{NEEDED}[{table}]\n{key} = {extreme}\n")).hint().replace('"', "");
        let hint = hint.split(',').next().unwrap().to_owned();
        assert!(hint.ends_with(&format!(" from {} to {}", value(least), value(most))), "{key}: {hint}: {about}");
        ranges += 1;
    }
    let with_range = |key: &&config::Key| {
        let first = key.about.first().unwrap().trim();
        first.starts_with("Time, `") || first.starts_with("Whole number, `")
    };
    let all = config::SECTIONS.iter().flat_map(|(_, keys)| *keys).filter(with_range).count();
    assert_eq!(ranges, all, "a range was not looked at");
}

#[test]
fn examples_of_the_configuration_page_are_valid() {
    let page = pages::configuration();
    let examples = mdoc::section(&page, "EXAMPLES");
    let displays: Vec<&str> = examples.split("\n.Bd -literal").skip(1).collect();
    assert_eq!(displays.len(), 2);
    for display in displays {
        let text = display.split_once('\n').unwrap().1.split("\n.Ed").next().unwrap().replace("\\(dq", "\"");
        config::parse(&text, Path::new("x")).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    }
}
