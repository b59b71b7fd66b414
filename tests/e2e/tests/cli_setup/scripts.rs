//! Every answer is also an option, and `--yes` asks no question.

use e2e::{DEN, MACHINE};
use fakeplex::Command;

use crate::machine::{FILE, file, machine, machine_with_server, script, script_with, token_file};

#[test]
fn setup_options_answer_every_question() {
    let Some(world) = machine(DEN) else { return };
    let token = token_file(&world);
    world.sh("groupadd friends");
    let server = world.media_server("Den");
    let out = script(
        &world,
        &[
            "--yes",
            "--token-file",
            token,
            "--machine",
            MACHINE,
            "--server-url",
            &server,
            "--strict=true",
            "--link=true",
            "--admin",
            "olga@example.org",
            "--group",
            "friends",
            "--user",
            "alice=alice@example.org",
            "--user",
            "erin=5",
            "--pam=no",
        ],
    );
    assert!(out.ok(), "{out:?}");
    let text = file(&world);
    for line in [
        "admin_account = \"olga@example.org\"\n",
        "strict_friends = true\nlink_sign_in = true\n",
        &format!("server_url = \"{server}\"\n"),
        "group = \"friends\"\n",
        "[users]\nalice = \"2\"  # alice\nerin = \"5\"  # erin\n",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(world.run(&["plex-auth", "config", "check"]).ok());
    assert_eq!(world.sh("id -nG erin").stdout, "erin friends plex-files\n", "the account that was not there is made");
    assert_eq!(world.sh("id -nG alice").stdout, "alice friends\n", "R82: one that existed before stays as it is");
    assert!(text.contains("[accounts]\npurpose = \"files\"\n"), "{text}");
    world.assert_no_secret_leaked();
}

#[test]
fn setup_defaults_use_the_local_server_and_create_no_account() {
    let Some(world) = machine_with_server() else { return };
    let out = script(&world, &["--yes", "--pam=no"]);
    assert!(out.ok(), "{out:?}");
    let text = file(&world);
    assert!(text.contains("strict_friends = true\nlink_sign_in = false\n") && !text.contains("server_url"), "{text}");
    assert!(!text.contains("[users]"), "{text}");
    assert!(out.stdout.contains("Members of the group plex-users may sign in"), "{out:?}");
}

#[test]
fn setup_refuses_the_media_servers_own_group() {
    let Some(world) = machine_with_server() else { return };
    world.sh("groupdel plex-users; useradd --system --user-group plex");
    let out = script(&world, &["--yes", "--pam=no", "--group", "plex"]);
    assert!(out.code == 1 && out.stderr.contains("the group plex is that of the user plex"), "{out:?}");
    let out = script(&world, &["--yes", "--pam=no"]);
    assert!(out.ok() && out.stdout.contains("✓ Created the group plex-users"), "{out:?}");
    assert!(file(&world).contains("group = \"plex-users\"\n"), "{}", file(&world));
}

#[test]
fn setup_reads_a_token_from_standard_input_and_preferences_from_any_path() {
    let Some(world) = machine(DEN) else { return };
    let out = script_with(&world, &["--yes", "--pam=no", "--token-file", "-"], "TOKEN-SECRET-olga\n");
    assert!(out.ok(), "{out:?}");
    world.sh(&format!("rm {FILE}"));
    let Some(world) = machine_with_server() else { return };
    world.sh(&format!("mv '{}' /run/p.xml", crate::machine::PREFERENCES));
    let out = script(&world, &["--yes", "--pam=no"]);
    assert!(out.code == 1 && out.stderr.contains("the owner must sign in, but there is no terminal"), "{out:?}");
    let out = script(&world, &["--yes", "--pam=no", "--preferences", "/run/p.xml", "--sign-in", "preferences"]);
    assert!(out.ok(), "{out:?}");
    assert!(file(&world).contains("owner_id = 1\n"));
}

#[test]
fn setup_refuses_each_invalid_option_with_its_reason() {
    let Some(world) = machine(DEN) else { return };
    world.sh("useradd --system services");
    let token = token_file(&world);
    let cases: [(&[&str], &str); 27] = [
        (&["--machine", "Cellar"], "the server Cellar does not belong to olga"),
        (&["--admin", "mallory"], "--admin mallory: that is not olga"),
        (&["--group", "sudo"], "members of the group sudo can become root"),
        (&["--group", "games"], "the group games is that of the user games"),
        (&["--group", "a:b"], "--group: this is no local name"),
        (&["--user", "alice"], "is not of the form LOCAL=PLEX"),
        (&["--user", "root=alice"], "root is root or a system account"),
        (&["--user", "services=alice"], "services is root or a system account"),
        (
            &["--user", "x=mallory"],
            "no person, or more than one, on the friend list is called mallory\n    those who may sign in: alice, erin, frank, olga",
        ),
        (&["--user", "x=alice", "--user", "x=erin"], "x cannot belong to two people"),
        // The rule of `user add`.
        (&["--user", "\u{d6}laf=erin"], "'\u{d6}laf' cannot be a local name"),
        (&["--user", "docker=erin"], "'docker' is a name with a special meaning to the system"),
        (&["--user", "plex-users=erin"], "'plex-users' is a name with a special meaning to the system"),
        (
            &["--user", "erin=erin", "--user", "anna=erin"],
            "erin has the account erin already\n    to give them another one, too: --another-account",
        ),
        (&["--uploads", "srv"], "--uploads srv: this path is relative"),
        (&["--uploads", "/srv/a b"], "this directory cannot have the folders of accounts"),
        (&["--media", "/srv/plex-auth/media"], "one of the directories media and uploads is in the other"),
        (&["--shell=/etc/passwd"], "/etc/passwd is no login shell"),
        (&["--shell", "--sshd-group", "--files"], "cannot be used with"),
        (&["--server-url", "https://localhost:1"], "no Plex Media Server answers at https://localhost:1: "),
        (
            &["--server-url", "http://127.0.0.1:1"],
            "any local user can listen there and would get friends' tokens\n    let plex.tv show its https address: \
             --server-url auto; or allow it: --server-url-insecure",
        ),
        (
            &["--server-url", "https://127.0.0.1:1"],
            "a media server has a certificate for its name and for no IP address",
        ),
        (
            &["--server-url", "https://localhost:1", "--server-url-insecure"],
            "--server-url-insecure is about plain http",
        ),
        (&["--server-url", "http://192.0.2.1"], "a token would cross the network in the clear"),
        (&["--preferences", "/no/such"], "no Plex Media Server answers at http://127.0.0.1:32400: "),
        (&["--plex-url", "http://plex.example.org"], "passwords are sent over https only"),
        (&["--ca-file", "/no/such"], "--ca-file /no/such: "),
    ];
    for (further, why) in cases {
        let all = [&["--yes", "--pam=no", "--token-file", token], further].concat();
        let network = further.iter().any(|word| ["--plex-url", "--ca-file"].contains(word));
        let out = if network { world.run(&[&["plex-auth", "setup"], &all[..]].concat()) } else { script(&world, &all) };
        let code = if why.starts_with("cannot be used") { 2 } else { 1 };
        assert!(out.code == code && out.stderr.contains(why), "{further:?}: {out:?}");
        assert!(!world.run(&["test", "-e", FILE]).ok(), "{further:?}");
    }
    let out = script(&world, &["--pam=no", "--token-file", token]);
    assert!(
        out.code == 1
            && out
                .stderr
                .contains("there is no terminal for questions\n    accept the defaults: plex-auth setup --yes"),
        "{out:?}"
    );
    let out = script(&world, &["--yes", "--sign-in", "password"]);
    assert!(out.code == 1 && out.stderr.contains("a password can only be typed at a terminal"), "{out:?}");
    world.write("/run/empty", 0o600, "root:root", "\n");
    let out = script(&world, &["--yes", "--token-file", "/run/empty"]);
    assert!(out.code == 1 && out.stderr.contains("there is no token in it"), "{out:?}");
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    let out = script(&world, &["--yes", "--pam=no", "--token-file", token]);
    assert!(out.code == 1 && out.stderr.contains("plex.tv rejects the token that was given\n"), "{out:?}");
    assert!(!world.run(&["test", "-e", FILE]).ok());
}

#[test]
fn setup_accepts_a_user_who_cannot_sign_in_yet_with_a_warning() {
    let Some(world) = machine(DEN) else { return };
    let out = script(
        &world,
        &["--yes", "--pam=no", "--token-file", token_file(&world), "--user", "carol=carol", "--create=no"],
    );
    assert!(
        out.ok() && out.stderr.contains("carol cannot sign in yet: the invitation has not been accepted"),
        "{out:?}"
    );
    assert!(file(&world).contains("carol = \"4\"  # carol\n"));
}
