//! Every setting that there is, with the value that it has. What is secret is not shown.

use std::time::Duration;

use config::{Config, Source};
use humantime::format_duration;
use toml_edit::{Document, Key, Value};

use crate::ui::table::Table;

/// The value of what is not set and has no default.
const NONE: &str = "(none)";

/// The value of what is off unless it is set.
const OFF: &str = "(off)";

/// A table of all settings of a configuration, and whether the file's text sets them.
pub(crate) fn settings(config: &Config, text: &str) -> Table {
    let mut table = Table::new(&["KEY", "VALUE", "SOURCE"]);
    let file = Document::parse(text).ok();
    let written = |key: &str| {
        let mut at = file.as_ref().map(Document::as_item);
        for part in key.splitn(2, '.') {
            at = at.and_then(|item| item.get(part));
        }
        at
    };
    let mut line = |key: &str, value: String| {
        table.row([key, &value, if written(key).is_some() { "set" } else { "default" }]);
    };
    let token_file = written("token_file").and_then(|item| item.as_str());
    line(
        "token",
        match (&config.source, token_file) {
            (Source::Token(_), None) => "(hidden)".into(),
            (Source::Token(_), Some(_)) => "(in token_file)".into(),
            (Source::Resources { .. }, _) => NONE.into(),
        },
    );
    line("token_file", string(token_file));
    line("client_identifier", string(config.client_identifier.as_deref()));
    line("machine_id", string(config.machine_id.as_deref()));
    line("admin_account", string(config.admin_account.as_deref()));
    line("strict_friends", config.strict_friends.to_string());
    line("owner_id", config.owner_id.map_or_else(|| NONE.into(), |id| id.to_string()));
    line("group", string(config.group.as_deref()));
    line("plex_url", string(Some(config.plex_url.as_str())));
    line("ca_file", string(config.ca_file.as_ref().map(|file| file.to_string_lossy()).as_deref()));
    line("server_url", string(config.server_url.as_ref().map(url::Url::as_str)));
    line("link_sign_in", config.link_sign_in.to_string());
    line("link_services", strings(&config.link_services));
    line("trusted_callers", strings(&config.trusted_callers));
    line("cache.remember", maybe_span(config.cache.remember));
    line("cache.offline", maybe_span(config.cache.offline));
    line("samba.sync_password", config.samba.sync_password.to_string());
    let throttle = &config.throttle;
    line("throttle.free_tries", throttle.free_tries.to_string());
    line("throttle.first_pause", span(throttle.first_pause));
    line("throttle.longest_pause", span(throttle.longest_pause));
    line("throttle.rejected_per_hour", throttle.rejected_per_hour.to_string());
    line("throttle.blocked_pause", span(throttle.blocked_pause));
    let timeouts = &config.timeouts;
    line("timeouts.login", span(timeouts.login));
    line("timeouts.connect", span(timeouts.connect));
    line("timeouts.friend_list", span(timeouts.friend_list));
    line("timeouts.known_list", span(timeouts.known_list));
    if config.users.is_empty() {
        line("users", NONE.into());
    }
    for (local, plex) in &config.users {
        let key = format!("users.{}", Key::new(local.as_str()).display_repr());
        table.row([key, string(Some(&plex.to_string())), "set".into()]);
    }
    table
}

fn string(text: Option<&str>) -> String {
    text.map_or_else(|| NONE.into(), |text| Value::from(text).to_string())
}

fn strings(list: &[String]) -> String {
    list.iter().map(String::as_str).collect::<Value>().to_string()
}

fn span(span: Duration) -> String {
    string(Some(&format_duration(span).to_string()))
}

fn maybe_span(value: Option<Duration>) -> String {
    value.map_or_else(|| OFF.into(), span)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::path::Path;

    use super::*;

    const BARE: &str = "token = \"TOKEN-SECRET\"\nmachine_id = \"0123456789abcdef\"\n";

    fn shown(text: &str) -> String {
        let config = config::parse(text, Path::new("x")).unwrap();
        anstream::adapter::strip_str(&settings(&config, text).shown()).to_string()
    }

    /// The line of a key, its columns apart by one blank.
    fn line(text: &str, key: &str) -> String {
        let shown = shown(text);
        let line = shown.lines().find(|line| line.starts_with(&format!("{key} ")));
        line.unwrap_or_else(|| &shown).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_key_that_a_configuration_may_have_is_shown() {
        for section in ["", "cache", "samba", "throttle", "timeouts"] {
            let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
            let problem = config::parse(&format!("{BARE}{head}no-such-key-at-all = 1\n"), Path::new("x")).unwrap_err();
            let keys = problem.mend.strip_prefix("the keys are ").unwrap();
            for key in keys.split(", ").filter(|key| !["users", "cache", "samba", "throttle", "timeouts"].contains(key))
            {
                let key = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
                assert!(line(BARE, &key).starts_with(&key), "{key} is missing in:\n{}", shown(BARE));
            }
        }
        assert_eq!(line(BARE, "users"), "users (none) default");
    }

    #[test]
    fn r41_what_is_set_and_what_is_not_are_told_apart_and_the_token_is_hidden() {
        let text = "token = \"TOKEN-SECRET\"\nstrict_friends = false\n[users]\n\"a.b\" = \"Al \\\"x\\\"\"\n[cache]\n\
                    remember = \"300s\"\n[throttle]\nfree_tries = 3\n";
        for (key, expected) in [
            ("token", "token (hidden) set"),
            ("token_file", "token_file (none) default"),
            ("strict_friends", "strict_friends false set"),
            ("users.\"a.b\"", "users.\"a.b\" 'Al \"x\"' set"),
            ("cache.remember", "cache.remember \"5m\" set"),
            ("cache.offline", "cache.offline (off) default"),
            ("throttle.free_tries", "throttle.free_tries 3 set"),
            ("throttle.first_pause", "throttle.first_pause \"2s\" default"),
            ("plex_url", "plex_url \"https://plex.tv/\" default"),
            ("link_services", "link_services [\"sshd\", \"login\"] default"),
        ] {
            assert_eq!(line(text, key), expected);
        }
        assert!(!shown(text).contains("SECRET"));
        let apart = "token_file = \"/etc/token\"\nmachine_id = \"0123456789abcdef\"\n";
        assert_eq!(line(apart, "token"), "token (in token_file) default");
        assert_eq!(line(apart, "token_file"), "token_file \"/etc/token\" set");
        let without = "machine_id = \"0123456789abcdef\"\nowner_id = 1\n";
        assert_eq!(
            (line(without, "token"), line(without, "owner_id")),
            ("token (none) default".into(), "owner_id 1 set".into())
        );
    }
}
