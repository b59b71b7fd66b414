//! R64: requests with the owner's token. plex.tv rewrites the record of the device that a token belongs to from the
//! headers of a request, and a pasted token may be that of the media server itself.

use e2e::{Code, MACHINE, World, password};
use fakeplex::{Endpoint, ListShape, Seen};

use crate::machine::{
    KEPT, QUICK, assert_sign_ins, config, is_refused, machine_without_daemon, next_list, restart, set_shape, town,
};

/// Headers that would rewrite the record.
const FORBIDDEN: [&str; 6] =
    ["x-plex-device", "x-plex-device-name", "x-plex-platform", "x-plex-version", "x-plex-provides", "x-plex-model"];

/// The media server's own token, which somebody pasted.
const PASTED: &str = "TOKEN-SECRET-den";

fn town_with_server_token() -> String {
    let server = "name = \"Den\"\nowner = \"olga\"\n";
    assert!(town().contains(server));
    town().replace(server, &format!("{server}token = \"{PASTED}\"\n"))
}

/// Requests with the configured token since the last reset. The owner's sign-ins get tokens of their own.
fn with_the_owners_token(world: &World) -> Vec<Seen> {
    let configured = |seen: &Seen| matches!(seen.token_client.as_deref(), Some(MACHINE | KEPT));
    world.plex().seen().into_iter().filter(configured).collect()
}

fn is_v2(seen: &Seen) -> bool {
    seen.path.starts_with("/api/v2/")
}

#[track_caller]
fn assert_device_is_not_described(seen: &[Seen], when: &str) {
    for seen in seen {
        let told = seen.described.iter().find(|name| FORBIDDEN.contains(&name.as_str()));
        assert_eq!((told, &seen.device_name), (None, &None), "{when}: {seen:?}");
    }
}

/// Reads the list from both sources, with sign-ins of friends in between, and returns the requests with the owner's
/// token.
fn use_both_sources(world: &World, when: &str) -> Vec<Seen> {
    for shape in [ListShape::Usual, ListShape::Forbidden] {
        set_shape(world, Endpoint::SharedServers, shape);
        next_list();
        assert_sign_ins(world, &format!("{when}, {shape:?}"), &["alice", "frank"], &["bob", "carol", "mallory"]);
    }
    assert!(is_refused(world.authenticate("zoe", "wrong")), "{when}: a stranger");
    set_shape(world, Endpoint::SharedServers, ListShape::Usual);
    let seen = with_the_owners_token(world);
    for endpoint in [Endpoint::SharedServers, Endpoint::Users] {
        assert!(seen.iter().any(|seen| seen.endpoint == endpoint), "{when}: {endpoint:?} is not read");
    }
    assert_device_is_not_described(&seen, when);
    seen
}

#[test]
fn r64_pasted_token_is_used_without_headers_and_with_owner_id_never_with_v2() {
    let Some(world) = machine_without_daemon(&town_with_server_token()) else { return };
    let pasted = |owner: &str| {
        let config = config(&world, "", QUICK).replace("TOKEN-SECRET-olga", PASTED);
        config.replace(&format!("client_identifier = \"{KEPT}\"\n"), "").replace("owner_id = 1\n", owner)
    };
    world.start_authd(&pasted("owner_id = 1\n"));
    let seen = use_both_sources(&world, "with owner_id");
    for seen in &seen {
        assert!(!is_v2(seen), "with owner_id: {seen:?}");
        assert_eq!((&seen.client_id, &seen.product), (&None, &None), "with owner_id: {seen:?}");
        assert!(seen.described.is_empty(), "with owner_id: {seen:?}");
    }
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "with owner_id: the owner");
    assert_eq!(world.account("olga"), Code::SUCCESS, "with owner_id: the owner");

    // Without it, one identifier is generated once and used for v2 only.
    let mut identifiers = Vec::new();
    for round in ["without owner_id", "restarted"] {
        world.plex().reset();
        restart(&world, &pasted(""));
        let seen = use_both_sources(&world, round);
        let (v2, v1): (Vec<_>, Vec<_>) = seen.into_iter().partition(is_v2);
        for seen in &v1 {
            assert_eq!((&seen.client_id, &seen.product), (&None, &None), "{round}: {seen:?}");
        }
        assert!(!v2.is_empty(), "{round}: the owner is unknown");
        for seen in v2 {
            assert_eq!(seen.product.as_deref(), Some("plex-auth"), "{round}: {seen:?}");
            identifiers.push(seen.client_id.unwrap_or_default());
        }
        assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{round}: the owner");
    }
    identifiers.sort();
    identifiers.dedup();
    assert_eq!(identifiers.len(), 1, "{identifiers:?}");
    let one = identifiers.concat();
    assert!(one.len() >= 8 && !one.starts_with(&world.sign_in_id()), "{one} is that of sign-ins");
    // plex.tv still lists the server as a server.
    world.plex().reset();
    assert_sign_ins(&world, "afterwards", &["alice", "olga"], &["mallory"]);
    world.stop_authd();
    world.start_authd(
        &config(&world, "", QUICK)
            .replace("token = \"TOKEN-SECRET-olga\"\n", "")
            .replace(&format!("client_identifier = \"{KEPT}\"\n"), ""),
    );
    assert_sign_ins(&world, "by the friends' own resources", &["alice", "olga"], &["mallory", "trudy"]);
    world.assert_no_secret_leaked();
}

/// A token of our own is sent under its own identifier, and describes no device either.
#[test]
fn r64_kept_token_is_used_under_its_identifier_only() {
    let Some(world) = machine_without_daemon(&town()) else { return };
    world.start_authd(&config(&world, "", QUICK));
    let seen = use_both_sources(&world, "kept");
    for seen in seen.iter().filter(|seen| !is_v2(seen) || seen.endpoint == Endpoint::User) {
        // The owner's own sign-ins carry another identifier; there are none here.
        assert_eq!(seen.client_id.as_deref(), Some(KEPT), "{seen:?}");
        assert_eq!(seen.product.as_deref(), Some("plex-auth"), "{seen:?}");
    }
}
