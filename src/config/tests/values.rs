//! The border between values that are accepted and those that are refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::path::Path;
use std::time::Duration;

use config::{Config, Problem, base_url, local_name, machine_id, parse};
use policy::{PlexId, PlexRef};

const BASE: &str = "token = \"t\"\nmachine_id = \"0123456789abcdef\"\n";

fn read(text: &str) -> Result<Config, Problem> {
    parse(text, Path::new("/etc/plex-auth.toml"))
}

fn with(further: &str) -> Result<Config, Problem> {
    read(&format!("{BASE}{further}"))
}

#[test]
fn a_machine_id_is_8_to_64_letters_digits_and_hyphens() {
    for good in ["01234567", "ABCdef-9", &"x".repeat(64), "--------"] {
        assert_eq!(machine_id(good).as_deref(), Ok(good));
    }
    for bad in
        ["", "0123456", &"x".repeat(65), "0123456/", "0123456.", "0123456 ", "0123456_", "012345678ä", "01234567\n"]
    {
        assert!(machine_id(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_local_name_has_no_separator_or_control_character_and_spaces_only_within() {
    for good in [
        "a",
        "alice",
        "Alice.B-c_1",
        "_a",
        "domain users",
        "user@example.org",
        "アリス",
        &"x".repeat(protocol::MAX_NAME),
    ] {
        assert_eq!(local_name(good).as_deref(), Ok(good));
    }
    let long = "x".repeat(protocol::MAX_NAME + 1);
    for bad in ["", ":", "a:b", "a/b", " a", "a ", " ", "a\tb", "a\nb", "a\u{7f}b", "a\u{a0}b", "\u{1b}", &long] {
        assert!(local_name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_token_is_1_to_4096_printable_characters_without_blanks() {
    let token = |text: &str| read(&format!("token = \"{text}\"\nmachine_id = \"0123456789abcdef\"\n"));
    for good in ["t", "!~", &"t".repeat(4096)] {
        assert!(token(good).is_ok(), "{}", good.len());
    }
    for bad in ["", &"t".repeat(4097), " ", "a b", " t", "t\\n", "t\\u0000", "t\\u007f", "ü"] {
        assert_eq!(token(bad).unwrap_err().what(), "this is not a token", "{bad:?}");
    }
}

#[test]
fn a_plex_account_has_no_outer_blanks_and_no_control_character() {
    let account = |text: &str| with(&format!("admin_account = \"{text}\"\n")).map(|config| config.admin_account);
    for good in ["o", "Olga von Plex", "olga@example.org", &"x".repeat(254)] {
        assert_eq!(account(good), Ok(Some(good.into())));
    }
    for bad in ["", " ", " olga", "olga ", "\\tolga", "ol\\nga", "ol\\u0000ga", "ol\\u001bga", &"x".repeat(255)] {
        assert_eq!(account(bad).unwrap_err().what(), "this is no Plex account", "{bad:?}");
    }
}

#[test]
fn an_address_of_plex_is_https_a_host_and_a_port_alone() {
    for good in ["https://plex.tv", "https://plex.tv/", "https://plex.example:8443", "https://[::1]:1"] {
        assert_eq!(base_url(good).unwrap().scheme(), "https", "{good}");
    }
    let refused = |text: &str| base_url(text).unwrap_err().what();
    for clear in ["http://plex.tv", "http://localhost", "ftp://plex.tv", "file:///etc/passwd", "unix:/run/x"] {
        assert_eq!(refused(clear), "passwords are sent over https only", "{clear}");
    }
    let host = "plex.tv";
    for more in ["/x", "/?", "/?q=1", "?q", "/#f", "#"] {
        assert_eq!(refused(&format!("https://{host}{more}")), "this is more than an address", "{more}");
    }
    for user in ["u@", "u:p@", ":p@"] {
        assert_eq!(refused(&format!("https://{user}{host}")), "this is more than an address", "{user}");
    }
    for none in ["", "plex.tv", "//plex.tv", "https://", "https:// plex.tv"] {
        assert_eq!(refused(none), "this is not an address", "{none}");
    }
}

#[test]
fn a_path_begins_with_a_slash() {
    let file = with("ca_file = \"/etc/ca.pem\"\n").unwrap().ca_file;
    assert_eq!(file.as_deref(), Some(Path::new("/etc/ca.pem")));
    for bad in ["", "ca.pem", "./ca.pem", "~/ca.pem"] {
        assert_eq!(with(&format!("ca_file = \"{bad}\"\n")).unwrap_err().what(), "this path is relative", "{bad:?}");
    }
}

#[test]
fn a_plex_id_is_above_0() {
    for (id, good) in
        [("0", false), ("1", true), ("2", true), ("18446744073709551615", true), ("18446744073709551616", false)]
    {
        let read = with(&format!("owner_id = {id}\n"));
        assert_eq!(read.is_ok(), good, "{id}");
    }
    assert_eq!(with("owner_id = 7\n").unwrap().owner_id, Some(PlexId(7)));
}

#[test]
fn both_ends_of_a_range_are_in_it() {
    let login = |time: &str| with(&format!("[timeouts]\nlogin = \"{time}\"\n")).map(|config| config.timeouts.login);
    assert_eq!(login("30s"), Ok(Duration::from_secs(30)));
    for bad in ["31s", "0s", "30s 1ms"] {
        assert_eq!(login(bad).unwrap_err().what(), "this time is out of range", "{bad}");
    }
    let list =
        |time: &str| with(&format!("[timeouts]\nknown_list = \"{time}\"\n")).map(|config| config.timeouts.known_list);
    assert_eq!(list("7days"), Ok(Duration::from_secs(7 * 24 * 60 * 60)));
    assert!(list("7days 1s").is_err() && list("4m").is_err());
    assert_eq!(with("").unwrap().timeouts.known_list, Duration::from_secs(60 * 60));
    assert_eq!(with("").unwrap().timeouts.friend_list, Duration::from_secs(5 * 60));
    let friends = |time: &str| with(&format!("[timeouts]\nfriend_list = \"{time}\"\n"));
    assert!(friends("5m").is_ok() && friends("5m 1s").is_err() && friends("999ms").is_err());
    let pause = |time: &str| with(&format!("[throttle]\nlongest_pause = \"{time}\"\n"));
    assert!(pause("1h").is_ok() && pause("1h 1s").is_err());
    let kept = |time: &str| with(&format!("[cache]\noffline = \"{time}\"\n"));
    assert!(kept("30days").is_ok() && kept("30days 1s").is_err() && kept("999ms").is_err());
    assert_eq!(kept("24h").unwrap().cache.offline, Some(Duration::from_secs(24 * 60 * 60)));
    assert_eq!(kept("5m").unwrap().cache.offline, Some(Duration::from_secs(300)));
}

#[test]
fn users_are_mapped_to_plex_accounts_and_root_never_is() {
    let users = with("[users]\nalice = \"2\"\nbob = \"bob@example.org\"\n").unwrap().users;
    let expected = [("alice", PlexRef::Id(PlexId(2))), ("bob", PlexRef::Name("bob@example.org".into()))];
    assert_eq!(users, expected.map(|(user, plex)| (user.to_owned(), plex)).into());
    assert_eq!(with("[users]\nroot = \"2\"\n").unwrap_err().what(), "root cannot be mapped");
    assert_eq!(with("[users]\n\"a:b\" = \"2\"\n").unwrap_err().position, Some((4, 1)));
    assert_eq!(with("[users]\nalice = \" 2\"\n").unwrap_err().position, Some((4, 9)));
}

#[test]
fn link_services_need_link_sign_in_and_one_service() {
    let services = |text: &str| with(text).map(|config| config.link_services);
    assert_eq!(services("link_sign_in = true\nlink_services = [\"sshd\"]\n"), Ok(vec!["sshd".into()]));
    assert_eq!(services("link_sign_in = true\nlink_services = [\"a\", \"b\"]\n"), Ok(vec!["a".into(), "b".into()]));
    let refused = services("link_services = [\"sshd\"]\n").unwrap_err();
    assert_eq!(refused.what(), "link_services has no effect without link_sign_in");
    let refused = services("link_sign_in = true\nlink_services = []\n").unwrap_err();
    assert_eq!(refused.what(), "no service is left to offer link sign-in");
    assert!(services("link_sign_in = true\nlink_services = [\"a/b\"]\n").is_err());
}

#[test]
fn without_strict_friends_no_machine_id_is_needed() {
    let config = read("token = \"t\"\nstrict_friends = false\n").unwrap();
    assert!(!config.strict_friends && config.machine_id.is_none());
    assert_eq!(read("token = \"t\"\n").unwrap_err().what(), "strict_friends needs machine_id");
    assert_eq!(with("").unwrap().machine_id.as_deref(), Some("0123456789abcdef"));
}

#[test]
fn the_place_of_a_mistake_is_counted_in_characters_from_1() {
    let position = |text: &str| read(text).unwrap_err().position;
    assert_eq!(position("x = 1\n"), Some((1, 1)));
    assert_eq!(position("\n\ntoken = 1\n"), Some((3, 9)));
    assert_eq!(position("users = { \"ä\" = \"a\", \"b:c\" = \"x\" }\n"), Some((1, 22)));
}

#[test]
fn a_key_that_is_nearly_right_is_suggested_and_another_is_not() {
    let said = |key: &str| with(&format!("{key} = 1\n")).unwrap_err().hint();
    assert_eq!(said("grup"), "did you mean 'group'?");
    assert_eq!(said("gruopxx"), "did you mean 'group'?");
    assert!(said("gruopxxx").starts_with("the keys are "), "{}", said("gruopxxx"));
    assert_eq!(with("[cache]\nx1234567 = 1\n").unwrap_err().hint(), "the keys are remember, offline");
}
