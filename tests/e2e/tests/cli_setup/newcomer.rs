//! The first run, on the machine of the Plex server.

use e2e::{Code, MACHINE, password};
use fakeplex::Endpoint;

use crate::machine::{FILE, apply, asked, end, etc, file, machine_with_server, setup};
use crate::pam::profile;

/// The screen's words, without line breaks and columns.
fn unwrapped(terminal: &e2e::Terminal) -> String {
    terminal.contents().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn r82_setup_needs_three_answers_and_its_defaults_give_no_shell() {
    let Some(world) = machine_with_server() else { return };
    profile(&world);
    let before = etc(&world);
    let mut terminal = setup(&world, &[]);
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line("1,2,3");
    terminal.wait_for("What may friends do here? (files or shell) [files]");
    terminal.type_line("");
    terminal.wait_for("Apply? (y, n, or a number to change an answer) [y]");
    let shown = unwrapped(&terminal);
    for said in [
        " 1 Access friends you share Den with 2 Sign-in with the Plex password 3 Accounts alice for alice (exists, ",
        "stays as it is), erin for erin (new), frank for frank (new) 4 Friends SFTP with a folder of their own; no shell, ",
        " 5 Uploads /srv/plex-auth: ",
        " 6 Media none 7 PAM pam-auth-update --enable plex-auth plex-auth-account ",
        " /etc/ssh/sshd_config.d/10-plex-auth.conf is written: +# Written by plex-auth setup",
        " +KbdInteractiveAuthentication yes + +Match Group plex-files ",
    ] {
        assert!(shown.contains(said), "{said}:\n{shown}");
    }
    assert_eq!(etc(&world), before, "nothing is changed before the last answer");
    terminal.type_line("");
    let shown = end(&world, terminal, 0);
    for said in [
        "✓ Plex Media Server: Den, http://127.0.0.1:32400",
        "✓ The owner: olga, by a code that the media server approved",
        "✓ The server: Den",
        "alice            alice@example.org              → alice, who is there",
        "erin             erin@example.org               → erin, a new account",
        "olga (you)       olga@example.org               → olga, who can become root",
        "✓ /etc/plex-auth.toml is written",
        "✓ /etc/ssh/sshd_config.d/10-plex-auth.conf is written",
        "✓ Created user erin for erin (Plex id 5)",
        "✓ Added alice to the group plex-users",
        "\n  ssh alice@den\n  sftp erin@den\n  sftp frank@den\n",
    ] {
        assert!(shown.contains(said), "{said}:\n{shown}");
    }
    assert_eq!(
        world.sh(&format!("stat -c '%U:%G %a' {FILE}; ls -A /etc | grep -c plex-auth.toml")).stdout,
        "root:plex-auth 640\n1\n"
    );
    let text = file(&world);
    for line in [
        "token = \"TOKEN-SECRET-1-",
        "client_identifier = \"",
        &format!("machine_id = \"{MACHINE}\"  # Den\n"),
        "owner_id = 1\n",
        "admin_account = \"olga\"\n",
        "strict_friends = true\n",
        "link_sign_in = false\n",
        "group = \"plex-users\"\n",
        "[accounts]\npurpose = \"files\"\n",
        "[users]\nalice = \"2\"  # alice\nerin = \"5\"  # erin\nfrank = \"6\"  # frank\n",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(!text.contains("olga = "), "{text}");
    assert!(!text.contains("server_url"), "R72: only an owner who asks for it gets it: {text}");
    assert_eq!((asked(&world, Endpoint::Pins), asked(&world, Endpoint::Signin)), (3, 0), "nobody had to sign in");

    world.start(&["/usr/sbin/plex-authd", "--user", "plex-auth"]);
    world.wait_for_log(&["is ready"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
    assert_eq!(world.authenticate("frank", "wrong"), Code::AUTH_ERR);
    // This account is not mapped, although its name is the owner's.
    assert_eq!(world.authenticate("olga", &password("olga")), Code::USER_UNKNOWN);
}

#[test]
fn setup_selects_friends_by_number_and_accepts_other_local_names() {
    let Some(world) = machine_with_server() else { return };
    let mut terminal = setup(&world, &["--link=yes", "--create=no", "--pam=no", "--shell"]);
    for (answer, why) in [
        ("2,9", "9 is not a number in the list"),
        ("1=root", "root is root or a system account"),
        // The rule of `user add`.
        ("2=\u{d6}laf", "'\u{d6}laf' cannot be a local name"),
        ("2=plex-files", "plex-files"),
        ("2,2=anna", "erin is chosen twice"),
    ] {
        terminal.wait_for("Who should be able to sign in [none]");
        terminal.type_line(answer);
        terminal.wait_for(why);
    }
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line("2=anna, 4");
    apply(&mut terminal);
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("plex-auth user add anna --plex erin\n"), "{shown}");
    assert!(!world.run(&["id", "anna"]).ok());
    let text = file(&world);
    assert!(text.ends_with("[users]\nanna = \"5\"  # erin\nolga = \"1\"  # olga\n"), "{text}");
    assert!(text.contains("link_sign_in = true\n") && text.contains("[accounts]\npurpose = \"shell\"\n"), "{text}");
}

#[test]
fn every_answer_can_be_changed_before_anything_is_applied() {
    let Some(world) = machine_with_server() else { return };
    profile(&world);
    world.sh("mkdir -p /srv/films");
    let mut terminal = setup(&world, &[]);
    let number = |terminal: &mut e2e::Terminal, number: &str| {
        terminal.wait_for("Apply? (y, n, or a number to change an answer) [y]");
        terminal.type_line(number);
    };
    terminal.wait_for("Who should be able to sign in [none]");
    assert!(!terminal.contents().contains("bob@example.org"));
    terminal.type_line("2");
    terminal.wait_for("What may friends do here?");
    terminal.type_line("");
    number(&mut terminal, "0");
    terminal.wait_for("Please answer y, n, or a number from 1 to 7.");
    for (item, question, answer) in [
        ("1", "Allow only friends you share Den with?", "n"),
        ("2", "Also offer sign-in with a plex.tv/link code", "y"),
    ] {
        number(&mut terminal, item);
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
    terminal.wait_for("Announce it to everyone who connects by SSH?");
    terminal.type_line("");
    number(&mut terminal, "3");
    terminal.wait_for("bob@example.org");
    assert!(!terminal.contents().contains("carol"));
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line("2");
    number(&mut terminal, "5");
    for (answer, why) in [("srv", "this path is relative"), ("/srv/my friends", "cannot have the folders")] {
        terminal.wait_for("Directory for the folders of friends [/srv/plex-auth]");
        terminal.type_line(answer);
        terminal.wait_for(why);
    }
    terminal.wait_for("Directory for the folders of friends [/srv/plex-auth]");
    terminal.type_line("/srv/friends");
    number(&mut terminal, "6");
    terminal.wait_for("Directory that friends can read, or none [none]");
    terminal.type_line("/srv/films");
    number(&mut terminal, "7");
    terminal.wait_for("Let sshd, sudo and login accept Plex too?");
    terminal.type_line("n");
    terminal.wait_for("Banner /etc/ssh/plex-auth-banner");
    let before = etc(&world);
    number(&mut terminal, "n");
    terminal.wait_for("Nothing was changed.");
    let shown = unwrapped(&terminal);
    end(&world, terminal, 1);
    for said in [
        " 1 Access all Plex friends and Home members 2 Sign-in with the Plex password, or a code at plex.tv/link, which ",
        "SSH announces to everyone 3 Accounts bob for bob (new) 4 Friends SFTP ",
        " 5 Uploads /srv/friends: ",
        " 6 Media /srv/films 7 PAM PAM is left as it is ",
    ] {
        assert!(shown.contains(said), "{said}:\n{shown}");
    }
    assert_eq!(etc(&world), before);
    assert_eq!(world.plex().counters().live_tokens, 0, "the token for it is revoked");
}

#[test]
fn nobody_gets_a_second_account_without_a_confirmation() {
    let Some(world) = machine_with_server() else { return };
    world.sh("gpasswd -a alice plex-users");
    let mut terminal = setup(&world, &["--create=no", "--pam=no", "--shell"]);
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line("1=alice2");
    terminal.wait_for("alice has the account alice. Give them the account alice2, too? [y/N]");
    terminal.type_line("");
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line("1,2");
    apply(&mut terminal);
    end(&world, terminal, 0);
    let second = ["--yes", "--create=no", "--pam=no", "--user", "anna=erin"];
    let out = crate::machine::script(&world, &second);
    assert!(out.code == 1 && out.stderr.contains("erin has the account erin already"), "{out:?}");
    let out = crate::machine::script(&world, &[&second[..], &["--another-account"]].concat());
    assert!(out.ok() && file(&world).contains("anna = \"5\""), "{out:?}");
}
