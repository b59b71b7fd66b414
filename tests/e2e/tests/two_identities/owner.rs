//! R63: sign-ins of the owner do not affect the friend list.

use e2e::{Code, password};
use fakeplex::Reissue;

use crate::machine::{EVERY, KEPT, assert_devices_are_kept_apart, assert_friend_list_works, by_link, is_good, machine};

#[test]
fn r63_ten_logins_of_the_owner_do_not_revoke_the_friend_lists_token() {
    for reissue in EVERY {
        let Some(world) = machine(reissue) else { return };
        world.allow_sudo(&["olga"]);
        for round in 0..10 {
            match round % 3 {
                0 => assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{reissue:?} {round}"),
                1 => assert_eq!(by_link(&world, "olga", "olga", "192.0.2.1"), Code::SUCCESS, "{reissue:?} {round}"),
                _ => assert_eq!(world.sudo("olga", &password("olga"), &[]).stdout, "root\n", "{reissue:?} {round}"),
            }
        }
        assert_friend_list_works(&world);
        assert!(is_good(&world, "TOKEN-SECRET-olga"), "{reissue:?}");
        world.stop_authd();
        assert_eq!(world.plex().counters().live_tokens, 0, "{reissue:?}: what sign-ins brought is revoked");
        assert_devices_are_kept_apart(&world, KEPT);
        world.assert_no_secret_leaked();
    }
}

#[test]
fn r63_device_names_distinguish_the_owners_token_from_sign_ins() {
    let Some(world) = machine(Reissue::Rotate) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let host = world.sh("hostname").stdout;
    let host = host.trim();
    let seen = world.plex().seen();
    let of_the_list = seen.iter().filter(|seen| seen.client_id.as_deref() == Some(KEPT));
    assert!(of_the_list.clone().count() > 1);
    // Its name is that of the owner's sign-in: see `setup.rs`.
    assert!(of_the_list.clone().all(|seen| seen.described == ["x-plex-product"]), "{seen:?}");
    let sign_in = seen.iter().find(|seen| seen.login.is_some()).unwrap();
    assert_eq!(sign_in.device_name, Some(format!("{host} (sign-ins)")));
    assert_eq!(sign_in.client_id.as_deref(), Some(world.sign_in_id().as_str()));
}

#[test]
fn r63_commands_fetch_the_list_as_the_device_of_the_token() {
    let Some(world) = machine(Reissue::Rotate) else { return };
    for command in ["friends", "doctor"] {
        world.plex().reset();
        let line: Vec<_> = ["plex-auth"].into_iter().chain(command.split(' ')).collect();
        let out = world.run(&line);
        let seen: Vec<_> = world.plex().seen().into_iter().filter(|seen| seen.token_of.is_some()).collect();
        assert!(!seen.is_empty(), "{command}: {out:?}");
        assert!(seen.iter().all(|seen| seen.client_id.as_deref() == Some(KEPT)), "{command}: {seen:?}");
    }
}
