//! R78: keys in the wrong section, names of local accounts that need quotes, and values that were pasted with more than the
//! value.

use super::{assert_refused, read};

const TOP: &str = "token = \"t\"\nmachine_id = \"0123456789abcdef\"\n";

#[test]
fn r78_every_known_key_in_every_wrong_section_is_refused_with_its_right_place() {
    let values = ["\"https://den.example\"", "true", "5", "[\"x\"]"];
    let mut names = Vec::new();
    for (right, keys) in config::SECTIONS {
        let place =
            if right.is_empty() { "above all sections".to_owned() } else { format!("to the section [{right}]") };
        for key in keys {
            assert!(config::is_key(key.name));
            names.push(key.name);
            for wrong in ["users", "cache", "samba", "throttle", "timeouts"].into_iter().filter(|wrong| *wrong != right)
            {
                for value in values {
                    let text = format!("{TOP}[{wrong}]\n  {} = {value}\n", key.name);
                    let words = [&format!("the key '{}' is in the section [{wrong}]", key.name), "it belongs", &place];
                    assert_refused(&text, Some((4, 3)), &words.map(|word| word as &str));
                }
            }
            if !right.is_empty() {
                let text = format!("{} = 5\n{TOP}", key.name);
                assert_refused(&text, Some((1, 1)), &["above all sections; move the line", &place]);
            }
        }
    }
    // The right place of a key is certain only while no two sections have one of the same name.
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(!config::is_key("users") && !config::is_key("alice"));
}

#[test]
fn r78_a_local_account_with_the_name_of_a_key_is_written_in_quotes() {
    for line in ["\"group\" = \"2\"", "'group' = \"2\""] {
        let config = read(&format!("{TOP}[users]\n{line}\n")).unwrap();
        assert_eq!(config.users.keys().collect::<Vec<_>>(), ["group"]);
    }
    let config = read(&format!("{TOP}users.'group' = \"2\"\n")).unwrap();
    assert_eq!(config.users.keys().collect::<Vec<_>>(), ["group"]);
    assert_refused(
        &format!("{TOP}[users]\ngroup = \"2\"\n"),
        Some((4, 1)),
        &["write the name in double quotes: \"group\" = \"…\""],
    );
    assert_refused(
        &format!("users = {{ group = \"2\" }}\n{TOP}"),
        Some((1, 11)),
        &["write the name in double quotes: \"group\" = \"…\""],
    );
    assert_refused(&format!("{TOP}[cache]\ngroup = \"2\"\n"), Some((4, 1)), &["it belongs above all sections"]);
}

/// The message has both corrections, and each of them makes the file one that is read.
#[test]
fn r78_a_key_below_users_is_corrected_as_a_setting_and_as_a_local_account() {
    let cases = [
        ("group", "\"friends\"", "", "above all sections"),
        ("admin_account", "\"olga\"", "", "above all sections"),
        ("strict_friends", "true", "", "above all sections"),
        ("link_services", "[\"sshd\"]", "link_sign_in = true\n", "above all sections"),
        ("media", "\"/srv/media\"", "[accounts]\n", "to the section [accounts]"),
        ("shell", "\"/bin/bash\"", "[accounts]\n", "to the section [accounts]"),
        ("purpose", "\"files\"", "[accounts]\n", "to the section [accounts]"),
        ("sync_password", "true", "[samba]\n", "to the section [samba]"),
        ("login", "\"15s\"", "[timeouts]\n", "to the section [timeouts]"),
        ("rejected_per_hour", "30", "[throttle]\n", "to the section [throttle]"),
    ];
    for (key, value, header, place) in cases {
        let as_setting = format!("if it is a setting, move the line: it belongs {place}, as {key} = …;");
        let as_account = format!("write the name in double quotes: \"{key}\" = \"…\"");
        let text = format!("{TOP}[users]\nalice = \"2\"\n{key} = {value}\n");
        assert_refused(&text, Some((5, 1)), &[&as_setting, &as_account]);
        let moved = read(&format!("{TOP}{header}{key} = {value}\n[users]\nalice = \"2\"\n")).unwrap();
        assert_eq!(moved.users.len(), 1, "{key}");
        let quoted = read(&format!("{TOP}[users]\nalice = \"2\"\n\"{key}\" = \"3\"\n")).unwrap();
        assert!(quoted.users.len() == 2 && quoted.users.contains_key(key), "{key}");
    }
}

