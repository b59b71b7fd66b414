//! Requests of the owner to plex-authd: its status, the recent logins, what it has stored about an account.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, Out, World, assert_ascii, assert_fits, password};
use fakeplex::{Endpoint, Fault};
use serde_json::Value;

const QUICK: &str = "[timeouts]\nfriend_list = \"1s\"";

/// Screen and exit code of a command on a terminal.
fn seen(world: &World, line: &str) -> (String, i32) {
    let mut terminal = world.terminal(&words(line));
    let code = terminal.exit();
    (terminal.contents(), code)
}

/// The command with its output in a pipe.
fn piped(world: &World, line: &str) -> Out {
    world.run(&words(line))
}

fn json(world: &World, line: &str) -> Value {
    let out = piped(world, line);
    assert!(out.ok() && out.stderr.is_empty(), "{line}: {out:?}");
    serde_json::from_str(&out.stdout).unwrap()
}

fn words(line: &str) -> Vec<&str> {
    std::iter::once("plex-auth").chain(line.split(' ')).collect()
}

/// The lines of a text, without trailing blanks.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).collect()
}

/// One login of each kind: one accepted, with two phases, and three denied.
fn some_logins(world: &World) {
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    assert_eq!(world.codes_from("192.0.2.7", "alone", "mallory", "x").of("auth"), Code::AUTH_ERR);
    // Not managed by plex-authd.
    assert_eq!(world.authenticate("local", "x"), Code::USER_UNKNOWN);
}

#[test]
fn status_shows_the_state_of_plex_authd() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    some_logins(&world);
    let (shown, code) = seen(&world, "status");
    let shown = lines(&shown);
    assert_eq!(code, 0, "{shown:?}");
    assert!(shown[0].starts_with("plex-authd 0.") && shown[0].contains(", running for "), "{shown:?}");
    assert!(shown[2].starts_with("friend list      4 people, read ") && shown[2].ends_with("s ago"), "{shown:?}");
    // How often the list was read depends on the machine.
    assert!(shown[6].starts_with("also sent        0 link codes, 0 polls, 1 sign-out, "), "{shown:?}");
    assert!(shown[6].ends_with(" reads of lists"), "{shown:?}");
    assert_eq!(
        [&shown[1..2], &shown[3..6], &shown[7..]].concat(),
        [
            "configuration    /etc/plex-auth.toml",
            "plex.tv          available",
            "failed sign-ins  1 of 30 allowed per hour",
            "sign-ins sent    2 in the last hour: 1 accepted, 1 rejected, 0 without a code, 0 without a verdict",
            "cached           0 passwords",
            "in progress      0 logins",
            "since the start  2 accepted, 3 denied, 0 throttled, 0 unavailable",
        ]
    );
    let status = json(&world, "status --json");
    let verdicts = serde_json::json!({"accepted": 2, "denied": 3, "throttled": 0, "unavailable": 0});
    assert_eq!(status["verdicts"], verdicts);
    assert_eq!((&status["friend_list"]["people"], &status["failed_sign_ins"]["last_hour"]), (&4.into(), &1.into()));
    let sent = serde_json::json!({
        "accepted": 1, "rejected": 1, "code_required": 0, "undecided": 0,
        "link_codes": 0, "polls": 0, "revocations": 1, "lists": status["requests_last_hour"]["lists"],
    });
    assert_eq!(status["requests_last_hour"], sent);
    for service in ["plex_tv", "link_codes"] {
        assert_eq!(status[service], serde_json::json!({"available": true, "paused": null}));
    }
    assert!(status["friend_list"]["error"].is_null(), "{status}");
    world.assert_no_secret_leaked();
}

#[test]
fn status_shows_an_open_circuit_breaker_and_friend_list_errors() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.plex().fault(Endpoint::Signin, Fault::Status(401, r#"{"errors":[{"code":1031}]}"#.into()));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.plex().fault(Endpoint::SharedServers, Fault::Status(401, String::new()));
    world.wait_for_log(&["the friend list cannot be read"]);
    let (shown, code) = seen(&world, "status");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("plex.tv          paused for 29m 5") || shown.contains("paused for 30m"), "{shown}");
    assert!(shown.contains("plex.tv blocks this machine's address"), "{shown}");
    let failing = "it cannot be read at the moment: plex.tv rejects the owner's token";
    assert!(shown.contains(failing), "{shown}");
    assert!(shown.contains("since the start  1 accepted, 0 denied, 1 throttled, 0 unavailable"), "{shown}");
}

