//! R64: a token that was issued to an unknown device is sent without a description of this machine, and with `owner_id` to
//! the older interface only, without an identifier.

use e2e::{Code, DEN, MACHINE, SERVER_TOKEN, World, password, with_server_token};
use fakeplex::{Command, Endpoint, Fault, ListShape, Rule, Seen};

use crate::machine::{
    FILE, approve, choose, choose_again, end, etc, file, machine, script, setup, token_file, with_tokens_of,
};

const QUICK: [&str; 2] = ["--yes", "--pam=no"];

/// Headers that describe a device.
const DESCRIPTION: [&str; 6] = ["device", "device-name", "platform", "version", "provides", "model"];

fn is_v2(seen: &Seen) -> bool {
    seen.path.starts_with("/api/v2/")
}

/// Asserts that no request with the owner's token describes a device, and none to the older interface has an identifier.
fn assert_discreet(world: &World) -> Vec<Seen> {
    let all = with_tokens_of(world, "olga");
    assert!(!all.is_empty());
    for seen in &all {
        let described = |header: &str| seen.described.iter().any(|sent| *sent == format!("x-plex-{header}"));
        assert!(!DESCRIPTION.into_iter().any(described), "{seen:?}");
        if !is_v2(seen) {
            assert_eq!((&seen.client_id, seen.described.as_slice()), (&None, &[][..]), "{seen:?}");
        }
    }
    all
}

fn client_id(world: &World) -> String {
    world.sh("cat /var/lib/plex-auth/client-id").stdout.trim().to_owned()
}

#[test]
fn r64_pasted_token_is_sent_to_v2_only_until_its_owner_is_known() {
    let Some(world) = machine(DEN) else { return };
    world.sh("mkdir -p /var/lib/plex-auth; chown plex-auth: /var/lib/plex-auth");
    let given = ["--token-file", token_file(&world)];
    let out = script(&world, &[&QUICK[..], &given, &["--user", "alice=alice"]].concat());
    assert!(out.ok(), "{out:?}");
    let identifier = client_id(&world);
    let seen = assert_discreet(&world);
    let v2: Vec<_> = seen.iter().filter(|seen| is_v2(seen)).collect();
    assert_eq!(v2.iter().map(|seen| seen.endpoint).collect::<Vec<_>>(), [Endpoint::User, Endpoint::Resources]);
    for seen in v2 {
        assert_eq!(
            (seen.client_id.as_deref(), seen.described.as_slice()),
            (Some(&*identifier), &["x-plex-product".into()][..])
        );
    }
    let text = file(&world);
    assert!(text.contains("owner_id = 1\n") && !text.contains("client_identifier"), "{text}");

    // With owner_id, version 2 is called no more: by setup, however often, by the daemon, and by other commands.
    for further in [&[][..], &given[..], &["--machine", "Den"], &["--machine", MACHINE]] {
        world.plex().reset();
        let out = script(&world, &[&QUICK[..], further].concat());
        assert!(out.ok(), "{further:?}: {out:?}");
        assert!(!assert_discreet(&world).iter().any(is_v2), "{further:?}");
        assert_eq!(file(&world), text, "{further:?}");
    }
    assert_eq!(client_id(&world), identifier, "generated once");
    world.plex().reset();
    world.start_authd(&text);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    for command in ["friends", "doctor"] {
        world.run(&["plex-auth", command]);
    }
    let seen = assert_discreet(&world);
    assert!(!seen.iter().any(is_v2), "{seen:#?}");
    assert!(seen.iter().filter(|seen| seen.endpoint == Endpoint::SharedServers).count() > 2, "{seen:#?}");
    assert!(world.run(&["plex-auth", "friends"]).stdout.contains("alice"));
    world.assert_no_secret_leaked();
}

#[test]
fn r64_owner_with_a_pasted_token_signs_in_by_id() {
    let Some(world) = machine(DEN) else { return };
    let out = script(&world, &[&QUICK[..], &["--token-file", token_file(&world), "--user", "olga=olga"]].concat());
    assert!(out.ok(), "{out:?}");
    assert!(file(&world).contains("admin_account = \"olga\"\n"), "{}", file(&world));
    world.start_authd(&file(&world));
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS);
    assert_eq!(world.authenticate("olga", "WRONG-SECRET"), Code::AUTH_ERR);
}

