//! The first run, on the machine of the Plex server.

use e2e::{Code, MACHINE, password};
use fakeplex::Endpoint;

use crate::machine::{FILE, asked, end, file, machine_with_server, setup};
use crate::pam::profile;

#[test]
fn setup_needs_four_answers_until_friends_can_log_in() {
    let Some(world) = machine_with_server() else { return };
    profile(&world);
    let mut terminal = setup(&world, &[]);
    terminal.wait_for("Only friends with whom Den is shared?");
    terminal.type_line("");
    terminal.wait_for("May friends approve a code at plex.tv/link");
    terminal.type_line("");
    terminal.wait_for("Who is to sign in here");
    terminal.type_line("");
    terminal.wait_for("Let sshd, sudo and login accept Plex too, by pam-auth-update?");
    terminal.type_line("y");
    let shown = end(&world, terminal, 0);
    for said in [
        "✓ Plex Media Server: Den, http://127.0.0.1:32400",
        "✓ The owner: olga, by a code that the media server approved",
        "✓ The server: Den",
        "alice            alice@example.org              → alice, who is there",
        "erin             erin@example.org               → erin, a new account",
        "olga (you)       olga@example.org               → olga, who can become root",
        "✓ /etc/plex-auth.toml is written",
        "✓ erin is erin (Plex id 5), and signs in with the Plex password only",
        "✓ Added alice to the group plex-users",
        "ssh alice@den",
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
        // Enter maps no account that can become root.
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
    let mut terminal = setup(&world, &["--strict", "--link=yes", "--create=no", "--pam=no"]);
    terminal.wait_for("Who is to sign in here");
    terminal.type_line("2,9");
    terminal.wait_for("9 is no number of the list");
    terminal.type_line("1=root");
    terminal.wait_for("root is root's or the system's");
    terminal.type_line("2=anna, 4");
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("plex-auth user add anna --plex erin\n"), "{shown}");
    assert!(!world.run(&["id", "anna"]).ok());
    let text = file(&world);
    assert!(text.ends_with("[users]\nanna = \"5\"  # erin\nolga = \"1\"  # olga\n"), "{text}");
    assert!(text.contains("link_sign_in = true\n"), "{text}");
}

#[test]
fn setup_without_strict_friends_offers_every_friend_and_sets_no_server_url() {
    let Some(world) = machine_with_server() else { return };
    let mut terminal = setup(&world, &["--link=no", "--pam=no"]);
    terminal.wait_for("Only friends with whom Den is shared?");
    terminal.type_line("maybe");
    terminal.wait_for("Please answer y or n.");
    terminal.type_line("n");
    terminal.wait_for("Who is to sign in here");
    let shown = terminal.contents();
    assert!(shown.contains("bob@example.org") && !shown.contains("carol"), "{shown}");
    terminal.type_line("none");
    end(&world, terminal, 0);
    let text = file(&world);
    assert!(text.contains("strict_friends = false\n") && !text.contains("server_url"), "{text}");
}
