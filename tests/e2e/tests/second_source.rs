//! R76: the friend list from the second source, `/api/users`, and the owner's sign-in whatever becomes of the list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, MACHINE, World, password};
use fakeplex::{Command, Endpoint, Fault, ListShape};

const QUICK: &str = "[timeouts]\nfriend_list = \"2s\"\nlogin = \"4s\"\nconnect = \"1s\"";

const LINK: &str = "link_sign_in = true\nlink_services = [\"alone\"]\n";

/// Who may sign in to the Den.
const PEOPLE: [(&str, Code); 5] = [
    ("alice", Code::SUCCESS),
    ("bob", Code::AUTH_ERR),
    ("carol", Code::AUTH_ERR),
    ("mallory", Code::AUTH_ERR),
    ("olga", Code::SUCCESS),
];

#[track_caller]
fn assert_people(world: &World, when: &str) {
    for (user, code) in PEOPLE {
        assert_eq!(world.authenticate(user, &password(user)), code, "{when}: {user}");
        let account = if code == Code::SUCCESS { code } else { Code::PERM_DENIED };
        assert_eq!(world.account(user), account, "{when}: {user}'s account");
    }
}

/// Waits until the list is older than `friend_list` was, so that the next one has been read.
fn next_list() {
    std::thread::sleep(Duration::from_millis(2500));
}

fn status(world: &World) -> String {
    let out = world.run(&["plex-auth", "status"]);
    assert!(out.ok(), "{out:?}");
    out.stdout.lines().find(|line| line.starts_with("friend list")).unwrap().to_owned()
}

/// P6. Each of these shapes is a way in which the list of shares may end.
#[test]
fn r76_p6_second_source_decides_while_the_list_of_shares_is_gone() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_people(&world, "first source");
    for shape in [ListShape::Forbidden, ListShape::NotFound, ListShape::Gone, ListShape::RenamedRow] {
        world.plex().shape(Endpoint::SharedServers, shape);
        next_list();
        assert_people(&world, &format!("{shape:?}"));
        world.plex().shape(Endpoint::SharedServers, ListShape::Usual);
        next_list();
        assert_people(&world, &format!("after {shape:?}"));
    }
    world.assert_no_secret_leaked();
}

#[test]
fn r76_p6_source_in_use_is_logged_shown_and_kept_over_a_restart() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert!(!status(&world).contains("source"), "{}", status(&world));
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    next_list();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["the friend list is read from the second source from now on", "410"]);
    world.wait_for_log(&[
        "accepted",
        "user=\"alice\"",
        "plex.tv accepted the sign-in and confirmed access to the server",
    ]);
    let shown = status(&world);
    assert!(shown.contains("; from the second source: ") && shown.contains("410"), "{shown}");
    let json = world.run(&["plex-auth", "status", "--json"]).stdout;
    assert!(json.contains("\"second_source\": \""), "{json}");
    let test = world.run(&["plex-auth", "test", "alice"]);
    assert!(
        test.stdout.contains("! token: ") && test.stdout.contains("from the second source") && test.ok(),
        "{test:?}"
    );
    world.stop_authd();
    // Without plex.tv's lists, the source of the saved one is known.
    world.plex().fault(Endpoint::Users, Fault::Status(503, String::new()));
    world.start_authd(&world.config(QUICK));
    assert!(status(&world).contains("; from the second source: "), "{}", status(&world));
    world.plex().clear_faults();
    world.plex().shape(Endpoint::SharedServers, ListShape::Usual);
    next_list();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["the friend list is read from the first source again"]);
    assert!(!status(&world).contains("source"), "{}", status(&world));
    let said = world.syslog().matches("from the second source from now on").count();
    assert_eq!(said, 1, "once for each change");
}

/// Bob, a friend without access, has a server with the Den's machine id and shares it with Olga, so that her list of friends
/// shows the Den in his row. His own resources show that it is not hers.
#[test]
fn r76_copied_machine_id_gives_no_access_by_the_second_source() {
    let copy = format!(
        "{DEN}\n[[server]]\nmachine_id = \"{MACHINE}\"\nname = \"Copy\"\nowner = \"bob\"\nshared_with = [\"olga\"]\n"
    );
    let Some(world) = World::with_everything(&copy, QUICK) else { return };
    for shape in [ListShape::Usual, ListShape::Gone] {
        world.plex().shape(Endpoint::SharedServers, shape);
        next_list();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{shape:?}");
        assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR, "{shape:?}");
    }
}

/// plex.tv's own word about a person counts: a share that ended after the list was read gives no access.
#[test]
fn r76_sign_in_by_the_second_source_needs_the_persons_own_resources() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    world.start_authd(&world.config(LINK));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let without_alice = DEN.replace("shared_with = [\"alice\", ", "shared_with = [");
    world.plex().load(&without_alice);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    let mut terminal = world.pam_terminal("alone", "alice", "192.0.2.1");
    let code = terminal.ask_for_code();
    world.approve(&code, "alice");
    assert_eq!(terminal.verdict(), Code::AUTH_ERR);
    // Resources that cannot be had are an outage.
    world.plex().load(DEN);
    world.plex().fault(Endpoint::Resources, Fault::Status(503, String::new()));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
}

