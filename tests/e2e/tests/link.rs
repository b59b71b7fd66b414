//! Link sign-in with the real OpenSSH client, sudo, su and login, on a real terminal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, PRESS_ENTER, Terminal, World, as_user, qr_codes};
use fakeplex::Endpoint;

const LINK: &str = "link_sign_in = true";
const EVERYWHERE: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"login\", \"sudo\", \"su\"]";

/// An address of the machine.
const HERE: &str = "127.0.0.1";

/// Asserts that address, code and QR code are on the screen together and agree.
fn assert_readable(terminal: &Terminal, code: &str) {
    let screen = terminal.screen();
    let text = format!("Scan this, or open https://plex.tv/link and enter the code {code}.\nApprove the sign-in there");
    assert!(screen.contains(&text) && screen.ends_with(PRESS_ENTER.trim_end()), "{screen}");
    assert_eq!(qr_codes(&screen), [format!("https://plex.tv/link/?pin={code}")], "{screen}");
}

#[test]
fn r21_ssh_client_shows_address_code_and_readable_qr_code_before_polling() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let defaults = world.sh("sshd -T | grep -E '^(maxauthtries|logingracetime) ' | sort").stdout;
    assert_eq!(defaults, "logingracetime 120\nmaxauthtries 6\n");
    world.plex().reset();
    let mut ssh = world.ssh_terminal(HERE, "alice", 3);
    let code = ssh.ask_for_code();
    assert_readable(&ssh, &code);
    assert_eq!(world.plex().counters().of(Endpoint::Pins), 1, "a code was asked for, and nothing is polled yet");
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().ends_with("\nalice"), "{}", ssh.contents());
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex_id=2", "service=\"sshd\"", "phase=auth"]);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
    world.assert_code_unseen(&code);
    world.assert_no_secret_leaked();
}

/// A phone's camera reads the QR code, and a user signed in at plex.tv approves on the page that opens.
#[test]
fn r21_qr_code_opens_a_page_that_can_approve_the_sign_in() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    ssh.ask_for_code();
    let read = qr_codes(&ssh.screen());
    let [address] = read.as_slice() else { panic!("{read:?}:\n{}", ssh.screen()) };
    world.follow_address(address, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert!(ssh.contents().ends_with("\nalice"), "{}", ssh.contents());
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
}

#[test]
fn r21_sudo_su_and_login_show_the_same_link_prompt() {
    let Some(world) = World::with_everything(DEN, EVERYWHERE) else { return };
    world.allow_sudo(&["alice"]);
    let stack = "auth include plex-auth\naccount include plex-auth\nsession required pam_unix.so\n";
    world.write("/etc/pam.d/login", 0o644, "root:root", stack);
    let sudo = as_user("alice", &["sudo", "-k", "id", "-un"]);
    let su = as_user("local", &["su", "alice", "-c", "id -un"]);
    for (line, becomes) in [(&sudo, "root"), (&su, "alice"), (&vec!["login", "alice"], "alice")] {
        let mut terminal = world.terminal(line);
        let code = terminal.ask_for_code();
        assert_readable(&terminal, &code);
        world.approve(&code, "alice");
        terminal.type_line("");
        if line.contains(&"login") {
            // login's shell needs input.
            terminal.wait_for("$");
            terminal.type_line("id -un; exit");
        }
        assert_eq!(terminal.exit(), 0, "{line:?}: {}", terminal.contents());
        assert!(terminal.contents().ends_with(&format!("\n{becomes}")), "{line:?}: {}", terminal.contents());
        world.assert_code_unseen(&code);
    }
    for service in ["sudo", "su", "login"] {
        world.wait_for_log(&["accepted", "user=\"alice\"", &format!("service=\"{service}\""), "phase=auth"]);
    }
    world.assert_no_secret_leaked();
}

