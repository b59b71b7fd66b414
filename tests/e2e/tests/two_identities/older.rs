//! R63: a configuration from before tokens had an identifier, and one that names the identifier of sign-ins.

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Endpoint};

use crate::machine::{EVERY, KEPT, QUICK, assert_devices_are_kept_apart, assert_friend_list_works, den, is_good};

/// A machine as set up by an older version: one identifier for everything, including the owner's token.
fn older_machine() -> Option<(World, String)> {
    let world = World::with_everything(DEN, QUICK)?;
    world.stop_authd();
    world.sh("rm -f /var/lib/plex-auth/sign-in-id");
    let former = world.sh("cat /var/lib/plex-auth/client-id").stdout;
    world.plex().load(&den(&former));
    Some((world, former))
}

#[test]
fn r63_older_configuration_keeps_its_token_and_sign_ins_get_one_new_identifier() {
    for reissue in EVERY {
        let Some((world, former)) = older_machine() else { return };
        world.plex().send(&Command::Tokens(reissue)).unwrap();
        world.plex().reset();
        world.start_authd(&world.config(QUICK));
        for _ in 0..2 {
            assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{reissue:?}");
        }
        assert_friend_list_works(&world);
        assert!(is_good(&world, "TOKEN-SECRET-olga"), "{reissue:?}");
        assert_devices_are_kept_apart(&world, &former);
        // R64: nobody knows what the token was issued to.
        let lists = world.plex().seen().into_iter().filter(|seen| seen.endpoint == Endpoint::SharedServers);
        assert!(lists.into_iter().all(|seen| seen.client_id.is_none() && seen.described.is_empty()));
        let sign_ins = world.sign_in_id();
        assert_ne!(sign_ins, former);
        // Not even the loss of state.db causes more notification mails.
        for how in ["true", "rm /var/lib/plex-auth/state.db*"] {
            world.stop_authd();
            world.sh(how);
            world.start_authd(&world.config(QUICK));
            assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{reissue:?} {how}");
            assert_eq!(world.sign_in_id(), sign_ins, "{how}");
        }
        assert_friend_list_works(&world);
        assert_eq!(world.plex().counters().mails, 2, "one for Olga, one for Alice");
        assert!(world.run(&["plex-auth", "friends"]).ok());
        assert_devices_are_kept_apart(&world, &former);
    }
}

#[test]
fn r63_client_identifier_equal_to_that_of_sign_ins_is_detected() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let sign_ins = world.sign_in_id();
    let confused = world.config(&format!("client_identifier = \"{sign_ins}\"\n{QUICK}"));
    world.write_config(&confused);
    world.sh("pkill -HUP -x plex-authd");
    world.wait_for_log(&["client_identifier is what plex.tv knows this daemon's sign-ins by", "stays in use"]);
    assert_eq!(world.sign_in_id(), sign_ins);
    world.stop_authd();
    world.plex().load(&den(&sign_ins));
    world.plex().reset();
    world.start_authd(&confused);
    world.wait_for_log(&[
        "client_identifier was the identifier of this daemon's sign-ins at plex.tv; they get a new one",
    ]);
    assert_ne!(world.sign_in_id(), sign_ins);
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS);
    assert_friend_list_works(&world);
    assert_devices_are_kept_apart(&world, &sign_ins);
    // The same holds for the additional slots that are used while a code is open.
    let second = format!("{}-2", world.sign_in_id());
    world.stop_authd();
    world.start_authd(&world.config(&format!("client_identifier = \"{second}\"\n{QUICK}")));
    assert!(!second.starts_with(&world.sign_in_id()));
}

#[test]
fn r63_token_in_a_file_uses_its_own_identifier() {
    let Some(world) = World::new() else { return };
    world.add_user("olga", true, None);
    world.add_user("alice", true, None);
    world.start_plex(&den(KEPT));
    world.write("/etc/plex-auth.token", 0o640, "root:plex-auth", "TOKEN-SECRET-olga\n");
    let further = format!("client_identifier = \"{KEPT}\"\n{QUICK}");
    let in_file = "token_file = \"/etc/plex-auth.token\"";
    world.start_authd(&world.config(&further).replace("token = \"TOKEN-SECRET-olga\"", in_file));
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS);
    assert_friend_list_works(&world);
    assert_devices_are_kept_apart(&world, KEPT);
}
