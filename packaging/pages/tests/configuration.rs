//! plex-auth.toml(5) agrees with the configuration's code about keys, types, defaults and ranges.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod mdoc;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config::{Config, Problem};
use humantime::format_duration;

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
    let page = mdoc::section(pages::CONFIGURATION, "DESCRIPTION");
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
    let heads = pages::CONFIGURATION.lines().filter_map(|line| line.strip_prefix(".Ss ["));
    heads.map(|head| head.split_once(']').unwrap().0.to_owned()).collect()
}

fn refusal(text: &str) -> Problem {
    config::parse(text, Path::new("x")).expect_err(text)
}

/// The known keys, from the error about an unknown one.
fn known(table: &str) -> BTreeSet<String> {
    let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
    let mend = refusal(&format!("{head}no_key_there_is_looks_at_all_like_this_one = 1\n")).mend;
    let keys = mend.strip_prefix("the keys are ").expect(&mend);
    keys.split(", ").map(str::to_owned).collect()
}

/// Default of a key, written as in the file; `None` if it is off by default.
fn default(config: &Config, table: &str, key: &str) -> Option<String> {
    let (throttle, timeouts) = (&config.throttle, &config.timeouts);
    let time = |time| Some(format_duration(time).to_string());
    match (table, key) {
        // The first two are needed for a valid configuration, so it cannot show their default.
        ("", "token" | "machine_id" | "token_file") => None,
        ("", "client_identifier") => config.client_identifier.clone(),
        ("", "admin_account") => config.admin_account.clone(),
        ("", "owner_id") => config.owner_id.map(|id| id.to_string()),
        ("", "group") => config.group.clone(),
        ("", "server_url") => config.server_url.as_ref().map(ToString::to_string),
        ("", "ca_file") => config.ca_file.as_ref().map(|file| file.display().to_string()),
        ("", "strict_friends") => Some(config.strict_friends.to_string()),
        ("", "link_sign_in") => Some(config.link_sign_in.to_string()),
        ("", "link_services") => Some(format!("{:?}", config.link_services)),
        ("", "trusted_callers") => Some(format!("{:?}", config.trusted_callers)),
        ("", "plex_url") => Some(config.plex_url.as_str().trim_end_matches('/').to_owned()),
        ("cache", "remember") => config.cache.remember.and_then(time),
        ("cache", "offline") => config.cache.offline.and_then(time),
        ("samba", "sync_password") => Some(config.samba.sync_password.to_string()),
        ("throttle", "free_tries") => Some(throttle.free_tries.to_string()),
        ("throttle", "first_pause") => time(throttle.first_pause),
        ("throttle", "longest_pause") => time(throttle.longest_pause),
        ("throttle", "rejected_per_hour") => Some(throttle.rejected_per_hour.to_string()),
        ("throttle", "blocked_pause") => time(throttle.blocked_pause),
        ("timeouts", "login") => time(timeouts.login),
        ("timeouts", "connect") => time(timeouts.connect),
        ("timeouts", "friend_list") => time(timeouts.friend_list),
        ("timeouts", "known_list") => time(timeouts.known_list),
        _ => panic!("what is the default of {table} {key}?"),
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
        let mend = refusal(&format!("{head}{key} = 1.5\n")).mend;
        let kind = match mend.strip_prefix("write ").expect(&mend) {
            "a string" => ["String, ", "Time, ", "Absolute path; "].as_slice(),
            "a boolean" => &["Boolean; "],
            "a whole number" => &["Whole number, "],
            "a sequence" => &["Array of strings, "],
            other => panic!("{key}: {other}?"),
        };
        assert!(kind.iter().any(|kind| about.starts_with(kind)), "{key} must be {mend}: {about}");
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
        let mend = refusal(&format!("{NEEDED}[{table}]\n{key} = {extreme}\n")).mend.replace('"', "");
        let mend = mend.split(',').next().unwrap().to_owned();
        assert!(mend.ends_with(&format!(" from {} to {}", value(least), value(most))), "{key}: {mend}: {about}");
        ranges += 1;
    }
    assert_eq!(ranges, 11, "a range was not looked at");
}

#[test]
fn examples_of_the_configuration_page_are_valid() {
    let examples = mdoc::section(pages::CONFIGURATION, "EXAMPLES");
    let displays: Vec<&str> = examples.split("\n.Bd -literal").skip(1).collect();
    assert_eq!(displays.len(), 2);
    for display in displays {
        let text = display.split_once('\n').unwrap().1.split("\n.Ed").next().unwrap().replace("\\(dq", "\"");
        config::parse(&text, Path::new("x")).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    }
}