#[test]
fn link_prompt_is_plain_text_if_locale_or_size_cannot_show_a_qr_code() {
    let further = format!("{EVERYWHERE}\n[throttle]\nfree_tries = 20");
    let Some(world) = World::with_everything(DEN, &further) else { return };
    world.allow_sudo(&["alice", "frank"]);
    let sudo = as_user("alice", &["sudo", "-k", "id", "-un"]);
    let su = as_user("local", &["su", "frank", "-c", "id -un"]);
    for (line, who, becomes) in [(sudo, "alice", "root"), (su, "frank", "frank")] {
        for (columns, lines, locale) in [(80, 24, "C"), (28, 24, "C.UTF-8"), (80, 18, "C.UTF-8")] {
            let mut terminal = world.terminal_of(columns, lines, locale, &line);
            let code = terminal.ask_for_code();
            let shown = terminal.contents();
            let text = format!("Open https://plex.tv/link and enter the code {code}.\nApprove the sign-in there, then");
            assert!(shown.is_ascii() && shown.contains(&text), "{line:?} {columns} {lines} {locale}: {shown}");
            world.approve(&code, who);
            terminal.type_line("");
            assert_eq!(terminal.exit(), 0, "{}", terminal.contents());
            assert!(terminal.contents().ends_with(&format!("\n{becomes}")), "{}", terminal.contents());
        }
    }
}

#[test]
fn r21_ssh_client_without_utf8_shows_address_and_code_at_the_cursor() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal_in("C", HERE, "alice", 1);
    let code = ssh.ask_for_code();
    let screen = ssh.screen();
    assert!(screen.contains(&format!("open https://plex.tv/link and enter the code {code}.")), "{screen}");
    assert!(screen.is_ascii() && screen.ends_with(PRESS_ENTER.trim_end()), "{screen}");
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0);
}

#[test]
fn home_member_and_account_with_2fa_can_sign_in_by_link() {
    // A member of Olga's Home without username, e-mail address and password at plex.tv.
    let home = "[[account]]\nid = 8\ntitle = \"Zoe\"\nhome_of = \"olga\"\nfriend_of = [\"olga\"]\nrestricted = true\n";
    let den = format!("{home}{}", DEN.replace("\"frank\"]", "\"frank\", \"Zoe\"]"));
    let Some(world) = World::with_everything(&den, &format!("{LINK}\n[users]\nzoe = \"8\"\n")) else { return };
    world.start_sshd();
    for (user, approver) in [("zoe", "Zoe"), ("erin", "erin")] {
        let mut ssh = world.ssh_terminal(HERE, user, 1);
        let code = ssh.ask_for_code();
        world.approve(&code, approver);
        ssh.type_line("");
        assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
        assert!(ssh.contents().ends_with(&format!("\n{user}")), "{}", ssh.contents());
        assert!(!ssh.contents().contains("verification"), "{}", ssh.contents());
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.assert_no_secret_leaked();
}

#[test]
fn simultaneous_link_sign_ins_have_separate_codes() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let mut alice = world.ssh_terminal(HERE, "alice", 1);
    let mut erin = world.ssh_terminal(HERE, "erin", 1);
    let (of_alice, of_erin) = (alice.ask_for_code(), erin.ask_for_code());
    assert_ne!(of_alice, of_erin);
    assert_readable(&alice, &of_alice);
    assert_readable(&erin, &of_erin);
    world.approve(&of_erin, "erin");
    alice.type_line("");
    erin.type_line("");
    assert_eq!(erin.exit(), 0, "{}", erin.contents());
    assert!(erin.contents().ends_with("\nerin"), "{}", erin.contents());
    alice.wait_for("Not approved yet");
    world.approve(&of_alice, "alice");
    alice.type_line("");
    assert_eq!(alice.exit(), 0, "{}", alice.contents());
    assert!(alice.contents().ends_with("\nalice"), "{}", alice.contents());
}

#[test]
fn link_argument_shows_the_code_without_a_password_prompt() {
    let Some(world) = World::with_everything(DEN, LINK) else { return };
    world.start_sshd();
    let stack = "auth required pam_plex.so link\naccount required pam_plex.so\nsession required pam_permit.so\n";
    world.write("/etc/pam.d/sshd", 0o644, "root:root", stack);
    let mut ssh = world.ssh_terminal(HERE, "alice", 1);
    let code = ssh.link_code();
    assert_readable(&ssh, &code);
    assert!(!ssh.contents().contains("assword"), "{}", ssh.contents());
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
}