#[test]
fn r64_new_pasted_token_of_the_known_owner_needs_no_v2_and_leaves_its_device_alone() {
    let Some(world) = machine(&with_server_token(DEN)) else { return };
    world.plex().send(&Command::FragileServers(true)).unwrap();
    let out = script(&world, &[&QUICK[..], &["--token-file", token_file(&world)]].concat());
    assert!(out.ok(), "{out:?}");
    // Another token of the owner's. Without its preferences, setup cannot know that it is a media server's.
    world.write("/run/other", 0o600, "root:root", &format!("{SERVER_TOKEN}\n"));
    world.plex().reset();
    let out = script(&world, &[&QUICK[..], &["--token-file", "/run/other"]].concat());
    assert!(out.ok() && out.stdout.contains("✓ The server: Den"), "{out:?}");
    let seen = assert_discreet(&world);
    assert!(
        !seen.iter().any(is_v2) && seen.iter().all(|seen| seen.token_client.as_deref() == Some(MACHINE)),
        "{seen:#?}"
    );
    let text = file(&world);
    assert!(text.contains(SERVER_TOKEN) && text.contains("owner_id = 1\n"), "{text}");
    // Another account's token shows no shares of the server, so plex.tv is asked whose it is.
    world.plex().load(
        &DEN.replace("[[account]]            # a Plex account without", "[[account]]\n#")
            .replace("username = \"mallory\"\n", "username = \"mallory\"\ntoken = \"TOKEN-SECRET-mallory\"\n"),
    );
    world.write("/run/other", 0o600, "root:root", "TOKEN-SECRET-mallory\n");
    let out = script(&world, &[&QUICK[..], &["--token-file", "/run/other"]].concat());
    assert!(
        out.code == 1 && out.stderr.contains("plex.tv does not prove that the server Den belongs to mallory"),
        "{out:?}"
    );
    // A token that is not valid.
    world.write("/run/other", 0o600, "root:root", "OLD-SECRET\n");
    let out = script(&world, &[&QUICK[..], &["--token-file", "/run/other"]].concat());
    assert!(out.code == 1 && out.stderr.contains("plex.tv rejects the token that was given"), "{out:?}");
    assert_eq!(file(&world), text);
}

#[test]
fn r64_pasted_token_proves_another_server_without_v2() {
    let attic =
        "[[server]]\nmachine_id = \"3333333333333333333333333333333333333333\"\nname = \"Attic\"\nowner = \"olga\"\n";
    let Some(world) = machine(&format!("{DEN}\n{attic}")) else { return };
    let given = ["--token-file", token_file(&world), "--machine", "Den"];
    assert!(script(&world, &[&QUICK[..], &given].concat()).ok());
    let before = etc(&world);
    world.plex().reset();
    for (machine, why) in [
        ("Attic", "--machine Attic: this is not a machine id"),
        ("../../v2/user", "this is not a machine id"),
        ("4444444444444444444444444444444444444444", "plex.tv does not show that the server 4444"),
    ] {
        let out = script(&world, &[&QUICK[..], &["--machine", machine]].concat());
        assert!(out.code == 1 && out.stderr.contains(why) && out.stderr.contains("--sign-in link"), "{out:?}");
    }
    assert_eq!(etc(&world), before);
    let out = script(&world, &[&QUICK[..], &["--machine", "3333333333333333333333333333333333333333"]].concat());
    assert!(out.ok(), "{out:?}");
    assert!(file(&world).contains("machine_id = \"3333333333333333333333333333333333333333\""), "{}", file(&world));
    assert!(!assert_discreet(&world).iter().any(is_v2));
}

#[test]
fn r64_dead_pasted_token_is_replaced_after_a_sign_in() {
    let Some(world) = machine(DEN) else { return };
    let given = ["--token-file", token_file(&world)];
    assert!(script(&world, &[&QUICK[..], &given].concat()).ok());
    for kill in [Command::ExpireTokens("olga".into()), Command::KillTokens("olga".into())] {
        world.plex().load(DEN);
        world.plex().send(&kill).unwrap();
        let out = script(&world, &QUICK);
        assert!(
            out.code == 1 && out.stderr.contains("plex.tv no longer takes the token in the configuration"),
            "{out:?}"
        );
    }
    let mut terminal = setup(&world, &["--pam=no", "--link=no", "--strict"]);
    approve(&world, &mut terminal, "olga");
    choose_again(&mut terminal, "none");
    end(&world, terminal, 0);
    assert!(world.sh(&format!("grep -c '^client_identifier = ' {FILE}")).stdout == "1\n");
}

