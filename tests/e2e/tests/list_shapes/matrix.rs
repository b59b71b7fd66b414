//! R75, R76 (P5, P6, K5): each changed shape of `shared_servers`, with `strict_friends` on and off, and with and without
//! a password cache.

use e2e::{Code, DEN, SYNC, World, password};
use fakeplex::{Endpoint, ListShape};

use crate::machine::{
    CHANGED, QUICK, assert_accounts, assert_nothing_sent, assert_sign_ins, by_link, is_refused, logins_sent, machine,
    next_list, set_shape, sign_in,
};

const CACHE: &str = "[cache]\nremember = \"1h\"\noffline = \"1h\"\n";

/// True for a shape that is no list of the people with access, so that only the second source shows them.
fn is_unusable(shape: ListShape) -> bool {
    !matches!(shape, ListShape::NoAccessToken | ListShape::OddBytes | ListShape::OddRow)
}

/// Asserts that Alice's sign-in was sent to plex.tv, or decided by the cache.
#[track_caller]
fn assert_alice_is_cached(world: &World, when: &str, cached: bool) {
    let sent = logins_sent(world).iter().filter(|login| login.starts_with("alice")).count();
    assert_eq!(sent, usize::from(!cached), "{when}: sign-ins of alice that reached plex.tv");
}

fn every_shape_with_strict_friends(cache: &str) {
    let Some(world) = machine("", &format!("{QUICK}{cache}")) else { return };
    assert_sign_ins(&world, "usual", &["alice", "frank", "olga"], &[]);
    let remembered = if cache.is_empty() { 0 } else { 3 };
    world.wait_for_rows("remembered", remembered);
    for shape in CHANGED {
        let when = format!("{shape:?}, strict, cache {}", !cache.is_empty());
        set_shape(&world, Endpoint::SharedServers, shape);
        world.plex().reset();
        next_list();
        assert_sign_ins(&world, &when, &["alice", "frank", "olga"], &["bob", "carol", "mallory", "trudy"]);
        assert_nothing_sent(&world, &when, &["bob", "carol", "mallory"]);
        assert_alice_is_cached(&world, &when, remembered > 0);
        assert_accounts(&world, &when, &["alice", "frank", "kid", "olga"], &["bob", "carol", "mallory"]);
        if [ListShape::Empty, ListShape::NoAcceptedAt, ListShape::Gone].contains(&shape) {
            assert_eq!(by_link(&world, "kid", "Kid"), Code::SUCCESS, "{when}: kid by link");
        }
        if shape == ListShape::Gone {
            assert!(is_refused(by_link(&world, "kid", "trudy")), "{when}: Trudy's approval for kid");
        }
        assert_eq!(world.rows("remembered"), remembered, "{when}: cached passwords");
        if is_unusable(shape) {
            assert!(world.plex().counters().of(Endpoint::Users) > 0, "{when}: the second source is not used");
        }
    }
    world.assert_no_secret_leaked();
}

#[test]
fn r75_r76_changed_shared_servers_denies_nobody_under_strict_friends_without_cache() {
    every_shape_with_strict_friends("");
}

#[test]
fn r75_r76_changed_shared_servers_denies_nobody_under_strict_friends_with_cache() {
    every_shape_with_strict_friends(CACHE);
}

/// All friends have access, whatever `shared_servers` says.
fn every_shape_without_strict_friends(cache: &str) {
    let Some(world) = machine("strict_friends = false", &format!("{QUICK}{cache}")) else { return };
    assert_sign_ins(&world, "usual", &["alice", "bob", "olga"], &[]);
    let remembered = if cache.is_empty() { 0 } else { 3 };
    world.wait_for_rows("remembered", remembered);
    for shape in CHANGED {
        let when = format!("{shape:?}, not strict, cache {}", !cache.is_empty());
        set_shape(&world, Endpoint::SharedServers, shape);
        world.plex().reset();
        assert_sign_ins(&world, &when, &["alice", "bob", "olga"], &["carol", "mallory"]);
        assert_nothing_sent(&world, &when, &["carol", "mallory"]);
        assert_alice_is_cached(&world, &when, remembered > 0);
        assert_accounts(&world, &when, &["alice", "bob", "kid", "olga"], &["carol", "mallory"]);
        assert_eq!(world.rows("remembered"), remembered, "{when}: cached passwords");
    }
    world.assert_no_secret_leaked();
}

#[test]
fn r75_changed_shared_servers_denies_nobody_without_strict_friends_without_cache() {
    every_shape_without_strict_friends("");
}

#[test]
fn r75_changed_shared_servers_denies_nobody_without_strict_friends_with_cache() {
    every_shape_without_strict_friends(CACHE);
}

/// Without `strict_friends` there is no second source. An empty list is left out: two reads that show nobody count.
#[test]
fn r75_changed_list_of_friends_is_an_outage_without_strict_friends() {
    let Some(world) = machine("strict_friends = false", &format!("{QUICK}{CACHE}")) else { return };
    assert_sign_ins(&world, "usual", &["alice", "bob"], &[]);
    world.wait_for_rows("remembered", 2);
    for shape in CHANGED.into_iter().filter(|shape| *shape != ListShape::Empty) {
        let when = format!("users: {shape:?}");
        set_shape(&world, Endpoint::Users, shape);
        next_list();
        world.plex().reset();
        // An outage is no verdict; the owner does not depend on the list.
        for (user, code) in sign_in(&world, &["alice", "bob", "frank"]) {
            assert!([Code::SUCCESS, Code::AUTHINFO_UNAVAIL].contains(&code), "{when}: {user} gets {code:?}");
        }
        assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{when}: the owner");
        let strangers = sign_in(&world, &["carol", "mallory"]);
        assert!(strangers.values().all(|code| *code != Code::SUCCESS), "{when}: {strangers:?}");
        assert_nothing_sent(&world, &when, &["carol", "mallory"]);
        assert_accounts(&world, &when, &["alice", "bob", "olga"], &["carol", "mallory"]);
        assert!(world.rows("remembered") >= 2, "{when}: a cached password was wiped");
    }
    set_shape(&world, Endpoint::Users, ListShape::Usual);
    next_list();
    world.plex().reset();
    assert_sign_ins(&world, "usual again", &["alice", "bob"], &["carol", "mallory"]);
    assert_eq!(logins_sent(&world), Vec::<String>::new(), "both passwords are still cached");
}

/// True if an account's SMB entry is disabled.
fn is_disabled(world: &World, user: &str) -> bool {
    let entry = world.sh(&format!("pdbedit -L -v -u {user}")).stdout;
    entry.lines().find(|line| line.starts_with("Account Flags:")).unwrap().contains('D')
}

#[test]
fn r75_r76_changed_shared_servers_disables_no_smb_entry() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    for shape in [ListShape::NoAcceptedAt, ListShape::Empty, ListShape::Gone, ListShape::RenamedId] {
        set_shape(&world, Endpoint::SharedServers, shape);
        // Past the confirmation of a suspect list.
        next_list();
        next_list();
        assert!(!is_disabled(&world, "alice"), "{shape:?}");
        assert_eq!(world.smb_says("alice", &password("alice")), "ok", "{shape:?}");
    }
    assert!(!world.syslog().contains("the SMB entry is disabled"), "{}", world.syslog());
}
