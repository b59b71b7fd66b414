//! The table of `plex-auth config show`: every key, its value, and whether the file sets it.

use config::{Config, Value};
use toml_edit::{Document, Item, Key, Value as Toml};

use crate::ui::table::Table;

/// Shown for a key without a value.
const NONE: &str = "(none)";

/// The file sets the key.
const SET: &str = "yes";

/// The file does not set the key.
const DEFAULT: &str = "no";

/// Every key of the configuration, and whether `text`, which it was read from, sets it.
pub(crate) fn settings(config: &Config, text: &str) -> Table {
    let mut table = Table::new(&["KEY", "VALUE", "SET"]).leave_out(&["SET"]);
    let file = Document::parse(text).ok();
    let in_file = |section: &str, name: &str| -> Option<&Item> {
        let top = file.as_ref()?.as_item();
        if section.is_empty() { Some(top) } else { top.get(section) }?.get(name)
    };
    let mut line = |key: config::Key, value: &str| {
        let set = if in_file(key.section, key.name).is_some() { SET } else { DEFAULT };
        table.row([&key.path(), value, set]);
    };
    for key in config::SECTIONS.into_iter().flat_map(|(_, keys)| keys).copied().filter(|key| key.secret) {
        let hidden = if in_file(key.section, key.name).is_some() { "(hidden)" } else { NONE };
        line(key, if config.token_file.is_some() { "(in token_file)" } else { hidden });
    }
    for (key, value) in config.values() {
        line(key, &shown(value));
    }
    if config.users.is_empty() {
        table.row(["users", NONE, DEFAULT]);
    }
    for (local, plex) in &config.users {
        let key = format!("users.{}", Key::new(local.as_str()).display_repr());
        table.row([key, Toml::from(plex.to_string()).to_string(), SET.into()]);
    }
    table
}

fn shown(value: Value) -> String {
    match value {
        Value::Unset => NONE.into(),
        Value::Off => "(off)".into(),
        Value::Text(text) => Toml::from(text).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(on) => on.to_string(),
        Value::List(list) => list.into_iter().collect::<Toml>().to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::path::Path;

    use super::*;

    const BARE: &str = "token = \"TOKEN-SECRET\"\nmachine_id = \"0123456789abcdef\"\n";

    fn shown(text: &str) -> String {
        let config = config::parse(text, Path::new("x")).unwrap();
        anstream::adapter::strip_str(&settings(&config, text).shown(None)).to_string()
    }

    /// The line of a key, with one blank between its columns.
    fn line(text: &str, key: &str) -> String {
        let shown = shown(text);
        let line = shown.lines().find(|line| line.starts_with(&format!("{key} ")));
        line.unwrap_or_else(|| &shown).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn config_show_has_every_key_that_a_configuration_can_have() {
        for (section, keys) in config::SECTIONS {
            let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
            let problem = config::parse(&format!("{BARE}{head}no-such-key-at-all = 1\n"), Path::new("x")).unwrap_err();
            let sections = if section.is_empty() { ", users, accounts, cache, samba, throttle, timeouts" } else { "" };
            let names: Vec<_> = keys.iter().map(|key| key.name).collect();
            assert_eq!(problem.hint(), format!("the keys are {}{sections}", names.join(", ")));
            for key in keys.iter().map(config::Key::path) {
                assert!(line(BARE, &key).starts_with(&key), "{key} is missing in:\n{}", shown(BARE));
            }
        }
        assert_eq!(line(BARE, "users"), "users (none) no");
    }

    #[test]
    fn r41_config_show_tells_set_keys_from_defaults_and_hides_the_token() {
        let text = "token = \"TOKEN-SECRET\"\nstrict_friends = false\n[users]\n\"a.b\" = \"Al \\\"x\\\"\"\n[cache]\n\
                    remember = \"300s\"\n[throttle]\nfree_tries = 3\n";
        for (key, expected) in [
            ("token", "token (hidden) yes"),
            ("token_file", "token_file (none) no"),
            ("strict_friends", "strict_friends false yes"),
            ("users.\"a.b\"", "users.\"a.b\" 'Al \"x\"' yes"),
            ("cache.remember", "cache.remember \"5m\" yes"),
            ("cache.offline", "cache.offline (off) no"),
            ("throttle.free_tries", "throttle.free_tries 3 yes"),
            ("throttle.first_pause", "throttle.first_pause \"2s\" no"),
            ("plex_url", "plex_url \"https://plex.tv/\" no"),
            ("link_services", "link_services [\"sshd\", \"login\"] no"),
        ] {
            assert_eq!(line(text, key), expected);
        }
        assert!(!shown(text).contains("SECRET"));
        let apart = "token_file = \"/etc/token\"\nmachine_id = \"0123456789abcdef\"\n";
        assert_eq!(line(apart, "token"), "token (in token_file) no");
        assert_eq!(line(apart, "token_file"), "token_file \"/etc/token\" yes");
        let without = "machine_id = \"0123456789abcdef\"\nowner_id = 1\n";
        assert_eq!(
            (line(without, "token"), line(without, "owner_id")),
            ("token (none) no".into(), "owner_id 1 yes".into())
        );
    }
}