/// Without `strict_friends`, the shares do not decide, and setup reads them for their proof alone.
#[test]
fn r76_setup_without_strict_friends_does_not_need_the_list_of_shares() {
    let Some(world) = machine(DEN) else { return };
    let given = ["--token-file", token_file(&world), "--strict=false"];
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    let out = script(&world, &[&QUICK[..], &given].concat());
    assert!(out.code == 1 && out.stderr.contains("does not prove that the server Den belongs to olga"), "{out:?}");
    let mut terminal = setup(&world, &[&["--pam=no", "--sshd=no"], &given[..]].concat());
    terminal.wait_for("Does the server Den belong to olga?");
    terminal.type_line("y");
    choose(&mut terminal, "none");
    end(&world, terminal, 0);
    // The next run knows the owner and the server, and accounts can be created.
    let out =
        script(&world, &[&QUICK[..], &["--strict=false", "--sshd=no", "--shell", "--user", "erin=erin"]].concat());
    assert!(out.ok() && out.stderr.contains("plex.tv no longer lists them"), "{out:?}");
    assert!(world.run(&["id", "erin"]).ok(), "{out:?}");
}

#[test]
fn r76_setup_names_the_second_source_and_needs_another_proof_of_a_new_owner() {
    let Some(world) = machine(DEN) else { return };
    let given = ["--token-file", token_file(&world)];
    assert!(script(&world, &[&QUICK[..], &given].concat()).ok());
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    let out = script(&world, &QUICK);
    assert!(out.ok() && out.stderr.contains("the friend list is from the second source"), "{out:?}");
    world.sh(&format!("mv {FILE} {FILE}.old"));
    let out = script(&world, &[&QUICK[..], &given].concat());
    assert!(out.code == 1 && out.stderr.contains("does not prove that the server Den belongs to olga"), "{out:?}");
    for (answer, code) in [("", 1), ("y", 0)] {
        let mut terminal = setup(&world, &["--pam=no", "--link=no", "--strict", "--token-file", given[1]]);
        terminal.wait_for("Does the server Den belong to olga?");
        terminal.type_line(answer);
        if code == 0 {
            choose(&mut terminal, "none");
        }
        end(&world, terminal, code);
    }
}

/// P8
#[test]
fn r64_any_client_error_but_a_rate_limit_asks_the_owner_to_sign_in() {
    let Some(world) = machine(DEN) else { return };
    let mut terminal = setup(&world, &["--pam=no", "--link=no", "--strict"]);
    approve(&world, &mut terminal, "olga");
    choose(&mut terminal, "none");
    end(&world, terminal, 0);
    let text = file(&world);
    let with = |fault: &Fault| {
        let rule = Rule { endpoint: Endpoint::User, fault: fault.clone(), times: Some(1) };
        world.plex().send(&Command::Fault(rule)).unwrap();
        script(&world, &QUICK)
    };
    for fault in [
        Fault::Status(400, String::new()),
        Fault::Status(401, "<html>401</html>".into()),
        Fault::Status(403, "<html>403</html>".into()),
        Fault::Status(404, String::new()),
        Fault::Api(422, 1000),
        Fault::Status(498, String::new()),
        Fault::Gone,
    ] {
        let out = with(&fault);
        assert!(
            out.code == 1 && out.stderr.contains("plex.tv no longer takes the token in the config"),
            "{fault:?}: {out:?}"
        );
        assert!(out.stderr.contains("error: the owner must sign in, but there is no terminal"), "{fault:?}: {out:?}");
    }
    for fault in [Fault::TooMany(None), Fault::Status(503, String::new()), Fault::Captcha] {
        let out = with(&fault);
        assert!(out.code == 1 && out.stderr.starts_with("error: plex.tv: "), "{fault:?}: {out:?}");
    }
    assert_eq!(file(&world), text);
    assert!(script(&world, &QUICK).ok());
}
