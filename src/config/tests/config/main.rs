//! Configurations that are accepted, and the messages about those that are refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod misplaced;

use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use config::{Config, Problem, Source, load, load_owned_by, parse};
use policy::{Limits, PlexId, PlexRef};

const MACHINE: &str = "machine_id = \"0123456789abcdef0123456789abcdef01234567\"\n";
const FULL: &str = r#"
token          = "TOKEN-SECRET-olga"
client_identifier = "0123456789abcdef0123456789abcdef"
machine_id     = "0123456789abcdef0123456789abcdef01234567"
admin_account  = "olga@example.org"
strict_friends = true
owner_id       = 1
group          = "plex-users"
plex_url       = "https://plex.example:8443"
ca_file        = "/etc/ssl/private-ca.pem"
trusted_callers = ["www-data"]
server_url     = "http://127.0.0.1:32400"
server_url_insecure = true

[users]
alice = "alice@example.org"
bob   = "3"

[cache]
remember = "5m"
offline = "24h"

[samba]
sync_password = true

[throttle]
free_tries = 5
first_pause = "1s"
longest_pause = "10m"
rejected_per_hour = 60
sign_ins_per_hour = 200
link_codes_per_hour = 90
blocked_pause = "1h"
hosts = 3

[timeouts]
login = "10s"
connect = "1500ms"
friend_list = "1m"
known_list = "2h 30m"
"#;

fn read(text: &str) -> Result<Config, Problem> {
    parse(text, Path::new("/etc/plex-auth.toml"))
}

/// Asserts place and words of the problem with a text.
#[track_caller]
fn assert_refused(text: &str, position: Option<(usize, usize)>, words: &[&str]) {
    let problem = read(text).unwrap_err();
    let said = problem.to_string();
    assert_eq!(problem.position, position, "{said}\n{text}");
    for word in words {
        assert!(said.contains(word), "'{said}' does not say '{word}'");
    }
    assert!(!said.contains("SECRET"), "a value is quoted: {said}");
    assert!(said.starts_with("/etc/plex-auth.toml"), "{said}");
}

#[test]
fn a_file_with_every_key_is_read() {
    let config = read(FULL).unwrap();
    assert!(matches!(&config.source, Source::Token(token) if token.expose() == "TOKEN-SECRET-olga"));
    assert_eq!(config.client_identifier.as_deref(), Some("0123456789abcdef0123456789abcdef"));
    assert_eq!(config.owner_id, Some(PlexId(1)));
    assert_eq!(config.users.get("alice"), Some(&PlexRef::Name("alice@example.org".into())));
    assert_eq!(config.users.get("bob"), Some(&PlexRef::Id(PlexId(3))));
    assert_eq!(config.plex_url.as_str(), "https://plex.example:8443/");
    assert_eq!(config.timeouts.connect, Duration::from_millis(1500));
    assert_eq!(config.timeouts.known_list, Duration::from_secs(9000));
    assert_eq!(config.server_url.unwrap().as_str(), "http://127.0.0.1:32400/");
    assert!(config.server_url_insecure);
    assert_eq!(config.cache.remember, Some(Duration::from_secs(300)));
    assert_eq!(config.cache.offline, Some(Duration::from_secs(24 * 3600)));
    assert!(config.samba.sync_password);
    let throttle = Limits {
        free_tries: 5,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(600),
        rejected_per_hour: 60,
        sign_ins_per_hour: 200,
        link_codes_per_hour: 90,
        blocked_pause: Duration::from_secs(3600),
        hosts: 3,
    };
    assert_eq!(config.throttle, throttle);
}

#[test]
fn a_key_that_is_not_set_has_its_safe_default() {
    let config = read(&format!("token = \"t\"\n{MACHINE}")).unwrap();
    assert!(config.strict_friends);
    assert_eq!(config.plex_url.as_str(), "https://plex.tv/");
    assert_eq!(config.group, None);
    assert!(!config.samba.sync_password);
    assert_eq!(config.server_url, None);
    assert!(config.link_picture && !config.link_sign_in);
    assert!(!read(&format!("token = \"t\"\nlink_picture = false\n{MACHINE}")).unwrap().link_picture);
    assert_eq!(config.cache, config::Cache::default(), "R45: no password is cached by default");
    assert_eq!(config.throttle, Limits::default());
    let larger = read(&format!("token = \"t\"\n{MACHINE}[throttle]\nrejected_per_hour = 500\n")).unwrap();
    assert_eq!(larger.throttle.sign_ins_per_hour, 500, "strangers never use up an account's sign-ins");
    assert_eq!(config.timeouts.login, Duration::from_secs(15));
    assert_eq!(config.timeouts.friend_list, Duration::from_secs(300));
}

