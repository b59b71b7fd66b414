//! `plex-auth friends`: the friend list, whatever names the friends have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use e2e::{Code, DEN, Out, World, password};
use fakeplex::{Command, Connections, Endpoint, ListShape};

/// Names that make a table hard to read. plex.tv writes XML, which excludes ESC but allows the C1 control character
/// CSI.
const HOSTILE: [&str; 4] = ["\\u009B31mred\\u007F", "a\\u202Eb", "=1+1", "\\\"a,b\\\""];

fn friends(world: &World, arguments: &[&str]) -> Out {
    let out = world.run(&[&["plex-auth", "friends"], arguments].concat());
    assert!(!out.stdout.contains("SECRET") && !out.stderr.contains("SECRET"), "{out:?}");
    out
}

/// The Den with these accounts as well, each with access.
fn with_people(names: &[&str]) -> String {
    let mut world = DEN.to_owned();
    for (number, name) in names.iter().enumerate() {
        let id = 100 + number;
        world = world.replace("[\"alice\", ", &format!("[\"alice\", \"{name}\", "))
            + &format!(
                "\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{id}@example.org\"\nfriend_of = [\"olga\"]\n"
            );
    }
    world
}

#[test]
fn r77_friends_table_shows_id_access_account_and_last_login() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let mut screen = world.terminal(&["plex-auth", "friends"]);
    assert_eq!(screen.exit(), 0, "{}", screen.contents());
    let shown = screen.contents();
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "ID", "E-MAIL", "ACCESS", "LOCAL", "ACCOUNT", "LAST", "LOGIN"], "{shown}");
    let names: Vec<_> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["olga", "alice", "bob", "carol", "erin", "frank"], "{shown}");
    assert_eq!(rows[1][1..], ["1", "olga@example.org", "owner", "olga", "-"], "{shown}");
    assert_eq!(rows[2][..5], ["alice", "2", "alice@example.org", "shared", "alice"], "{shown}");
    assert!(rows[2][5].starts_with("20"), "alice came today: {shown}");
    // Bob was not on the list of shares when the account joined the group, so that it belongs to nobody (R74).
    assert_eq!(rows[3][1..], ["3", "bob@example.org", "no", "-", "-"], "{shown}");
    assert_eq!(rows[4][1..], ["4", "carol@example.org", "invited", "carol", "-"], "{shown}");
    assert!(friends(&world, &[]).stdout.lines().all(|line| !line.contains('\u{1b}')), "no colours in a file");
    world.assert_no_secret_leaked();
}

#[test]
fn friends_are_available_as_json_and_csv() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let json: serde_json::Value = serde_json::from_str(&friends(&world, &["--json"]).stdout).unwrap();
    let alice = &json[1];
    assert_eq!(
        (&alice["plex_id"], &alice["accounts"][0], &alice["may_sign_in"], &alice["last_login_known"]),
        (&2.into(), &"alice".into(), &true.into(), &true.into()),
        "{json}"
    );
    assert!(alice["last_login"].as_i64().unwrap() > 1_700_000_000, "{json}");
    assert!(json[2]["why"].as_str().unwrap().contains("no friend") && json[2]["last_login"].is_null(), "{json}");
    let csv = friends(&world, &["--csv"]).stdout;
    assert!(csv.starts_with("plex_id,name,email,access,may_sign_in,accounts,last_login\n"), "{csv}");
    assert!(csv.contains("\n3,bob,bob@example.org,no,no,,\n"), "{csv}");
    assert_eq!(friends(&world, &["--csv"]).stdout, csv, "the order is always the same");
    assert!(!friends(&world, &["--csv", "--json"]).ok());
}

#[test]
fn friends_fetches_a_fresh_list_and_applies_the_daemons_rules() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // The daemon's own list is cached for five minutes.
    world.plex().load(&DEN.replace("[\"alice\", ", "[\"bob\", "));
    let csv = friends(&world, &["--csv"]).stdout;
    assert!(csv.contains("\n2,alice,alice@example.org,no,no,") && csv.contains("\n3,bob,bob@example.org,shared,yes,"));
    let config = world.config("strict_friends = false").replace("admin_account = \"olga\"\n", "");
    world.write_config(&config);
    let csv = friends(&world, &["--csv"]).stdout;
    assert!(csv.contains("\n2,alice,alice@example.org,no,yes,"), "every friend counts now: {csv}");
    assert!(csv.contains("\n1,olga,olga@example.org,owner,no,"), "the owner is not the admin: {csv}");
    assert!(friends(&world, &[]).stdout.contains("owner, refused here"));
}

