//! The keys and values as `plex-auth config show` writes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use config::{SECTIONS, Value, parse};

/// All values of a configuration, by the key's path.
fn shown(text: &str) -> BTreeMap<String, Value> {
    let config = parse(text, Path::new("/etc/plex-auth.toml")).unwrap();
    config.values().into_iter().map(|(key, value)| (key.path(), value)).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

#[test]
fn each_value_is_shown_as_the_file_has_it() {
    let values = shown(
        "token = \"TOKEN-SECRET\"\nmachine_id = \"0123456789abcdef\"\nowner_id = 7\nca_file = \"/etc/ca.pem\"\n\
         plex_url = \"https://plex.example\"\ntrusted_callers = [\"www-data\", \"git\"]\n[cache]\nremember = \"5m\"\n\
         [throttle]\nfree_tries = 4\n[timeouts]\nlogin = \"12s\"\n",
    );
    let expected = [
        ("machine_id", text("0123456789abcdef")),
        ("owner_id", Value::Number(7)),
        ("ca_file", text("/etc/ca.pem")),
        ("plex_url", text("https://plex.example/")),
        ("trusted_callers", Value::List(vec!["www-data".into(), "git".into()])),
        ("strict_friends", Value::Boolean(true)),
        ("cache.remember", text("5m")),
        ("throttle.free_tries", Value::Number(4)),
        ("timeouts.login", text("12s")),
        ("samba.sync_password", Value::Boolean(false)),
    ];
    for (path, value) in expected {
        assert_eq!(values.get(path), Some(&value), "{path}");
    }
}

#[test]
fn what_is_not_set_is_off_or_unset() {
    let values = shown("token = \"t\"\nmachine_id = \"0123456789abcdef\"\n");
    assert_eq!(values.get("cache.offline"), Some(&Value::Off));
    assert_eq!(values.get("group"), Some(&Value::Unset));
    assert_eq!(values.get("owner_id"), Some(&Value::Unset));
}

#[test]
fn every_key_but_the_token_is_shown_once() {
    let values = shown("token = \"TOKEN-SECRET\"\nmachine_id = \"0123456789abcdef\"\n");
    let keys: Vec<String> = SECTIONS.iter().flat_map(|(_, keys)| keys.iter().map(config::Key::path)).collect();
    let secret = ["token"];
    let expected: Vec<&String> = keys.iter().filter(|path| !secret.contains(&path.as_str())).collect();
    let mut found: Vec<&String> = values.keys().collect();
    found.sort_by_key(|path| keys.iter().position(|key| key == *path));
    assert_eq!(found, expected);
    assert!(!format!("{values:?}").contains("SECRET"));
}