#[test]
fn r61_without_a_token_server_and_owner_must_be_known() {
    let config = read(&format!("owner_id = 1\n{MACHINE}")).unwrap();
    assert!(matches!(config.source, Source::Resources { owner_id: PlexId(1), .. }));
    for missing in
        [MACHINE.to_owned(), "owner_id = 1\n".into(), format!("owner_id = 1\nstrict_friends = false\n{MACHINE}")]
    {
        let problem = read(&missing).unwrap_err();
        assert!(problem.what().contains("token"), "{problem}");
    }
}

type Mistake = (&'static str, Option<(usize, usize)>, &'static [&'static str]);

/// Text, line and column of the problem, and words of its message.
#[test]
fn every_mistake_is_located_and_has_a_hint() {
    let cases: [Mistake; 34] = [
        ("token = \"TOKEN-SECRET", Some((1, 22)), &["not valid TOML"]),
        ("token = TOKEN-SECRET\n", Some((1, 9)), &["not valid TOML", "double quotes"]),
        ("token = \"a\"\ntoken = \"b\"\n", Some((2, 1)), &["twice"]),
        ("tokn = \"TOKEN-SECRET\"\n", Some((1, 1)), &["no key 'tokn'", "did you mean 'token'?"]),
        ("token = \"t\"\nwhatever = 1\n", Some((2, 1)), &["no key 'whatever'", "the keys are token, token_file"]),
        ("token = 5\n", Some((1, 9)), &["wrong type", "a string"]),
        ("token = \"t\"\nstrict_friends = \"TOKEN-SECRET\"\n", Some((2, 18)), &["wrong type", "a boolean"]),
        ("token = \"t\"\nowner_id = -5\n", Some((2, 12)), &["wrong type", "a whole number"]),
        ("token = \"t\"\nowner_id = 0\n", Some((2, 12)), &["no Plex id"]),
        ("token = \"TOKEN-SECRET x\"\n", Some((1, 9)), &["not a token", "without spaces"]),
        ("token = \"t\"\n", None, &["strict_friends needs machine_id", "/identity"]),
        ("token = \"t\"\nmachine_id = \"../../x\"\n", Some((2, 14)), &["not a machine id"]),
        ("token = \"t\"\ntoken_file = \"/x\"\n", None, &["both token and token_file"]),
        ("token_file = \"x\"\n", Some((1, 14)), &["relative"]),
        ("token = \"t\"\nplex_url = \"http://plex.tv\"\n", Some((2, 12)), &["https only"]),
        ("token = \"t\"\nplex_url = \"https://a:b@plex.tv\"\n", Some((2, 12)), &["more than an address"]),
        ("token = \"t\"\n[users]\nroot = \"olga\"\n", Some((3, 1)), &["root", "remove the line"]),
        ("token = \"t\"\n[users]\nalice = \"\"\n", Some((3, 9)), &["no Plex account"]),
        ("token = \"t\"\n[users]\n\"a/b\" = \"x\"\n", Some((3, 1)), &["no local name"]),
        ("token = \"t\"\nserver_url = \"https://den.example/x\"\n", Some((2, 14)), &["more than an address"]),
        (
            "token = \"t\"\nstrict_friends = false\nserver_url = \"https://den.example\"\n",
            Some((3, 14)),
            &["only asked with strict_friends"],
        ),
        ("token = \"t\"\n[cache]\nremember = \"2d\"\n", Some((3, 12)), &["out of range", "\"1day\""]),
        ("token = \"t\"\n[cache]\nofline = \"1h\"\n", Some((3, 1)), &["did you mean 'offline'?"]),
        ("token = \"t\"\n[throttle]\nfree_tries = 0\n", Some((3, 14)), &["out of range", "from 1 to 20"]),
        ("token = \"t\"\n[throttle]\nrejected_per_hour = 1001\n", Some((3, 21)), &["from 3 to 1000"]),
        ("token = \"t\"\n[throttle]\nsign_ins_per_hour = 29\n", Some((3, 21)), &["from 30 to 1000"]),
        (
            "token = \"t\"\n[throttle]\nsign_ins_per_hour = 99\nrejected_per_hour = 100\n",
            Some((3, 21)),
            &["from 100 to 1000"],
        ),
        ("token = \"t\"\n[throttle]\nlink_codes_per_hour = 2\n", Some((3, 23)), &["from 3 to 1000"]),
        ("token = \"t\"\n[throttle]\nhosts = 0\n", Some((3, 9)), &["from 1 to 300"]),
        ("token = \"t\"\nhosts = 3\n", Some((2, 1)), &["[throttle]"]),
        (
            "token = \"t\"\n[throttle]\nlongest_pause = \"5s\"\nfirst_pause = \"6s\"\n",
            Some((4, 15)),
            &["out of range", "\"5s\""],
        ),
        ("token = \"t\"\n[timeouts]\nlogin = \"soon\"\n", Some((3, 9)), &["not a length of time", "\"15s\""]),
        ("token = \"t\"\n[timeouts]\nfriend_list = \"1h\"\n", Some((3, 15)), &["out of range", "\"5m\""]),
        ("token = \"t\"\n[timeouts]\nlogins = \"5s\"\n", Some((3, 1)), &["did you mean 'login'?"]),
    ];
    for (text, position, words) in cases {
        assert_refused(text, position, words);
    }
}

/// The parser's message is split at its backquotes, and a key can contain backquotes too.
#[test]
fn backquotes_in_an_unknown_key_do_not_change_the_list_of_keys() {
    let said = read("\"x`, expected `\\u001b[31m`, expected `y\" = 1\n").unwrap_err().to_string();
    assert!(!said.contains(char::is_control), "{said:?}");
    assert!(said.contains("no key 'x`, expected `?[31m`, expected `y'; the keys are token, token_file"), "{said}");
}

#[test]
fn r12_a_login_has_less_time_than_the_module_waits() {
    let text = |login: &str| format!("token = \"t\"\n{MACHINE}[timeouts]\nlogin = \"{login}\"\n");
    assert!(read(&text("30s")).unwrap().timeouts.login + Duration::from_secs(5) < protocol::MODULE_DEADLINE);
    assert!(read(&text("31s")).is_err());
}

#[test]
fn a_file_that_others_can_read_or_change_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plex-auth.toml");
    write(&file, FULL).unwrap();
    let me = file.metadata().unwrap().uid();
    for (mode, good) in [(0o640, true), (0o600, true), (0o440, true), (0o644, false), (0o660, false), (0o641, false)] {
        set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        match load_owned_by(&file, me) {
            Ok(_) => assert!(good, "{mode:o}"),
            Err(problem) => {
                assert!(!good, "{mode:o}");
                assert!(problem.to_string().contains("chmod 0640"), "{problem}");
            }
        }
    }
    set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let foreign = load_owned_by(&file, me + 1).unwrap_err();
    assert!(foreign.to_string().contains("chown"), "{foreign}");
    let missing = load(&directory.path().join("none")).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
    let not_a_file = load_owned_by(directory.path(), me).unwrap_err();
    assert!(not_a_file.to_string().contains("not a regular file"), "{not_a_file}");
}

#[test]
fn the_token_is_read_from_token_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plex-auth.toml");
    let token = directory.path().join("token");
    let private = |path: &Path, text: &str| {
        write(path, text).unwrap();
        set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    };
    private(&file, &format!("token_file = \"{}\"\n{MACHINE}", token.display()));
    let me = file.metadata().unwrap().uid();
    private(&token, "TOKEN-SECRET-olga\n");
    let config = load_owned_by(&file, me).unwrap();
    assert!(matches!(&config.source, Source::Token(token) if token.expose() == "TOKEN-SECRET-olga"));
    private(&token, "two words\n");
    assert!(load_owned_by(&file, me).unwrap_err().to_string().contains("not a token"));
    set_permissions(&token, Permissions::from_mode(0o644)).unwrap();
    assert!(load_owned_by(&file, me).unwrap_err().to_string().contains("chmod 0640"));
}

#[test]
fn r63_a_client_identifier_needs_a_token_and_fits_a_header() {
    let with = |id: &str| format!("client_identifier = \"{id}\"\n{MACHINE}");
    let identifier = |text: String| read(&text).map(|config| config.client_identifier);
    assert_eq!(identifier(format!("token = \"t\"\n{}", with("a-b-c-d-1"))), Ok(Some("a-b-c-d-1".into())));
    assert_eq!(identifier(format!("token_file = \"/t\"\n{}", with("a-b-c-d-1"))), Ok(Some("a-b-c-d-1".into())));
    assert_eq!(identifier(format!("token = \"t\"\n{MACHINE}")), Ok(None));
    for bad in ["", "short", "with a blank", "line\\nbreak-in-it", "umlaut-ä-in-it", &"x".repeat(65)] {
        let problem = read(&format!("token = \"t\"\n{}", with(bad))).unwrap_err();
        assert!(problem.what() == "this is not a client identifier" && problem.position.is_some(), "{bad}: {problem}");
    }
    let problem = read(&format!("owner_id = 1\n{}", with("a-b-c-d-1"))).unwrap_err();
    assert_eq!(problem.what(), "client_identifier has no effect without a token");
    assert_eq!(problem.position, Some((2, 21)));
}