#[test]
fn r27_friends_filters_control_characters_in_plex_names() {
    let Some(world) = World::with_everything(&with_people(&HOSTILE), "") else { return };
    let out = friends(&world, &[]);
    assert!(out.ok() && out.stdout.contains("?31mred?") && out.stdout.contains("a?b"), "{out:?}");
    for format in [&[][..], &["--json"], &["--csv"]] {
        let out = friends(&world, format);
        assert!(out.ok() && !out.stdout.contains(['\u{9b}', '\u{7f}', '\u{202e}']), "{out:?}");
    }
    assert!(friends(&world, &["--csv"]).stdout.contains(",\"\"\"a,b\"\"\","));
}

#[test]
fn friends_without_the_daemon_warns_that_last_logins_are_unknown() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let out = friends(&world, &["--csv"]);
    assert!(out.ok() && out.stdout.contains(",alice,unknown\n"), "{out:?}");
    assert!(out.stderr.contains("warning: plex-authd "), "{out:?}");
    assert!(friends(&world, &[]).stdout.contains("unknown"));
    let json: serde_json::Value = serde_json::from_str(&friends(&world, &["--json"]).stdout).unwrap();
    assert_eq!(json[1]["last_login_known"], false, "{json}");
}

#[test]
fn friends_reports_errors_with_a_hint() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let fails = |words: &[&str]| {
        let out = friends(&world, &[]);
        assert!(out.code == 1 && out.stdout.is_empty(), "{out:?}");
        assert!(words.iter().all(|word| out.stderr.contains(word)), "{words:?}: {out:?}");
    };
    let out = world.run(&["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups", "plex-auth", "friends"]);
    assert!(out.code == 1 && out.stderr.contains("only root may do this") && out.stderr.contains("sudo"), "{out:?}");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    fails(&["the friend list cannot be read", "is this machine online?"]);
    world.plex().clear_faults();
    let config = world.config("");
    world.write_config(&format!("gruop = \"plex\"\n{config}"));
    fails(&["/etc/plex-auth.toml:1:1", "did you mean 'group'?"]);
    world.write_config(&world.config("owner_id = 1").replace("token = \"TOKEN-SECRET-olga\"\n", ""));
    fails(&["without the owner's token there is no friend list"]);
    world.write_config(&world.config("owner_id = 2\nclient_identifier = \"11111111-2222\""));
    fails(&["the token belongs to Plex id 1, but owner_id is 2"]);
    world.write_config(&config.replace("group = \"plex-users\"", "group = \"gone\""));
    fails(&["there is no group gone", "groupadd gone"]);
    world.write_config(&config);
    assert!(friends(&world, &[]).ok());
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    fails(&["rejects the owner's token", "plex-auth setup"]);
}

#[test]
fn r76_friends_says_that_its_list_is_from_the_second_source() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let json = |world: &World| serde_json::from_str::<serde_json::Value>(&friends(world, &["--json"]).stdout).unwrap();
    assert!(json(&world).as_array().unwrap().iter().all(|row| row["second_source"] == false));
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    let out = friends(&world, &[]);
    assert!(out.ok() && out.stderr.contains("warning: this list is from the second source"), "{out:?}");
    let json = json(&world);
    let [olga, alice, bob, carol] = [0, 1, 2, 3].map(|row| json[row].clone());
    for (row, access, may) in
        [(&olga, "owner", true), (&alice, "shared", true), (&bob, "no", false), (&carol, "invited", false)]
    {
        assert_eq!((&row["access"], &row["may_sign_in"]), (&access.into(), &may.into()), "{row}");
        assert_eq!(row["second_source"], true, "{row}");
    }
}

#[test]
fn r64_friends_shows_the_owner_by_admin_account_with_a_token_of_an_unknown_device() {
    let Some(world) = World::with_everything(DEN, "owner_id = 1") else { return };
    let csv = friends(&world, &["--csv"]).stdout;
    assert!(csv.contains("\n1,olga,,owner,yes,olga,"), "{csv}");
    assert!(csv.contains("\n2,alice,alice@example.org,shared,yes,alice,"), "{csv}");
}
