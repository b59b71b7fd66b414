//! R63: `plex-auth setup` on a machine with active friends.

use e2e::{Terminal, World};
use fakeplex::{Command, Endpoint, Reissue, Seen};

use crate::machine::{EVERY, KEPT, assert_friend_list_works, is_good, machine};

/// Signs the owner in by link, up to the last question.
fn sign_in(world: &World, further: &[&str]) -> Terminal {
    let usual = ["plex-auth", "setup", "--sign-in", "link", "--strict", "--link=yes", "--pam=no"];
    let mut terminal = world.terminal(&[&usual, further].concat());
    terminal.wait_for("and type ");
    let shown = terminal.contents();
    let code = shown.rsplit("and type ").next().unwrap().split_whitespace().next().unwrap().to_owned();
    world.plex().send(&Command::Approve(code, "olga".into())).unwrap();
    terminal.wait_for("Who should be able to sign in");
    terminal
}

fn end(mut terminal: Terminal, keys: &str, code: i32) -> String {
    terminal.type_text(keys);
    assert_eq!(terminal.exit(), code, "{}", terminal.contents());
    terminal.contents()
}

fn value(world: &World, key: &str) -> String {
    let line = world.sh(&format!("grep '^{key} = ' /etc/plex-auth.toml")).stdout;
    line.split('"').nth(1).unwrap().to_owned()
}

/// Client identifiers that signed tokens out; asserts that each is the device of its token.
fn signed_out(world: &World) -> Vec<String> {
    let out = |seen: Seen| (seen.endpoint == Endpoint::Signout).then_some((seen.client_id, seen.token_client));
    let pairs: Vec<_> = world.plex().seen().into_iter().filter_map(out).collect();
    assert!(pairs.iter().all(|(by, given)| given.is_none() || by == given), "{pairs:?}");
    pairs.into_iter().filter_map(|(by, _)| by).collect()
}

#[test]
fn r63_setup_again_interrupted_or_dry_does_not_revoke_the_friend_lists_token() {
    for reissue in EVERY {
        let Some(world) = machine(reissue) else { return };
        let before = world.sh("cat /etc/plex-auth.toml").stdout;
        end(sign_in(&world, &["--dry-run"]), "none\r", 0);
        assert_friend_list_works(&world);
        end(sign_in(&world, &[]), "\u{3}", 130);
        // A run that fails: Bob owns no server.
        let mut failing = world.terminal(&["plex-auth", "setup", "--sign-in", "link", "--pam=no"]);
        failing.wait_for("and type ");
        let shown = failing.contents();
        let code = shown.rsplit("and type ").next().unwrap().split_whitespace().next().unwrap().to_owned();
        world.plex().send(&Command::Approve(code, "bob".into())).unwrap();
        assert_eq!(failing.exit(), 1, "{}", failing.contents());
        assert_friend_list_works(&world);
        assert_eq!(world.sh("cat /etc/plex-auth.toml").stdout, before, "{reissue:?}");
        assert!(is_good(&world, "TOKEN-SECRET-olga"), "{reissue:?}");
        assert!(!signed_out(&world).contains(&KEPT.to_owned()), "{reissue:?}");

        // The daemon still uses the old token, and no service manager tells it to re-read the file.
        let shown = end(sign_in(&world, &[]), "none\r\r", 0);
        assert!(shown.contains("Until plex-authd has read the file it needs the old token"), "{shown}");
        assert_friend_list_works(&world);
        world.sh("pkill -HUP -x plex-authd");
        world.wait_for_log(&["the configuration has been read again"]);
        assert_friend_list_works(&world);
        let (token, identifier) = (value(&world, "token"), value(&world, "client_identifier"));
        let host = world.sh("hostname").stdout;
        let is_new_device = |seen: &Seen| {
            seen.client_id.as_ref() == Some(&identifier)
                && seen.device_name == Some(format!("{} (friend list)", host.trim()))
        };
        assert!(world.plex().seen().iter().any(is_new_device), "its name in the owner's list of devices");
        assert_ne!((token.as_str(), identifier.as_str()), ("TOKEN-SECRET-olga", KEPT));

        // Without a running daemon, the old token is revoked, by its own device.
        world.stop_authd();
        world.plex().reset();
        end(sign_in(&world, &[]), "none\r\r", 0);
        assert_eq!(signed_out(&world), [identifier], "{reissue:?}");
        assert!(!is_good(&world, &token), "{reissue:?}");
        assert!(is_good(&world, &value(&world, "token")), "{reissue:?}");
        world.start(&["/usr/sbin/plex-authd", "--user", "plex-auth"]);
        assert_friend_list_works(&world);
        world.assert_no_secret_leaked();
    }
}

#[test]
fn r63_pasted_token_gets_no_identifier_and_is_never_revoked() {
    let Some(world) = machine(Reissue::Rotate) else { return };
    world.stop_authd();
    end(sign_in(&world, &[]), "none\r\r", 0);
    assert!(!is_good(&world, "TOKEN-SECRET-olga"), "it was given to the device in the configuration");
    let (token, identifier) = (value(&world, "token"), value(&world, "client_identifier"));
    world.plex().load(&crate::machine::den("somebody-elses-device"));
    world.write("/run/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    let paste = || world.run(&["plex-auth", "setup", "--yes", "--pam=no", "--token-file", "/run/token"]);
    world.plex().reset();
    let out = paste();
    assert!(out.ok(), "{out:?}");
    assert!(!world.sh("cat /etc/plex-auth.toml").stdout.contains("client_identifier"));
    assert!(!is_good(&world, &token));
    assert_eq!(signed_out(&world), [identifier]);
    // And back again: the pasted token may be in use elsewhere, so it is not revoked.
    world.plex().reset();
    end(sign_in(&world, &[]), "none\r\r", 0);
    assert!(signed_out(&world).is_empty());
    assert!(is_good(&world, "TOKEN-SECRET-olga"));
}
