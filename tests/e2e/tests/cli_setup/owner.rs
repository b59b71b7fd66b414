//! The owner signs in where no preferences of a server identify them.

use e2e::{DEN, MACHINE, SERVER_TOKEN, password};
use fakeplex::{Command, Endpoint};

use crate::machine::{
    FILE, approve, asked, choose, end, etc, file, machine, machine_with_server, preferences, serve, setup,
};

const QUIET: [&str; 3] = ["--strict", "--link=no", "--pam=no"];

fn attic() -> String {
    format!(
        "{DEN}\n[[server]]\nmachine_id = \"3333333333333333333333333333333333333333\"\nname = \"Attic\"\nowner = \"olga\"\n"
    )
}

#[test]
fn setup_signs_the_owner_in_by_link_and_selects_a_server_by_number() {
    let Some(world) = machine(&attic()) else { return };
    let mut terminal = setup(&world, &QUIET);
    terminal.wait_for("Waiting for the approval");
    let screen = terminal.screen();
    assert!(screen.contains('█') && screen.contains("https://plex.tv/link"), "{screen}");
    approve(&world, &mut terminal, "olga");
    terminal.wait_for("Which one counts");
    let shown = terminal.contents();
    assert!(shown.contains("1  Den") && shown.contains("2  Attic"), "{shown}");
    terminal.type_line("3");
    terminal.wait_for("Please answer with a number from 1 to 2.");
    terminal.type_line("1");
    choose(&mut terminal, "none");
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("✓ The owner: olga, by a link code"), "{shown}");
    assert!(file(&world).contains(&format!("machine_id = \"{MACHINE}\"  # Den\n")));
    assert_eq!(world.plex().counters().live_tokens, 1, "the token that is written down stays good");
    assert_eq!(asked(&world, Endpoint::Signout), 0);
}

#[test]
fn setup_signs_the_owner_in_with_password_and_verification_code() {
    let with_code =
        DEN.replace("password = \"PASSWORD-SECRET-olga\"", "password = \"PASSWORD-SECRET-olga\"\ncode = \"271828\"");
    let Some(world) = machine(&with_code) else { return };
    let mut terminal = setup(&world, &[&["--sign-in", "password"], &QUIET[..]].concat());
    terminal.wait_for("The owner's Plex username or e-mail address");
    terminal.type_line("olga");
    terminal.wait_for("Plex password (not shown)");
    terminal.type_line("WRONG-SECRET");
    terminal.wait_for("plex.tv rejected this.");
    terminal.wait_for("The owner's Plex username or e-mail address");
    terminal.type_line("olga");
    terminal.wait_for("Plex password (not shown)");
    terminal.type_line(&password("olga"));
    // What is no code may be a password, and is not sent.
    terminal.wait_for("Verification code");
    terminal.type_line("MISTYPED");
    terminal.wait_for("A verification code has six digits, so this was not sent.");
    terminal.wait_for("Verification code");
    terminal.type_line("111 111");
    terminal.wait_for("Wrong code. Enter the one that your app shows now");
    terminal.wait_for("Verification code");
    terminal.type_line("271828");
    choose(&mut terminal, "1");
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("✓ The owner: olga, by a password"), "{shown}");
    assert!(file(&world).contains("alice = \"2\""));
    assert_eq!(asked(&world, Endpoint::Signin), 4);
}

#[test]
fn setup_gives_up_after_three_wrong_passwords() {
    let Some(world) = machine(DEN) else { return };
    let before = etc(&world);
    let mut terminal = setup(&world, &["--sign-in", "password"]);
    for _ in 0..3 {
        terminal.wait_for("The owner's Plex username or e-mail address");
        terminal.type_line("olga");
        terminal.wait_for("Plex password (not shown)");
        terminal.type_line("WRONG-SECRET");
    }
    let shown = end(&world, terminal, 1);
    assert!(shown.contains("plex.tv rejected the name and password\n    try a code instead"), "{shown}");
    assert_eq!(asked(&world, Endpoint::Signin), 3);
    assert_eq!(etc(&world), before);
}

#[test]
fn setup_changes_nothing_if_the_code_expires_or_another_account_approves_it() {
    let Some(world) = machine(DEN) else { return };
    let before = etc(&world);
    let mut terminal = setup(&world, &QUIET);
    terminal.wait_for("Waiting for the approval");
    world.plex().send(&Command::ExpirePins).unwrap();
    let shown = end(&world, terminal, 1);
    assert!(shown.contains("expired before it was approved\n    run this again for a new code"), "{shown}");
    // Bob owns no server.
    let mut terminal = setup(&world, &QUIET);
    approve(&world, &mut terminal, "bob");
    let shown = end(&world, terminal, 1);
    assert!(shown.contains("error: bob owns no Plex server\n    sign in as the server's owner"), "{shown}");
    assert_eq!(world.plex().counters().live_tokens, 0, "a token for nothing is signed out");
    assert_eq!(etc(&world), before);
}

#[test]
fn setup_refuses_a_local_server_of_another_owner() {
    let shed = "[[server]]\nmachine_id = \"2222222222222222222222222222222222222222\"\nname = \"Shed\"\n\
                owner = \"mallory\"\nlocal = \"normal\"\n";
    let Some(world) = machine(&format!("{DEN}\n{shed}")) else { return };
    serve(&world, "Shed");
    let mut terminal = setup(&world, &QUIET);
    approve(&world, &mut terminal, "olga");
    let shown = end(&world, terminal, 1);
    assert!(shown.contains("error: the server at http://127.0.0.1:32400/ does not belong to olga"), "{shown}");
    assert!(shown.contains(&format!("--machine {MACHINE}  (Den)")), "{shown}");
    assert!(!world.run(&["test", "-e", FILE]).ok());
    assert_eq!(world.plex().counters().live_tokens, 0);
}

#[test]
fn setup_ignores_preferences_of_another_server_and_reports_a_revoked_token() {
    let Some(world) = machine_with_server() else { return };
    preferences(&world, "4444444444444444444444444444444444444444", SERVER_TOKEN);
    let mut terminal = setup(&world, &QUIET);
    approve(&world, &mut terminal, "olga");
    terminal.wait_for("Who should be able to sign in");
    terminal.type_text("\u{3}");
    end(&world, terminal, 130);
    preferences(&world, MACHINE, "OLD-SECRET");
    let mut terminal = setup(&world, &QUIET);
    terminal.wait_for("sign-in through the media server failed: plex.tv: refused");
    approve(&world, &mut terminal, "olga");
    choose(&mut terminal, "none");
    end(&world, terminal, 0);
    assert!(!file(&world).contains("OLD-SECRET"));
}
