//! R77: the numeric id that a local account is bound to decides, whatever names other people have.

use std::time::Duration;

use e2e::{Code, DEN, Try, World, password};
use fakeplex::{Command, Endpoint, ListShape};

use crate::machine::next_list;

/// Local accounts that are all Alice's, and their entries in `[users]`. The member of the group has none.
const ENTRIES: [(&str, Option<&str>); 4] =
    [("alice", None), ("post", Some("alice@example.org")), ("name", Some("ALICE")), ("number", Some("2"))];

/// People whose names are Alice's: her address as a username, her username in other letters and as an address, and her
/// id. Two of them have access, one is invited and one is a friend.
const NAMESAKES: &str = r#"
[[account]]
id = 10
username = "alice@example.org"
email = "eve@example.org"
password = "PASSWORD-SECRET-eve"
[[account]]
id = 11
username = "Alice"
email = "eva@example.org"
password = "PASSWORD-SECRET-eva"
[[account]]
id = 12
username = "2"
email = "two@example.org"
password = "PASSWORD-SECRET-two"
friend_of = ["olga"]
[[account]]
id = 13
username = "ann"
email = "alice"
password = "PASSWORD-SECRET-ann"
"#;

fn town() -> String {
    let (shares, invited) = ("shared_with = [\"alice\", ", "invited = [\"carol\"]");
    assert!(DEN.contains(shares) && DEN.contains(invited));
    let den = DEN.replace(shares, "shared_with = [\"alice\", \"alice@example.org\", \"ann\", ");
    format!("{}{NAMESAKES}", den.replace(invited, "invited = [\"carol\", \"Alice\"]"))
}

#[track_caller]
fn assert_alice_alone(world: &World, when: &str) {
    let people = ["alice", "eve", "eva", "two", "ann"];
    // Each from an address of their own, so that no failure delays another login.
    let from = |name: &&str| format!("192.0.2.{}", people.iter().position(|one| one == name).unwrap());
    let tries: Vec<Try> = ENTRIES
        .iter()
        .flat_map(|(account, _)| people.map(|name| Try::new(account, &from(&name), &password(name))))
        .collect();
    for (login, answer) in tries.iter().zip(world.many(5, &tries)) {
        let right = login.password == password("alice");
        assert_eq!(answer.code == Code::SUCCESS, right, "{when}: {login:?} {answer:?}");
    }
    for (account, _) in ENTRIES {
        assert_eq!(world.account(account), Code::SUCCESS, "{when}: account phase of {account}");
    }
}

#[test]
fn r77_bound_friend_is_not_made_ambiguous_by_other_peoples_names() {
    let Some(world) = World::new() else { return };
    for (account, entry) in ENTRIES {
        world.add_user(account, entry.is_none(), None);
    }
    world.start_plex(DEN);
    let entries: Vec<_> =
        ENTRIES.iter().filter_map(|(account, entry)| Some(format!("{account} = \"{}\"", (*entry)?))).collect();
    let further = format!(
        "[users]\n{}\n[timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n",
        entries.join("\n")
    );
    world.start_authd(&world.config(&further));
    assert_alice_alone(&world, "no namesakes yet");
    world.wait_for_rows("pin", ENTRIES.len());
    world.plex().load(&town());
    next_list();
    assert_alice_alone(&world, "namesakes");
    world.stop_authd();
    world.start_authd(&world.config(&further));
    assert_alice_alone(&world, "restarted");
    world.plex().send(&Command::Shape(Endpoint::SharedServers, ListShape::Gone)).unwrap();
    std::thread::sleep(Duration::from_millis(2200));
    assert_alice_alone(&world, "the second source");
    assert!(!world.syslog().contains("more than one Plex account"), "{}", world.syslog());
}