/// P7: with `owner_id`, nothing depends on `/api/v2/user`.
#[test]
fn r76_p7_account_of_the_owner_that_plex_tv_does_not_show_keeps_nobody_out() {
    let further = format!("owner_id = 1\nclient_identifier = \"the-owners-device\"\n{QUICK}");
    let Some(world) = World::with_everything(DEN, &further) else { return };
    world.stop_authd();
    world.plex().fault(Endpoint::User, Fault::Status(403, "<html>".into()));
    world.sh("rm -rf /var/lib/plex-auth/state.db*");
    world.start_authd(&world.config(&further));
    for (user, code) in PEOPLE {
        assert_eq!(world.authenticate(user, &password(user)), code, "{user}");
    }
    // Without owner_id the owner of the last list is known.
    world.stop_authd();
    world.plex().clear_faults();
    world.sh("rm -rf /var/lib/plex-auth/state.db*");
    world.start_authd(&world.config(QUICK));
    assert_people(&world, "without owner_id");
    world.plex().fault(Endpoint::User, Fault::Status(403, "<html>".into()));
    world.stop_authd();
    world.start_authd(&world.config(QUICK));
    next_list();
    assert_people(&world, "without owner_id, by the last list");
}

#[track_caller]
fn assert_owner_signs_in(world: &World, when: &str) {
    let start = Instant::now();
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{when}");
    assert_eq!(world.authenticate("olga", &password("alice")), Code::AUTH_ERR, "{when}");
    assert!(start.elapsed() < Duration::from_secs(15), "{when}: {:?}", start.elapsed());
    let mut terminal = world.pam_terminal("alone", "olga", "192.0.2.1");
    let code = terminal.ask_for_code();
    world.approve(&code, "olga");
    assert_eq!(terminal.verdict(), Code::SUCCESS, "{when}, by link");
    let mut terminal = world.pam_terminal("alone", "olga", "192.0.2.2");
    let code = terminal.ask_for_code();
    world.approve(&code, "alice");
    assert_eq!(terminal.verdict(), Code::AUTH_ERR, "{when}, approved by another person");
    assert_eq!(world.account("olga"), Code::SUCCESS, "{when}");
}

#[test]
fn r76_the_owner_signs_in_by_their_own_password_whatever_becomes_of_the_list() {
    // One wrong password each time, more than an account may have through a service without a remote host.
    let further = format!("{LINK}{QUICK}\n[throttle]\nrejected_per_hour = 300");
    let Some(world) = World::with_everything(DEN, &further) else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    let both = |fault: Fault| {
        world.plex().fault(Endpoint::SharedServers, fault.clone());
        world.plex().fault(Endpoint::Users, fault);
    };
    for fault in [Fault::Status(503, String::new()), Fault::Api(498, 1001), Fault::Gone, Fault::Silence] {
        both(fault.clone());
        next_list();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        assert_owner_signs_in(&world, &format!("{fault:?}"));
        world.plex().clear_faults();
    }
    next_list();
    // The stored token is dead.
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    next_list();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    assert_owner_signs_in(&world, "dead token");
    let test = world.run(&["plex-auth", "test", "olga"]);
    let shown = "! friend list: the owner (Plex id 1) signs in without it: ";
    assert!(test.stdout.contains(shown) && test.ok(), "{test:?}");
    world.assert_no_secret_leaked();
}

#[test]
fn r76_a_friend_named_as_the_owners_address_does_not_keep_the_owner_out() {
    let namesake = "[[account]]\nid = 9\nusername = \"olga@example.org\"\nemail = \"zed@example.org\"\n\
                    password = \"PASSWORD-SECRET-zed\"\n\n[[server]]";
    let town = DEN.replacen("[[server]]", namesake, 1).replace("\"alice\", ", "\"alice\", \"olga@example.org\", ");
    let Some(world) = World::with_everything(&town, QUICK) else { return };
    world.stop_authd();
    let config = world.config(&format!("[users]\nolga = \"olga@example.org\"\n{QUICK}"));
    world.start_authd(&config.replace("admin_account = \"olga\"", "admin_account = \"olga@example.org\""));
    assert_eq!(world.account("olga"), Code::SUCCESS);
    assert_ne!(world.authenticate("olga", "PASSWORD-SECRET-zed"), Code::SUCCESS, "the friend");
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "the owner");
}

#[test]
fn r76_the_owner_signs_in_without_any_list_only_if_the_owners_id_is_known() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.stop_authd();
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    world.sh("rm -rf /var/lib/plex-auth/state.db*");
    world.start_authd(&world.config(&format!("{LINK}{QUICK}")));
    assert_eq!(world.authenticate("olga", &password("olga")), Code::AUTHINFO_UNAVAIL, "nothing says who that is");
    world.stop_authd();
    world.start_authd(&world.config(&format!("owner_id = 1\n{LINK}{QUICK}")));
    assert_owner_signs_in(&world, "owner_id");
    world.stop_authd();
    // The sign-in has bound the account to the id.
    world.start_authd(&world.config(&format!("{LINK}{QUICK}")));
    assert_owner_signs_in(&world, "binding");
    world.stop_authd();
    // Another person's id is not the owner's by name.
    world.sh("rm -rf /var/lib/plex-auth/state.db*");
    world.start_authd(&world.config(&format!("owner_id = 2\n{LINK}{QUICK}")));
    assert_eq!(world.authenticate("olga", &password("olga")), Code::AUTH_ERR);
}
