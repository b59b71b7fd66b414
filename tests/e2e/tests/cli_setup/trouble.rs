//! Errors around setup: each is reported with a hint, and nothing is changed.

use e2e::{DEN, World};
use fakeplex::{Command, Connections, Endpoint, Fault};

use crate::machine::{FILE, end, etc, file, machine, script, setup, token_file};

/// Asserts that setup in a script fails with these words and changes nothing.
fn fails(world: &World, further: &[&str], words: &[&str]) {
    let before = etc(world);
    let token = token_file(world);
    let out = script(world, &[&["--yes", "--pam=no", "--token-file", token], further].concat());
    assert_eq!(out.code, 1, "{out:?}");
    for word in words {
        assert!(out.stderr.contains(word), "{word}: {out:?}");
    }
    assert_eq!(etc(world), before, "{words:?}");
}

#[test]
fn setup_reports_a_missing_network() {
    let Some(world) = machine(DEN) else { return };
    let token = token_file(&world);
    let before = etc(&world);
    let out = world.run(&["plex-auth", "setup", "--yes", "--token-file", token]);
    assert_eq!(out.code, 1, "{out:?}");
    assert!(out.stderr.contains("error: plex.tv: cannot be reached: "), "{out:?}");
    assert!(
        out.stderr.contains("\n    check the network connection, and whether Plex is up: https://status.plex.tv"),
        "{out:?}"
    );
    let mut terminal = world.terminal(&["plex-auth", "setup"]);
    assert_eq!(terminal.exit(), 1);
    assert!(terminal.contents().contains("check the network connection"), "{}", terminal.contents());
    assert_eq!(etc(&world), before);
}

#[test]
fn setup_reports_outages_and_malformed_answers_at_every_step() {
    let Some(world) = machine(DEN) else { return };
    let odd = [
        (Fault::Status(503, "<html>SECRET</html>".into()), "answered 503", "status.plex.tv"),
        (Fault::Captcha, "error: plex.tv: ", "status.plex.tv"),
        (Fault::Reset, "error: plex.tv: cannot be reached", "status.plex.tv"),
        (Fault::TooMany(None), "too many requests", "wait a few minutes"),
        (Fault::Gone, "no longer offers this", "status.plex.tv"),
    ];
    for endpoint in [Endpoint::User, Endpoint::Resources, Endpoint::SharedServers] {
        for (fault, what, hint) in &odd {
            world.plex().fault(endpoint, fault.clone());
            // A changed list of shares has a second source, which proves nothing about the server.
            let is_changed = endpoint == Endpoint::SharedServers && matches!(fault, Fault::Captcha | Fault::Gone);
            let no_proof =
                ["plex.tv does not prove that the server Den belongs to olga", "run it at a terminal without --yes"];
            fails(&world, &[], &if is_changed { no_proof } else { [what, hint] });
            world.plex().clear_faults();
        }
    }
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    fails(&world, &[], &["error: plex.tv: cannot be reached"]);
    world.plex().send(&Command::Connections(Connections::UnknownCa)).unwrap();
    fails(
        &world,
        &[],
        &["error: plex.tv: cannot be reached", "does this network inspect TLS? then name its CA: --ca-file FILE"],
    );
}

#[test]
fn setup_lists_several_servers_and_reports_a_missing_one() {
    let attic =
        "[[server]]\nmachine_id = \"3333333333333333333333333333333333333333\"\nname = \"Attic\"\nowner = \"olga\"\n";
    let Some(world) = machine(&format!("{DEN}\n{attic}")) else { return };
    fails(
        &world,
        &[],
        &["olga owns 2 servers\n    select one:\n", "--machine 3333333333333333333333333333333333333333  (Attic)"],
    );
    let den = world.media_server("Den");
    fails(
        &world,
        &["--machine", "Attic", "--server-url", &den],
        &["/ is another one than Attic\n    leave --server-url out"],
    );
    world.write_config("token = \"TOKEN-SECRET-olga\"\nmachine_id = \"4444444444444444444444444444444444444444\"\n");
    fails(
        &world,
        &[],
        &["the server in the configuration (machine_id) does not belong to olga\n", "--machine 33333333"],
    );
    world.sh("rm /etc/plex-auth.toml");
    world.plex().load(&DEN.replace("owner = \"olga\"", "owner = \"mallory\""));
    fails(&world, &[], &["olga owns no Plex server\n    sign in as the server's owner"]);
}

