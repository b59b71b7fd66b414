//! R64: the media server's own token approves one code, as the server, and is used for nothing else.

use e2e::{MACHINE, SERVER_TOKEN, World};
use fakeplex::{Approval, Command, Endpoint, Fault, ListShape, Rule, Seen};

use crate::machine::{
    FILE, approve, asked, choose, end, etc, file, machine_with_server, preferences, script, setup, value,
};

const QUICK: [&str; 2] = ["--yes", "--pam=no"];
const QUIET: [&str; 3] = ["--strict", "--link=no", "--pam=no"];

/// Requests with the server's own token.
fn as_the_server(world: &World) -> Vec<Seen> {
    world.plex().seen().into_iter().filter(|seen| seen.token_client.as_deref() == Some(MACHINE)).collect()
}

/// Asserts that the server's token was used once, as the server itself, and plex.tv still lists the server as one.
fn assert_used_once(world: &World) {
    let seen = as_the_server(world);
    let [approval] = seen.as_slice() else { panic!("{seen:#?}") };
    assert_eq!((approval.method.as_str(), approval.path.as_str()), ("PUT", "/api/v2/pins/link"));
    assert_eq!(approval.client_id.as_deref(), Some(MACHINE));
    assert_eq!(approval.described, ["x-plex-product"], "nothing describes this machine");
    let approvals = world.plex().approvals();
    let [Approval { account, client_id_of_token, client_id_sent, product, .. }] = approvals.as_slice() else {
        panic!("{approvals:#?}")
    };
    let server = Some(MACHINE.to_owned());
    assert_eq!((account.as_str(), client_id_of_token, client_id_sent), ("olga", &server, &server));
    assert_eq!(product.as_deref(), Some("Plex Media Server"));
    assert!(is_a_server(world));
}

/// True if the owner's list of devices shows the Den as a media server.
fn is_a_server(world: &World) -> bool {
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let headers = "X-Plex-Token: TOKEN-SECRET-olga\nX-Plex-Client-Identifier: a-test\nAccept: application/json\n";
    world.write("/run/headers", 0o600, "root:root", headers);
    let script = format!("curl -s --cacert /mnt/plex/ca.pem -H @/run/headers {}/api/v2/resources", address.trim_end());
    let rows: serde_json::Value = serde_json::from_str(&world.sh(&script).stdout).unwrap();
    world.sh("rm /run/headers");
    let is = |row: &&serde_json::Value| row["clientIdentifier"] == MACHINE && row["name"] == "Den";
    rows.as_array().unwrap().iter().find(is).is_some_and(|row| row["provides"] == "server")
}

/// Asserts that the configuration has a token of its own, which every further request carried as the device that it was
/// issued to.
fn assert_own_token(world: &World) {
    let (token, identifier) = (value(world, "token"), value(world, "client_identifier"));
    assert!(token.starts_with("TOKEN-SECRET-1-") && !file(world).contains(SERVER_TOKEN), "{token}");
    assert_ne!(identifier, MACHINE);
    let seen = world.plex().seen();
    let own: Vec<_> = seen.iter().filter(|seen| seen.token_client.as_deref() == Some(&identifier)).collect();
    assert!(own.iter().any(|seen| seen.endpoint == Endpoint::User), "{seen:#?}");
    assert!(own.iter().all(|seen| seen.client_id.as_deref() == Some(&identifier)), "{own:#?}");
    assert!(own.iter().all(|seen| seen.described == ["x-plex-product"]), "{own:#?}");
}

#[test]
fn r64_setup_uses_the_servers_token_once_as_the_server() {
    for further in [&[][..], &["--sign-in", "preferences"]] {
        let Some(world) = machine_with_server() else { return };
        world.plex().send(&Command::FragileServers(true)).unwrap();
        let out = script(&world, &[&QUICK, further].concat());
        assert!(out.ok(), "{out:?}");
        assert!(out.stdout.contains("✓ The owner: olga, by a code that the media server approved"), "{out:?}");
        assert_used_once(&world);
        assert_own_token(&world);
        assert_eq!(world.plex().counters().live_tokens, 1);
        // A second run needs the server no more.
        let text = file(&world);
        world.plex().reset();
        let out = script(&world, &QUICK);
        assert!(out.ok() && out.stdout.contains("already has these settings"), "{out:?}");
        assert_eq!((as_the_server(&world), file(&world)), (Vec::new(), text));
    }
}

#[test]
fn r76_media_servers_approval_does_not_prove_that_it_is_the_owners() {
    let Some(world) = machine_with_server() else { return };
    world.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    let out = script(&world, &QUICK);
    assert!(out.code == 1 && out.stderr.contains("does not prove that the server Den belongs to olga"), "{out:?}");
    assert_eq!(world.plex().counters().live_tokens, 0);
    let mut terminal = setup(&world, &QUIET);
    terminal.wait_for("Does the server Den belong to olga?");
    terminal.type_line("y");
    choose(&mut terminal, "none");
    end(&world, terminal, 0);
    assert_own_token(&world);
    // The next run knows both.
    let out = script(&world, &QUICK);
    assert!(out.ok() && out.stderr.contains("the friend list is from the second source"), "{out:?}");
}

