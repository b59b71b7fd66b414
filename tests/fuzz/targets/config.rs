//! Fuzzes the configuration parser. Every `$` of the input becomes a token, which no error may quote.
#![no_main]

use std::iter;
use std::path::Path;
use std::time::Duration;

use config::{Config, Problem, Source, parse};
use libfuzzer_sys::fuzz_target;
use toml::de::{DeTable, DeValue};

/// A token that occurs in no error message by chance.
const TOKEN: &str = "Zq7-XkWv_93JhTfR4mNp";

/// Length of a part of the token that counts as leaked.
const TELLING: usize = 8;

const FILE: &str = "/etc/plex-auth.toml";

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let text = text.replace('$', TOKEN);
    match parse(&text, Path::new(FILE)) {
        Ok(config) => assert_valid(&config),
        Err(problem) => {
            assert_position_is_in_the_file(&problem, &text);
            assert_quotes_no_value(&problem, &text);
        }
    }
});

fn assert_valid(config: &Config) {
    match &config.source {
        // The token is empty until its file has been read.
        Source::Token(token) => assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic())),
        Source::Resources { machine_id, owner_id } => {
            assert!(config.strict_friends && config.machine_id.as_ref() == Some(machine_id));
            assert_eq!(config.owner_id, Some(*owner_id));
        }
    }
    assert!(config.machine_id.is_some() || !config.strict_friends, "strict, but about no server");
    if let Some(id) = &config.machine_id {
        assert!((8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
    assert!(config.owner_id.is_none_or(|id| id.0 > 0));
    assert!(!config.users.contains_key("root"), "root is mapped");
    for name in config.users.keys().chain(&config.group).chain(&config.trusted_callers) {
        assert!(!name.is_empty() && !name.contains([':', '/', '\n', '\0']), "{name:?} is no local name");
        assert_eq!(name.trim(), name, "blanks are inside a local name only");
    }
    let url = &config.plex_url;
    assert!(url.scheme() == "https" && url.has_host() && url.path() == "/" && url.query().is_none(), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert!(config.ca_file.as_ref().is_none_or(|file| file.is_absolute()));
    let times = &config.timeouts;
    assert!(Duration::from_secs(1) <= times.login && times.login + Duration::from_secs(5) < protocol::MODULE_DEADLINE);
    assert!(!times.connect.is_zero() && times.connect <= times.login);
    assert!(!times.friend_list.is_zero() && times.friend_list <= Duration::from_secs(300));
    assert!(times.friend_list <= times.known_list);
    if let Source::Token(token) = &config.source {
        assert!(!format!("{:?}", config.source).contains(token.expose()) || token.expose().len() < TELLING);
    }
}

fn assert_position_is_in_the_file(problem: &Problem, text: &str) {
    let Some((line, column)) = problem.position else { return };
    let there = text.split('\n').nth(line - 1).map(|line| line.chars().count() + 1);
    assert!(there.is_some_and(|columns| (1..=columns).contains(&column)), "{line}:{column} is not in the file");
}

/// An unknown key may be quoted, because it may be a typing error; a value never.
fn assert_quotes_no_value(problem: &Problem, text: &str) {
    let said = problem.to_string();
    assert!(!said.contains(char::is_control), "{said:?}");
    let keys = DeTable::parse(text).map(|table| keys(table.get_ref())).unwrap_or_default();
    for start in 0..=TOKEN.len() - TELLING {
        let part = &TOKEN[start..start + TELLING];
        assert!(!said.contains(part) || keys.iter().any(|key| key.contains(part)), "a value is quoted: {said}");
    }
}

fn keys(table: &DeTable) -> Vec<String> {
    table.iter().flat_map(|(key, value)| iter::once(key.get_ref().to_string()).chain(below(value.get_ref()))).collect()
}

fn below(value: &DeValue) -> Vec<String> {
    match value {
        DeValue::Table(table) => keys(table),
        DeValue::Array(values) => values.iter().flat_map(|value| below(value.get_ref())).collect(),
        _ => Vec::new(),
    }
}