#[test]
fn logins_lists_newest_first_and_survives_a_restart() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let minute = || world.sh("date '+%Y-%m-%d %H:%M'").stdout.trim_end().to_owned();
    let before = minute();
    some_logins(&world);
    let after = minute();
    let expected = [
        ["mallory", "-", "alone", "192.0.2.7", "denied", "no friend with this name has access"],
        ["bob", "-", "alone", "-", "denied", "no friend with this name has access"],
        ["alice", "2", "alone", "-", "denied", "wrong password"],
        // The authentication and the account phase of one login.
        ["alice", "2", "alone", "-", "accepted", "plex.tv accepted the sign-in"],
    ];
    for after_a_restart in [false, true] {
        let out = piped(&world, "logins");
        let (head, rows) = out.stdout.split_once('\n').unwrap();
        assert_eq!(head, "TIME              USER     PLEX ID  SERVICE  FROM       OUTCOME   WHY");
        let column = |name: &str| head.find(name).unwrap();
        let starts = ["USER", "PLEX ID", "SERVICE", "FROM", "OUTCOME", "WHY"].map(column);
        let cells = |line: &str| -> Vec<String> {
            let ends = starts[1..].iter().copied().chain([line.len()]);
            starts.iter().zip(ends).map(|(start, end)| line[*start..end].trim_end().to_owned()).collect()
        };
        assert_eq!(rows.lines().map(cells).collect::<Vec<_>>(), expected, "{after_a_restart}: {out:?}");
        let times: Vec<&str> = rows.lines().map(|line| &line[..before.len()]).collect();
        let within = before.as_str()..=after.as_str();
        assert!(times.iter().all(|time| within.contains(time)), "{before} to {after}: {out:?}");
        if !after_a_restart {
            world.wait_for_rows("login", 5);
            world.kill_authd();
            world.start_authd(&world.config(QUICK));
        }
    }
    assert_eq!(piped(&world, "logins -n 1").stdout.lines().count(), 2);
    let alice = json(&world, "logins --user alice -n 2 --json");
    assert_eq!((alice.as_array().unwrap().len(), &alice[0]["phases"]), (2, &serde_json::json!(["auth"])));
    assert_eq!((&alice[0]["why"], &alice[0]["rhost"]), (&"wrong password".into(), &Value::Null));
    assert_eq!(alice[1]["phases"], serde_json::json!(["auth", "account"]));
    let nobody = piped(&world, "logins --user zoe");
    assert_eq!((nobody.code, nobody.stdout.as_str(), nobody.stderr.as_str()), (0, "", "No logins yet.\n"));
    assert_eq!(json(&world, "logins --user zoe --json"), serde_json::json!([]));
    let typo = piped(&world, "logins --user alcie");
    assert_eq!((typo.code, typo.stderr.as_str()), (1, "error: there is no local account 'alcie'\n"));
    world.assert_no_secret_leaked();
}

#[test]
fn logins_follows_new_logins_and_marks_tests() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let mut followed = world.terminal(&words("logins --follow --user alice"));
    followed.wait_for("WHY");
    let mut objects = world.terminal(&words("logins --follow --json"));
    // By one program, as in a login: on a busy machine, two are not one login.
    let codes = world.codes("alone", "alice", "auth,acct", &format!("{}\n", password("alice")));
    assert_eq!([codes.of("auth"), codes.of("acct")], [Code::SUCCESS; 2]);
    followed.wait_for("accepted  plex.tv accepted the sign-in");
    objects.wait_for("\"phases\":[\"auth\",\"account\"]");
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    // A restart of the daemon does not end it.
    world.wait_for_rows("login", 3);
    world.kill_authd();
    followed.wait_for("Waiting for plex-authd …");
    world.start_authd(&world.config(QUICK));
    assert!(piped(&world, "test alice").ok());
    followed.wait_for("accepted (test)  on the list");
    let shown = followed.contents();
    assert!(!shown.contains("bob"), "{shown}");
    assert_eq!(shown.matches("plex.tv accepted the sign-in").count(), 1, "{shown}");
    let last = json(&world, "logins -n 1 --json");
    assert_eq!((&last[0]["test"], &last[0]["user"]), (&true.into(), &"alice".into()));
    // A closed pipe ends it, with the next login.
    let piped = "(plex-auth logins --follow --json -n 0; touch /run/ended) 2>/run/errors | head -n 1 >/run/first";
    world.sh(&format!("{{ {piped}; }} >/dev/null 2>&1 & sleep 1"));
    world
        .sh("for i in 1 2 3 4 5 6 7 8 9 10; do plex-auth test alice && sleep 1.5; [ ! -e /run/ended ] || exit 0; done");
    assert_eq!(world.sh("wc -l </run/first; ls /run/ended; cat /run/errors").stdout, "1\n/run/ended\n");
}

