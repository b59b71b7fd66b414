//! Olga's Den with a member of her Home, and a person who forges a share of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, password};
use fakeplex::{Command, Endpoint, ListShape};

/// The client identifier that the owner's token was issued to.
pub const KEPT: &str = "0123456789abcdef0123456789abcdef";

/// A friend list that is read once a second.
pub const QUICK: &str = "[timeouts]\nfriend_list = \"1s\"\n";

/// Every changed shape of a list. [`ListShape::Empty`] goes first: it differs most from the usual list.
pub const CHANGED: [ListShape; 13] = [
    ListShape::Empty,
    ListShape::NoAccessToken,
    ListShape::NoAcceptedAt,
    ListShape::RenamedId,
    ListShape::RenamedRow,
    ListShape::ShortOfSize,
    ListShape::Forbidden,
    ListShape::Forbidden1080,
    ListShape::NotFound,
    ListShape::Gone,
    ListShape::Page,
    ListShape::OddBytes,
    ListShape::OddRow,
];

const SHARES: &str = "shared_with = [\"alice\", \"erin\", \"frank\"]";

/// Trudy is a friend without a share of the Den. She has a server with the Den's machine id and shares it with Olga, so
/// that her row in `/api/users` names that machine id. The Kid is a managed member of Olga's Home with a share.
const FURTHER: &str = r#"
[[account]]
id = 8
username = "trudy"
email = "trudy@example.org"
password = "PASSWORD-SECRET-trudy"
friend_of = ["olga"]

[[account]]
id = 9
title = "Kid"
home_of = "olga"
restricted = true

[[server]]
machine_id = "0123456789abcdef0123456789abcdef01234567"
name = "Another Den"
owner = "trudy"
shared_with = ["olga"]
"#;

/// The world, with the owner's token issued to [`KEPT`].
pub fn town() -> String {
    town_shared_with(&["alice", "erin", "frank", "Kid"])
}

/// [`town`], with the Den shared with these accounts.
pub fn town_shared_with(names: &[&str]) -> String {
    let token = "token = \"TOKEN-SECRET-olga\"\n";
    assert!(DEN.contains(SHARES) && DEN.contains(token));
    let den = DEN.replace(SHARES, &format!("shared_with = {names:?}"));
    format!("{}{FURTHER}", den.replacen(token, &format!("{token}token_client = \"{KEPT}\"\n"), 1))
}

/// A machine with the accounts of the town.
pub fn machine(keys: &str, tables: &str) -> Option<World> {
    let world = machine_without_daemon(&town())?;
    world.start_authd(&config(&world, keys, tables));
    world.wait_for_members();
    Some(world)
}

/// Accounts and plex.tv, without the daemon.
pub fn machine_without_daemon(town: &str) -> Option<World> {
    let world = World::new()?;
    for name in ["alice", "bob", "carol", "frank", "mallory", "olga", "trudy", "zoe"] {
        world.add_user(name, true, None);
    }
    world.add_user("kid", false, None);
    world.start_plex(town);
    Some(world)
}

/// A configuration with a known owner and further keys and tables.
pub fn config(world: &World, keys: &str, tables: &str) -> String {
    world.config(&format!(
        "owner_id = 1\nclient_identifier = \"{KEPT}\"\nlink_sign_in = true\nlink_services = [\"alone\"]\n{keys}\n\
         [users]\nkid = \"9\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n{tables}"
    ))
}

/// Gives a list this shape.
pub fn set_shape(world: &World, endpoint: Endpoint, shape: ListShape) {
    world.plex().send(&Command::Shape(endpoint, shape)).unwrap();
}

/// Waits until a list read before now is too old for a sign-in under [`QUICK`].
pub fn next_list() {
    std::thread::sleep(Duration::from_millis(1100));
}

/// Return codes of these users' simultaneous logins with their own passwords, each from an address of its own.
pub fn sign_in(world: &World, users: &[&'static str]) -> BTreeMap<&'static str, Code> {
    let tries: Vec<Try> =
        users.iter().enumerate().map(|(n, user)| Try::new(user, &format!("192.0.2.{n}"), &password(user))).collect();
    let codes = world.many(tries.len(), &tries).into_iter().map(|tried| tried.code);
    users.iter().copied().zip(codes).collect()
}

/// True if the code is a verdict against the user, in any phase.
pub fn is_refused(code: Code) -> bool {
    [Code::PERM_DENIED, Code::AUTH_ERR].contains(&code)
}

/// Asserts that these users sign in and the others are refused.
#[track_caller]
pub fn assert_sign_ins(world: &World, when: &str, accepted: &[&'static str], refused: &[&'static str]) {
    let codes = sign_in(world, &[accepted, refused].concat());
    for (user, code) in codes {
        let right = if accepted.contains(&user) { code == Code::SUCCESS } else { is_refused(code) };
        assert!(right, "{when}: the sign-in of {user} returns {code:?}");
    }
}

/// Asserts that the account phase accepts these users and refuses the others.
#[track_caller]
pub fn assert_accounts(world: &World, when: &str, accepted: &[&str], refused: &[&str]) {
    for user in accepted {
        assert_eq!(world.account(user), Code::SUCCESS, "{when}: account phase of {user}");
    }
    for user in refused {
        assert_eq!(world.account(user), Code::PERM_DENIED, "{when}: account phase of {user}");
    }
}

/// Login names that were sent to plex.tv with a password.
pub fn logins_sent(world: &World) -> Vec<String> {
    world.plex().seen().into_iter().filter_map(|seen| seen.login).collect()
}

/// Asserts that nothing typed for these users was sent.
#[track_caller]
pub fn assert_nothing_sent(world: &World, when: &str, users: &[&str]) {
    let sent = logins_sent(world);
    let of_them = |login: &&String| users.iter().any(|user| login.starts_with(user));
    assert_eq!(sent.iter().find(of_them), None, "{when}");
}

/// Signs a user in by a link code, at the module alone. Each login has an address of its own, since codes are limited by
/// address.
pub fn by_link(world: &World, user: &str, approver: &str) -> Code {
    static LOGINS: AtomicU8 = AtomicU8::new(0);
    let address = format!("203.0.113.{}", LOGINS.fetch_add(1, Ordering::Relaxed));
    let mut login = world.pam_terminal("alone", user, &address);
    let code = login.ask_for_code();
    world.approve(&code, approver);
    login.verdict()
}

/// Restarts the daemon with this configuration.
pub fn restart(world: &World, config: &str) {
    world.stop_authd();
    world.start_authd(config);
}

/// Waits until the condition holds.
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
