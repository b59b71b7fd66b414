//! A second run of setup changes only what is requested.

use e2e::{DEN, MACHINE, World};
use fakeplex::{Command, Endpoint};

use crate::machine::{FILE, apply, approve, asked, choose_again, end, etc, file, machine, script, setup};

/// A configuration written by hand.
fn by_hand(world: &World) -> String {
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let text = format!(
        "# The Den\ntoken   = 'TOKEN-SECRET-olga'   # Olga's\nmachine_id = \"{MACHINE}\"\nowner_id = 1\n\
         admin_account = \"olga@example.org\"\ngroup = \"plex-users\"   # the family\n\
         plex_url = \"{}\"\nca_file = \"/mnt/plex/ca.pem\"\n\n\
         [cache]\nremember = \"5m\" # short\n\n[users]\nal = \"alice@example.org\" # Alice\n",
        address.trim_end()
    );
    world.write_config(&text);
    text
}

#[test]
fn setup_again_with_enter_to_every_question_changes_nothing() {
    let Some(world) = machine(DEN) else { return };
    let text = by_hand(&world);
    // sshd's part is written by the first run, also where the configuration is from before it.
    let out = script(&world, &["--yes", "--pam=no"]);
    assert!(out.ok() && out.stdout.contains("10-plex-auth.conf is written"), "{out:?}");
    let before = etc(&world);
    let mut terminal = world.terminal(&["plex-auth", "setup", "--pam=no"]);
    terminal.wait_for("Who should be able to sign in [none]");
    let shown = terminal.contents();
    assert!(!shown.contains("alice@example.org  "), "who has an account already is not offered another: {shown}");
    terminal.type_line("");
    apply(&mut terminal);
    let shown = end(&world, terminal, 0);
    assert!(shown.contains(&format!("Access    friends you share {MACHINE} with")), "{shown}");
    assert!(shown.contains("✓ The owner: Plex id 1, by the token in the configuration"), "{shown}");
    assert!(shown.contains("✓ /etc/plex-auth.toml already has these settings"), "{shown}");
    assert_eq!((file(&world), etc(&world)), (text, before));
}

#[test]
fn setup_flag_changes_only_its_own_line() {
    let Some(world) = machine(DEN) else { return };
    let text = by_hand(&world);
    let run = |further: &[&str]| {
        let out = script(&world, &[&["--yes", "--pam=no", "--create=no"], further].concat());
        assert!(out.ok(), "{out:?}");
        file(&world)
    };
    assert_eq!(run(&[]), text);
    // Another name of the same account: the line stays as it was typed.
    assert_eq!(run(&["--user", "al=alice"]), text);
    let text = text + "erin = \"5\"  # erin\n";
    assert_eq!(run(&["--user", "erin=erin@example.org"]), text);
    let text = text.replace("ca.pem\"\n", "ca.pem\"\nlink_sign_in = true\n");
    assert_eq!(run(&["--link"]), text);
    let text = text.replace("link_sign_in = true\n", "link_sign_in = false\n");
    assert_eq!(run(&["--link=false"]), text);
    world.sh("groupadd friends");
    let text = text.replace("\"plex-users\"   # the family", "\"friends\"   # the family");
    assert_eq!(run(&["--group", "friends"]), text);
    let text = text.replace("admin_account = \"olga@example.org\"\n", "");
    assert_eq!(run(&["--admin", ""]), text);
    let text = text.replace("al = \"alice@example.org\" # Alice", "al = \"6\" # Alice");
    let al = run(&["--user", "al=frank"]);
    assert_eq!(al, text.replace("al = \"6\" # Alice", "al = \"6\"  # frank"));
    assert_eq!(world.sh(&format!("stat -c '%U:%G %a' {FILE}")).stdout, "root:plex-auth 640\n");
}

#[test]
fn setup_replaces_a_revoked_token_and_its_token_file() {
    let Some(world) = machine(DEN) else { return };
    let text =
        by_hand(&world).replace("token   = 'TOKEN-SECRET-olga'   # Olga's", "token_file = \"/etc/plex-auth.token\"");
    world.write("/etc/plex-auth.token", 0o640, "root:plex-auth", "TOKEN-SECRET-olga\n");
    world.write_config(&text);
    let out = script(&world, &["--yes", "--pam=no"]);
    assert!(out.ok(), "{out:?}");
    assert_eq!(file(&world), text, "a token file that is good stays");
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    let mut terminal = setup(&world, &["--strict", "--link=no", "--pam=no"]);
    terminal.wait_for("plex.tv no longer takes the token in the configuration");
    approve(&world, &mut terminal, "olga");
    choose_again(&mut terminal, "");
    end(&world, terminal, 0);
    let new = file(&world);
    assert!(new.contains("\ntoken = \"") && !new.contains("token_file") && !new.contains("TOKEN-SECRET-olga"), "{new}");
    assert!(new.contains("# the family\n") && new.contains("al = \"alice@example.org\" # Alice\n"), "{new}");
}

#[test]
fn setup_dry_run_shows_changes_without_the_token_and_makes_none() {
    let Some(world) = machine(DEN) else { return };
    let text = by_hand(&world);
    world.sh("mkdir -p /var/lib/plex-auth; chown plex-auth: /var/lib/plex-auth");
    let before = (etc(&world), world.sh("ls -lA --full-time /var/lib/plex-auth /var/lib 2>&1; true").stdout);
    let out = script(&world, &["--dry-run", "--yes", "--strict=false", "--user", "erin=erin"]);
    assert!(out.ok(), "{out:?}");
    for line in [
        "+strict_friends = false\n",
        "+erin = \"5\"  # erin\n",
        "The account erin would be created for SFTP with a folder of their own; no shell, no command, no tunnel.\n",
        "+    ForceCommand internal-sftp",
        "+KbdInteractiveAuthentication yes\n",
        "Nothing was changed.\n",
    ] {
        assert!(out.stdout.contains(line), "{line}: {out:?}");
    }
    let gone = out.stdout.lines().filter(|line| line.starts_with('-')).count();
    assert_eq!(gone, 0, "{out:?}");
    let out = script(&world, &["--dry-run", "--yes"]);
    assert!(out.ok() && out.stdout.contains("/etc/plex-auth.toml would stay as it is.\n"), "{out:?}");
    // A sign-in during a dry run is signed out again.
    let mut terminal = setup(&world, &["--dry-run", "--sign-in", "link", "--strict", "--link=no", "--pam=no"]);
    approve(&world, &mut terminal, "olga");
    terminal.wait_for("Who should be able to sign in");
    terminal.type_line("none");
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("+token   = \"(hidden, new)\"") && shown.contains("-token   = \"(hidden)\""), "{shown}");
    assert_eq!(world.plex().counters().live_tokens, 0);
    assert_eq!(asked(&world, Endpoint::Signout), 1);
    let after = (etc(&world), world.sh("ls -lA --full-time /var/lib/plex-auth /var/lib 2>&1; true").stdout);
    assert_eq!((file(&world), after), (text, before));
}