#[test]
fn every_line_fits_into_80_and_40_columns_and_is_ascii_in_the_c_locale() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    some_logins(&world);
    for line in [
        "friends",
        "logins",
        "logins --user alcie",
        "status",
        "test alice",
        "test bob",
        "test nobody",
        "config check",
        "forget nobody",
        "user add alice --plex alice",
        "frends",
        "--help",
        "logins --help",
        "setup --help",
    ] {
        let line = format!("plex-auth {line}");
        assert_fits(&world, &line);
        assert_ascii(&world, &line);
    }
}

#[test]
fn a_spinner_leaves_nothing_behind_when_the_window_gets_narrower() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.plex().fault(Endpoint::SharedServers, Fault::Delay(3000));
    for locale in ["C.UTF-8", "C"] {
        let mut friends = world.terminal_of(80, 24, locale, &words("friends"));
        friends.wait_for("Reading the friend list");
        friends.resize(40, 24);
        assert_eq!(friends.exit(), 0);
        let shown = friends.contents();
        assert!(shown.starts_with("NAME") && !shown.contains("Reading"), "{shown}");
        assert!(locale != "C" || shown.is_ascii(), "{shown}");
        // Fitted to the new width.
        assert!(shown.contains("NAME   ACCESS   LOCAL ACCOUNT\n"), "{shown}");
    }
}

#[test]
fn logins_shows_times_in_the_readers_time_zone() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let minute = || world.sh("TZ=XYZ-9 date '+%Y-%m-%d %H:%M'").stdout.trim_end().to_owned();
    let before = minute();
    assert_eq!(world.account("alice"), Code::SUCCESS);
    let after = minute();
    let there = world.sh("TZ=XYZ-9 plex-auth logins");
    let time = lines(&there.stdout)[1].get(..before.len()).unwrap();
    assert!((before.as_str()..=after.as_str()).contains(&time), "{before} to {after}: {there:?}");
}

#[test]
fn r10_list_of_logins_longer_than_a_frame_arrives_complete() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.stop_authd();
    world.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
         INSERT INTO login SELECT NULL, i, 'alice', 2, 'sshd', '192.0.2.1', 'auth', \
         iif(i % 2, 'denied', 'accepted'), hex(zeroblob(250)), NULL, 0, 0 FROM n",
    );
    world.start_authd(&world.config(QUICK));
    assert_eq!(world.account("alice"), Code::SUCCESS);
    // 500 of each kind are kept.
    let all = json(&world, "logins -n 4000 --json");
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 1000);
    assert_eq!((&all[0]["phases"][0], &all[1]["at"], &all[999]["at"]), (&"account".into(), &1200.into(), &201.into()));
    world.wait_for_rows("login", 1000);
    let head = world.run(&["bash", "-o", "pipefail", "-c", "plex-auth logins -n 1000 | head -n 1"]);
    assert!(head.ok() && head.stderr.is_empty() && head.stdout.starts_with("TIME"), "{head:?}");
}

#[test]
fn forget_deletes_an_account_from_memory_and_disk() {
    let limits = "[throttle]\nfree_tries = 1\nfirst_pause = \"60s\"\nlongest_pause = \"60s\"\n[cache]\nremember = \"5m\"\noffline = \"1h\"";
    let Some(world) = World::with_everything(DEN, limits) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    assert_eq!(world.codes_from("192.0.2.7", "alone", "alice", "wrong").of("auth"), Code::AUTH_ERR);
    assert_eq!(world.codes_from("192.0.2.7", "alone", "alice", &password("alice")).of("auth"), Code::AUTHINFO_UNAVAIL);
    let (shown, code) = seen(&world, "forget alice");
    assert_eq!(code, 0, "{shown}");
    let shown = lines(&shown);
    assert_eq!(shown[0], "Forgot everything that plex-authd knew about alice.");
    assert!(shown[1].starts_with("The account belonged to Plex id 2 (as alice); last login: 20"), "{shown:?}");
    assert_eq!(
        shown[2..],
        [
            "Failed attempts and a cached password are deleted too.",
            "The next login decides whom the account belongs to; for a member of the group, the next friend list does."
        ]
    );
    for table in ["pin", "remembered", "tries", "sent", "last_login"] {
        assert_eq!(world.rows(&format!("{table} WHERE account = 'alice'")), 0, "{table}");
    }
    assert_eq!(json(&world, "status --json")["cached_passwords"], 0);
    world.plex().reset();
    assert_eq!(world.codes_from("192.0.2.7", "alone", "alice", &password("alice")).of("auth"), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1, "nothing was remembered");
    world.wait_for_log(&["all stored data about \"alice\" is deleted"]);

    let nothing = piped(&world, "forget local");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "plex-authd knew nothing about local.\n"));
    let typo = piped(&world, "forget alcie");
    assert_eq!(typo.stderr, "warning: there is no local account 'alcie'\n");
}

