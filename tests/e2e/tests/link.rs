//! Link sign-in with the real OpenSSH client, sudo, su and login, on a real terminal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, PRESS_ENTER, Terminal, World, as_user, password, qr_codes};
use fakeplex::Endpoint;

const LINK: &str = "link_sign_in = true";
const EVERYWHERE: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"login\", \"sudo\", \"su\"]";

/// An address of the machine.
const HERE: &str = "127.0.0.1";

/// Asserts that address, code and QR code are on the screen together and agree.
fn assert_readable(terminal: &Terminal, code: &str) {
    let screen = terminal.screen();
    let (first, last) = (
        screen.find(&format!("Open https://plex.tv/link and enter the code {code}, or scan this:\n")),
        screen.find(&format!("\nhttps://plex.tv/link, code {code}{}", PRESS_ENTER.trim_end())),
    );
    let qr = screen.find('█');
    assert!(first.is_some() && first < qr && qr < last && screen.ends_with(PRESS_ENTER.trim_end()), "{screen}");
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

/// Adds plex-auth to login's stack.
fn login_asks_plex(world: &World) {
    let stack = "auth include plex-auth\naccount include plex-auth\nsession required pam_unix.so\n";
    world.write("/etc/pam.d/login", 0o644, "root:root", stack);
}

/// Ends what a way to log in starts: login's shell needs input, ssh and su run a command. Returns the last line.
fn last_line(terminal: &mut Terminal, way: &str) -> String {
    if way == "login" {
        terminal.wait_for("$");
        terminal.type_line("id -un; exit");
    }
    assert_eq!(terminal.exit(), 0, "{way}: {}", terminal.contents());
    terminal.contents().lines().last().unwrap().to_owned()
}

#[test]
fn r21_sudo_su_and_login_show_the_same_link_prompt() {
    let Some(world) = World::with_everything(DEN, EVERYWHERE) else { return };
    world.allow_sudo(&["alice"]);
    login_asks_plex(&world);
    let sudo = as_user("alice", &["sudo", "-k", "id", "-un"]);
    let su = as_user("local", &["su", "alice", "-c", "id -un"]);
    for (line, becomes) in [(&sudo, "root"), (&su, "alice"), (&vec!["login", "alice"], "alice")] {
        let mut terminal = world.terminal(line);
        let code = terminal.ask_for_code();
        assert_readable(&terminal, &code);
        world.approve(&code, "alice");
        terminal.type_line("");
        let way = if line.contains(&"login") { "login" } else { "sudo or su" };
        assert_eq!(last_line(&mut terminal, way), becomes, "{line:?}");
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
        for (columns, lines, locale) in [(80, 24, "C"), (28, 24, "C.UTF-8"), (80, 19, "C.UTF-8")] {
            let mut terminal = world.terminal_of(columns, lines, locale, &line);
            let code = terminal.ask_for_code();
            let shown = terminal.contents();
            let text = format!("Open https://plex.tv/link and enter the code {code}.\nDo not type a password here");
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
    let last = format!("\nhttps://plex.tv/link, code {code}{}", PRESS_ENTER.trim_end());
    assert!(screen.is_ascii() && screen.ends_with(&last), "{screen}");
    // The escapes that it shows for a QR code, and the way to turn them off.
    assert!(ssh.contents().contains("\\342\\226\\210"), "{}", ssh.contents());
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0);
    world.write_config(&world.config(&format!("{LINK}\nlink_picture = false")));
    world.sh("pkill -HUP -x plex-authd");
    world.wait_for_log(&["the configuration has been read again"]);
    let mut plain = world.ssh_terminal_in("C", HERE, "alice", 1);
    let code = plain.ask_for_code();
    let text = format!("Open https://plex.tv/link and enter the code {code}.{}", PRESS_ENTER.trim_end());
    assert!(plain.contents().ends_with(&text) && !plain.contents().contains('\\'), "{}", plain.contents());
}

/// The newcomer's mistake: the password typed at the prompt of the code, which shows it.
#[test]
fn r22_r81_text_typed_at_the_link_prompt_is_ignored_and_the_password_prompt_comes_back_once() {
    let further = format!("{EVERYWHERE}\n[throttle]\nfree_tries = 20");
    let Some(world) = World::with_everything(DEN, &further) else { return };
    world.start_sshd();
    login_asks_plex(&world);
    for way in ["ssh", "su", "login"] {
        let start = |user: &str| match way {
            "ssh" => world.ssh_terminal(HERE, user, 1),
            "su" => world.terminal(&as_user("local", &["su", user, "-c", "id -un"])),
            _ => world.terminal(&["login", user]),
        };
        world.plex().reset();
        let mut right = start("alice");
        let code = right.ask_for_code();
        right.type_line(&password("alice"));
        right.wait_for("Input ignored. Press Enter alone to continue with the code. Password: ");
        assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "{way}: what was typed is sent nowhere");
        right.type_line(&password("alice"));
        assert_eq!(last_line(&mut right, way), "alice", "{way}");
        assert_eq!(world.plex().counters().of(Endpoint::Signin), 1, "{way}");
        world.assert_code_unseen(&code);

        // Enter alone goes on with the same code, and further text brings no further password prompt.
        let mut late = start("frank");
        let code = late.ask_for_code();
        for typed in ["TYPED-SECRET", ""] {
            late.type_line(typed);
            late.wait_for(if typed.is_empty() { "Not approved yet" } else { "Input ignored." });
        }
        late.type_line("TYPED-SECRET too");
        late.wait_for("Not approved yet");
        assert_eq!(late.contents().matches("Input ignored.").count(), 1, "{way}: {}", late.contents());
        world.approve(&code, "frank");
        late.type_line("done");
        assert_eq!(last_line(&mut late, way), "frank", "{way}");

        let mut wrong = start("erin");
        wrong.ask_for_code();
        wrong.type_line("TYPED-SECRET");
        wrong.wait_for("Input ignored.");
        wrong.type_line("wrong");
        if way == "login" {
            // It asks for another name.
            wrong.wait_for("Login incorrect");
            wrong.kill();
        } else {
            assert_ne!(wrong.exit(), 0, "{way}: {}", wrong.contents());
        }
    }
    for service in ["sshd", "login"] {
        let service = format!("service=\"{service}\"");
        world.wait_for_log(&["denied", "user=\"erin\"", &service, "wrong password"]);
    }
    assert!(!world.syslog().contains("not UTF-8"));
    world.assert_no_secret_leaked();
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
    // There was no password prompt, so none comes back.
    ssh.type_line("TYPED-SECRET");
    ssh.wait_for("Not approved yet");
    assert!(!ssh.contents().contains("assword:"), "{}", ssh.contents());
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
}