#[test]
fn r78_the_first_of_several_misplaced_keys_is_reported() {
    let text = format!("{TOP}[users]\nalice = \"2\"\nstrict_friends = false\nadmin_account = \"olga\"\n");
    assert_refused(&text, Some((5, 1)), &["'strict_friends'", "above all sections"]);
}

#[test]
fn r78_local_names_with_spaces_dots_and_underscores_are_accepted_in_quotes() {
    let lines =
        "\"domain users\" = \"2\"\n\"jane.doe\" = \"3\"\n_backup = \"4\"\n\"DOM\\\\jane\" = \"5\"\n\"jörg\" = \"6\"\n";
    let config = read(&format!("{TOP}[users]\n{lines}")).unwrap();
    let names: Vec<_> = config.users.keys().map(String::as_str).collect();
    assert_eq!(names, ["DOM\\jane", "_backup", "domain users", "jane.doe", "jörg"]);
    let config = read(&format!("{TOP}group = \"domain users\"\n")).unwrap();
    assert_eq!(config.group.as_deref(), Some("domain users"));
    for bad in ["", " ", " a", "a ", "a\\tb", "a\u{a0}b", "a:b", "a/b", "a\\nb"] {
        assert_refused(&format!("{TOP}[users]\n\"{bad}\" = \"2\"\n"), Some((4, 1)), &["no local name"]);
    }
}

#[test]
fn r78_names_without_quotes_get_the_advice_to_quote_them() {
    let dotted: [(&str, &str); 5] = [
        ("bob.smith = \"2\"", "write \"bob.smith\" = "),
        ("alice = \"2\"\nbob . smith.x = \"2\"", "write \"bob.smith.x\" = "),
        ("bob.smith = \"2\"\nbob.jones = \"3\"", "write \"bob.smith\" = "),
        ("group.x = \"2\"", "write \"group.x\" = "),
        ("\"bob\".\"smith\" = \"2\"", "write \"bob.smith\" = "),
    ];
    for (lines, advice) in dotted {
        let line = if lines.starts_with("alice") { 5 } else { 4 };
        assert_refused(&format!("{TOP}[users]\n{lines}\n"), Some((line, 1)), &["this name needs quotes", advice]);
    }
    for name in ["domain users", "jörg", "a@example.org", "DOM\\jane", "o'neil", "machine$"] {
        let text = format!("{TOP}\n[users] # people\nalice = \"2\"\n  {name} = \"SECRET\"\n");
        assert_refused(&text, Some((6, 3)), &["this name needs quotes", "in double quotes"]);
    }
    // Elsewhere, and for mistakes in values, the general advice is right.
    for text in ["my token = \"SECRET\"\n", "[cache]\nmy key = \"SECRET\"\n", "[users]\nalice = SECRET\n"] {
        assert!(read(text).unwrap_err().what() == "not valid TOML", "{text}");
    }
    // A table is none of these.
    assert_refused(&format!("{TOP}[users.bob]\nplex = \"2\"\n"), Some((3, 1)), &["wrong type", "a string"]);
}

#[test]
fn r78_a_token_that_was_copied_with_more_than_the_token_is_refused_at_the_token() {
    let cases: [(&str, usize, &[&str]); 8] = [
        ("'\"SECRET\"'", 11, &["further quotes", "write the token alone"]),
        ("\"\\\"SECRET\\\"\"", 12, &["further quotes"]),
        ("\"“SECRET”\"", 11, &["further quotes"]),
        ("\"SECRET'\"", 10, &["further quotes"]),
        ("\"X-Plex-Token=SECRET\"", 23, &["X-Plex-Token is in front"]),
        ("\"x-plex-token: SECRET\"", 24, &["X-Plex-Token is in front"]),
        (
            "\"https://10-0-0-1.x.plex.direct:32400/library/1?checkFiles=1&X-Plex-Token=SECRET&includeX=1\"",
            83,
            &["a URL and not a token", "up to the next &"],
        ),
        ("\"https://app.plex.tv/desktop\"", 10, &["a URL and not a token"]),
    ];
    for (value, column, words) in cases {
        let text = format!("token = {value}\nmachine_id = \"0123456789abcdef\"\n");
        assert_refused(&text, Some((1, column)), words);
    }
    for good in ["SECRET-x_y", "aB3-_", "eyJ0.eyJ1.c2ln"] {
        assert!(read(&format!("token = \"{good}\"\nmachine_id = \"0123456789abcdef\"\n")).is_ok(), "{good}");
    }
}