#[test]
fn forget_lets_the_new_holder_of_a_plex_username_log_in() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.plex().load(&DEN.replace("id = 2\n", "id = 22\n"));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    assert_eq!(seen(&world, "forget alice").1, 0);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin WHERE plex_id = 22", 1);
}

#[test]
fn commands_that_need_root_refuse_other_users() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    for line in ["status", "logins", "forget alice", "test alice", "config show", "config check"] {
        let as_alice = format!("setpriv --reuid alice --clear-groups plex-auth {line}");
        let out = world.run(&as_alice.split(' ').collect::<Vec<_>>());
        let expected = match line {
            "test alice" => "error: only root can see the whole decision\n    run: sudo plex-auth test alice\n",
            "config show" | "config check" => "error: only root may read /etc/plex-auth.toml\n    use sudo\n",
            _ => "error: only root may ask plex-authd this\n    use sudo\n",
        };
        assert_eq!((out.code, out.stdout.as_str(), out.stderr.as_str()), (1, "", expected), "{line}");
    }
    assert_eq!(world.rows("pin WHERE account = 'alice'"), 1, "and nothing was forgotten");
}

#[test]
fn commands_report_a_stopped_daemon_with_the_start_command() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.stop_authd();
    for line in ["status", "logins", "forget alice"] {
        let (shown, code) = seen(&world, line);
        let expected = "error: plex-authd is not running: no process listens at /run/plex-auth/socket\n    \
                        run: systemctl start plex-authd.socket";
        assert_eq!((shown.as_str(), code), (expected, 1), "{line}");
    }
}

#[test]
fn colours_appear_only_on_terminals_and_respect_no_color() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let escaped =
        |command: &str| world.sh(&format!("script -qec '{command}' /dev/null </dev/null")).stdout.contains('\u{1b}');
    assert!(escaped("TERM=xterm plex-auth status"));
    assert!(!escaped("TERM=xterm NO_COLOR=1 plex-auth status"));
    assert!(escaped("TERM=xterm plex-auth test alice"));
    assert!(!escaped("TERM=xterm NO_COLOR=1 plex-auth test alice 2>/dev/null"));
    assert!(!piped(&world, "status").stdout.contains('\u{1b}'));
    assert!(!piped(&world, "test alice").stdout.contains('\u{1b}'));
}

#[test]
fn r41_config_show_lists_every_setting_and_hides_the_token() {
    let Some(world) = World::with_everything(DEN, "[cache]\nremember = \"5m\"\n[users]\nbob = \"bob@example.org\"")
    else {
        return;
    };
    let shown = piped(&world, "config show").stdout;
    let row = |key: &str| {
        let line = shown.lines().find(|line| line.split(' ').next() == Some(key)).unwrap_or_else(|| panic!("{shown}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    for (key, value) in [
        ("KEY", "VALUE SET"),
        ("token", "(hidden) yes"),
        ("admin_account", "\"olga\" yes"),
        ("strict_friends", "true no"),
        ("cache.remember", "\"5m\" yes"),
        ("cache.offline", "(off) no"),
        ("timeouts.login", "\"15s\" no"),
        ("users.bob", "\"bob@example.org\" yes"),
    ] {
        assert_eq!(row(key), value, "{key}");
    }
    assert!(!shown.contains("SECRET"), "{shown}");
    world.sh("chmod 644 /etc/plex-auth.toml");
    let open = piped(&world, "config show");
    assert!(open.code == 1 && open.stderr.contains("run: chmod 0640 /etc/plex-auth.toml"), "{open:?}");
}

#[test]
fn command_and_daemon_are_one_device_to_plex_tv() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let noted = world.sh("stat -c '%U %a' /var/lib/plex-auth/client-id; cat /var/lib/plex-auth/client-id").stdout;
    let (about, id) = noted.split_once('\n').unwrap();
    assert_eq!((about, id), ("plex-auth 600", world.sql("SELECT client_id FROM installation").trim()));
    world.plex().reset();
    assert_eq!(seen(&world, "friends").1, 0);
    let asked: Vec<_> = world.plex().seen().into_iter().map(|seen| seen.client_id).collect();
    // The lists are read without an identifier: the token's own device is not known (R64).
    let identified: Vec<_> = asked.iter().flatten().collect();
    assert!(asked.len() >= 3 && !identified.is_empty(), "{asked:?}");
    assert!(identified.iter().all(|client| *client == id), "{asked:?} {id}");
}