#[test]
fn setup_without_root_fails_before_the_first_question() {
    let Some(world) = machine(DEN) else { return };
    let mut terminal =
        world.terminal(&["setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "plex-auth", "setup"]);
    assert_eq!(terminal.exit(), 1);
    let shown = terminal.contents();
    assert_eq!(shown, "error: only root may write /etc/plex-auth.toml\n    run: sudo plex-auth setup");
}

#[test]
fn setup_without_the_daemons_user_names_the_command_to_create_one() {
    let Some(world) = machine(DEN) else { return };
    world.sh("userdel plex-auth; groupdel -f plex-auth 2>/dev/null || true");
    fails(&world, &[], &["there is no user and group plex-auth", "run: useradd --system --user-group"]);
    // The command of the hint is sufficient.
    world.sh(
        "useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plex-auth",
    );
    let out = script(&world, &["--yes", "--pam=no", "--token-file", token_file(&world)]);
    assert!(out.ok(), "{out:?}");
    world.sh(
        "userdel plex-auth; mkdir -p /usr/lib/sysusers.d; echo 'u plex-auth -' >/usr/lib/sysusers.d/plex-auth.conf",
    );
    fails(&world, &[], &["run: systemd-sysusers plex-auth.conf"]);
    world.sh("systemd-sysusers plex-auth.conf");
    let out = script(&world, &["--yes", "--pam=no", "--token-file", token_file(&world)]);
    assert!(out.ok(), "{out:?}");
}

#[test]
fn setup_keeps_a_broken_configuration_and_names_its_line() {
    let Some(world) = machine(DEN) else { return };
    let broken = [
        ("token = \"TOKEN-SECRET-olga\"\nmachine_id = \n", ":2:"),
        (
            "token = \"TOKEN-SECRET-olga\"\n\nstrict_freinds = true\n",
            ":3:1: there is no key 'strict_freinds'; did you mean 'strict_friends'?",
        ),
        ("token = \"TOKEN-SECRET-olga\"\nmachine_id = \"a b\"\n", ":2:14: this is not a machine id"),
        ("token = \"SECRET\"\ntoken = \"SECRET\"\n", ":2:"),
    ];
    for (text, place) in broken {
        world.write_config(text);
        fails(
            &world,
            &[],
            &[
                &format!("{FILE}{place}"),
                "nothing was changed; correct that place, or start over: mv /etc/plex-auth.toml /etc/plex-auth.toml.old",
            ],
        );
        assert_eq!(file(&world), text);
    }
    world.sh(&format!("mv {FILE} {FILE}.old; mkdir {FILE}"));
    fails(&world, &[], &["/etc/plex-auth.toml: is not a regular file"]);
}

#[test]
fn setup_fills_in_missing_settings_and_keeps_comments() {
    let Some(world) = machine(DEN) else { return };
    world.write_config("# token = \"…\"\n# A template.\n\n[cache]\nremember = \"5m\"\n");
    let out = script(&world, &["--yes", "--pam=no", "--token-file", token_file(&world)]);
    assert!(out.ok(), "{out:?}");
    let text = file(&world);
    assert!(
        text.contains("# A template.\n\n[cache]\nremember = \"5m\"\n") && text.contains("owner_id = 1\n"),
        "{text}"
    );
}

#[test]
fn setup_reports_an_unclaimed_server() {
    let Some(world) = machine(&DEN.replace("local = \"normal\"", "local = \"unclaimed\"")) else { return };
    crate::machine::serve(&world, "Den");
    let mut terminal = setup(&world, &[]);
    terminal.wait_for("the Plex server at http://127.0.0.1:32400 has not been claimed yet");
    terminal.wait_for("Waiting for the approval");
    terminal.type_text("\u{3}");
    end(&world, terminal, 130);
}