#[test]
fn r64_dry_run_revokes_the_token_that_the_server_approved() {
    let Some(world) = machine_with_server() else { return };
    world.plex().send(&Command::FragileServers(true)).unwrap();
    let before = etc(&world);
    let out = script(&world, &["--yes", "--pam=no", "--dry-run"]);
    assert!(out.ok() && out.stdout.contains("Nothing was changed."), "{out:?}");
    assert_used_once(&world);
    assert_eq!((world.plex().counters().live_tokens, asked(&world, Endpoint::Signout)), (0, 1));
    assert_eq!(etc(&world), before);
}

#[test]
fn r64_failed_approval_falls_back_to_link_sign_in() {
    for (token, fault) in [
        ("OLD-SECRET", None),
        (SERVER_TOKEN, Some((Endpoint::User, Fault::Status(503, String::new())))),
        (SERVER_TOKEN, Some((Endpoint::Pins, Fault::Api(403, 1080)))),
    ] {
        let Some(world) = machine_with_server() else { return };
        world.plex().send(&Command::FragileServers(true)).unwrap();
        preferences(&world, MACHINE, token);
        let strike = || {
            let rule = |(endpoint, fault)| Rule { endpoint, fault, times: Some(1) };
            fault
                .clone()
                .map(rule)
                .into_iter()
                .for_each(|rule| drop(world.plex().send(&Command::Fault(rule)).unwrap()));
        };
        strike();
        let before = etc(&world);
        let out = script(&world, &QUICK);
        assert!(out.code == 1 && out.stderr.contains("sign-in through the media server failed: plex.tv: "), "{out:?}");
        assert!(out.stderr.contains("error: the owner must sign in, but there is no terminal"), "{out:?}");
        assert_eq!((etc(&world), world.plex().counters().live_tokens), (before, 0), "{fault:?}");
        strike();
        let mut terminal = setup(&world, &QUIET);
        terminal.wait_for("sign-in through the media server failed: plex.tv: ");
        approve(&world, &mut terminal, "olga");
        choose(&mut terminal, "none");
        let shown = end(&world, terminal, 0);
        assert!(shown.contains("✓ The owner: olga, by a link code"), "{shown}");
        assert_own_token(&world);
        assert_eq!(world.plex().counters().live_tokens, 1, "{fault:?}");
        assert!(as_the_server(&world).iter().all(|seen| seen.endpoint == Endpoint::Pins), "{fault:?}");
    }
}

#[test]
fn r64_setup_replaces_the_servers_token_in_a_configuration() {
    let Some(world) = machine_with_server() else { return };
    world.plex().send(&Command::FragileServers(true)).unwrap();
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let older = format!(
        "token = \"{SERVER_TOKEN}\"  # as setup once wrote it\nmachine_id = \"{MACHINE}\"\nowner_id = 1\n\
         group = \"plex-users\"\nplex_url = \"{}\"\nca_file = \"/mnt/plex/ca.pem\"\n",
        address.trim_end()
    );
    let replaced =
        "the token in the configuration is the media server's own; it is replaced by one issued to plex-auth";
    for server in ["runs", "is stopped"] {
        world.write_config(&older);
        world.plex().reset();
        let out = script(&world, &QUICK);
        assert!(out.ok() && out.stderr.contains(replaced), "{server}: {out:?}");
        assert_used_once(&world);
        assert_own_token(&world);
        world.sh("pkill -x socat; while ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
    }
    // Where the server cannot approve a code, its token is not used for anything else.
    world.write_config(&older);
    world.plex().fault(Endpoint::Pins, Fault::Api(403, 1080));
    world.plex().reset();
    let out = script(&world, &QUICK);
    assert!(out.code == 1 && out.stderr.contains("the owner must sign in, but there is no terminal"), "{out:?}");
    assert!(as_the_server(&world).iter().all(|seen| seen.endpoint == Endpoint::Pins));
    assert_eq!(file(&world), older);
}

#[test]
fn r64_servers_token_given_as_a_file_is_not_written_down() {
    let Some(world) = machine_with_server() else { return };
    world.plex().send(&Command::FragileServers(true)).unwrap();
    world.write("/run/server", 0o600, "root:root", &format!("{SERVER_TOKEN}\n"));
    let out = script(&world, &[&QUICK[..], &["--token-file", "/run/server"]].concat());
    assert!(out.ok() && out.stderr.contains("the token that was given is the media server's own"), "{out:?}");
    assert_used_once(&world);
    assert_own_token(&world);
    assert_eq!(world.sh(&format!("grep -c '^token = ' {FILE}")).stdout, "1\n");
}
