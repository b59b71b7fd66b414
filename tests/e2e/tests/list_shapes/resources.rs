//! R76, R61: with the second source each sign-in is confirmed by the person's own resources, which show the owner's id.

use std::time::Duration;

use e2e::{Code, World, password};
use fakeplex::{Endpoint, Fault, ListShape};

use crate::machine::{
    QUICK, assert_accounts, assert_sign_ins, by_link, config, is_refused, machine, next_list, restart, set_shape, town,
    town_shared_with, wait_until,
};

/// A machine whose list comes from the second source and is read once a minute.
fn machine_with_second_source() -> Option<World> {
    let tables = "[timeouts]\nfriend_list = \"1m\"\n";
    let world = machine("", tables)?;
    set_shape(&world, Endpoint::SharedServers, ListShape::NotFound);
    world.plex().reset();
    restart(&world, &config(&world, "", tables));
    wait_until(Duration::from_secs(10), "the second source is read", || {
        world.plex().counters().of(Endpoint::Users) > 0
    });
    assert_sign_ins(&world, "usual", &["alice", "frank", "olga"], &["bob", "carol", "mallory", "trudy"]);
    Some(world)
}

#[test]
fn r76_removed_share_is_seen_at_the_next_sign_in_although_the_second_source_was_read_before() {
    let Some(world) = machine_with_second_source() else { return };
    assert!(world.plex().counters().of(Endpoint::Resources) > 0, "no sign-in was confirmed");
    world.plex().load(&town_shared_with(&["erin", "frank", "Kid"]));
    let lists = || world.plex().counters().of(Endpoint::Users);
    let before = lists();
    assert!(is_refused(by_link(&world, "alice", "alice")), "by link");
    assert_sign_ins(&world, "alice is removed", &["frank", "olga"], &["alice"]);
    assert!(lists() <= before + 1, "the list is read at most once for the machine");
}

#[test]
fn r76_unconfirmed_sign_in_is_unavailable_and_never_a_success() {
    let Some(world) = machine_with_second_source() else { return };
    let faults = [
        Fault::Status(503, String::new()),
        Fault::Status(403, "<html>".into()),
        Fault::Gone,
        Fault::Captcha,
        Fault::Api(401, 1001),
        Fault::Reset,
        Fault::Truncated,
    ];
    for fault in faults {
        world.plex().fault(Endpoint::Resources, fault.clone());
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        // The rows that are the owner's outrank hers, so nothing of hers needs a confirmation.
        assert_eq!(world.authenticate("trudy", &password("trudy")), Code::AUTH_ERR, "{fault:?}: Trudy");
        assert!(is_refused(world.authenticate("frank", "wrong")), "{fault:?}: a wrong password");
        world.plex().clear_faults();
        set_shape(&world, Endpoint::SharedServers, ListShape::NotFound);
    }
    assert_sign_ins(&world, "resources are back", &["alice", "frank", "olga"], &["trudy"]);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0, "tokens of unconfirmed sign-ins are signed out too");
}

/// A key login has no sign-in that could be confirmed. The list alone must not let a copied machine id count.
#[test]
fn r76_r61_copied_machine_id_opens_no_account_phase() {
    let Some(world) = machine("", QUICK) else { return };
    assert_accounts(&world, "first source", &["alice"], &["trudy", "bob"]);
    for shape in [ListShape::Forbidden, ListShape::NoAcceptedAt, ListShape::Empty] {
        set_shape(&world, Endpoint::SharedServers, shape);
        next_list();
        let when = format!("{shape:?}");
        assert_accounts(&world, &when, &["alice"], &["trudy", "bob"]);
        assert_sign_ins(&world, &when, &["alice"], &["trudy"]);
        assert!(is_refused(by_link(&world, "trudy", "trudy")), "{when}: by link");
        assert_accounts(&world, &format!("{when}, after a sign-in"), &["alice"], &["trudy"]);
    }
    // Nor after Alice lost her share and did as Trudy does.
    let forged = town_shared_with(&["erin", "frank", "Kid"]);
    let forged =
        forged.replace("owner = \"trudy\"\nshared_with = [\"olga\"]", "owner = \"alice\"\nshared_with = [\"olga\"]");
    assert_ne!(forged, town_shared_with(&["erin", "frank", "Kid"]));
    world.plex().load(&forged);
    next_list();
    next_list();
    assert_sign_ins(&world, "a former friend forges", &["frank"], &["alice", "trudy"]);
    assert_accounts(&world, "a former friend forges", &["frank"], &["alice", "trudy"]);
    world.plex().load(&town());
    next_list();
    next_list();
    assert_sign_ins(&world, "the share is back", &["alice"], &["trudy"]);
}

/// Without `pending`, the list of friends no longer tells an invitation from a share.
#[test]
fn r76_invited_person_does_not_pass_for_a_friend_while_both_lists_have_changed() {
    let Some(world) = machine("", QUICK) else { return };
    assert_sign_ins(&world, "usual", &["alice"], &["carol"]);
    set_shape(&world, Endpoint::SharedServers, ListShape::Gone);
    set_shape(&world, Endpoint::Users, ListShape::NoAcceptedAt);
    for round in 0..2 {
        next_list();
        let when = format!("no pending, round {round}");
        let alice = world.authenticate("alice", &password("alice"));
        assert!([Code::SUCCESS, Code::AUTHINFO_UNAVAIL].contains(&alice), "{when}: alice gets {alice:?}");
        assert_accounts(&world, &when, &["alice", "olga"], &["carol", "bob", "trudy"]);
        assert_ne!(world.authenticate("carol", &password("carol")), Code::SUCCESS, "{when}: carol");
        assert_ne!(by_link(&world, "carol", "carol"), Code::SUCCESS, "{when}: carol by link");
    }
}
