//! What PuTTY's own code shows, at 80 and 40 columns: `plink` has PuTTY's sign-in, `psftp` its SFTP. WinSCP is built on the
//! same code. The texts are those of docs/how-to/clients.md and docs/how-to/when-it-does-not-work.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, Terminal, World, password, qr_codes};

const LIMITS: &str =
    "link_sign_in = true\n[throttle]\nfree_tries = 2\nfirst_pause = \"60s\"\nlongest_pause = \"60s\"\n";

/// Settings of sshd for single accounts.
const SSHD: &str = "Subsystem sftp internal-sftp\n\
    Match User bob\nMaxAuthTries 2\n\
    Match User erin\nForceCommand internal-sftp\nPermitTTY no\n\
    Match User carol\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n";

/// A saved session without "Attempt keyboard-interactive auth".
const WITHOUT_KEYBOARD_INTERACTIVE: &str = "passwords-only";

/// A terminal with one of PuTTY's programs on it.
struct Putty<'a> {
    world: &'a World,
    columns: u16,
}

impl Putty<'_> {
    fn start(&self, program: &str, options: &[&str], user: &str, command: &[&str]) -> Terminal {
        let target = format!("{user}@127.0.0.1");
        let line = [&["env", "HOME=/root", program], options, &[target.as_str()], command].concat();
        self.world.terminal_of(self.columns, 24, "C.UTF-8", &line)
    }

    fn plink(&self, user: &str) -> Terminal {
        self.start("plink", &["-no-antispoof"], user, &["id", "-un"])
    }

    /// [`Self::plink`] with the method `password` only.
    fn password_only(&self, user: &str) -> Terminal {
        self.start("plink", &["-no-antispoof", "-load", WITHOUT_KEYBOARD_INTERACTIVE], user, &["id", "-un"])
    }
}

/// Answers the next prompts.
fn answer(terminal: &mut Terminal, answers: &[(&str, &str)]) {
    for (prompt, text) in answers {
        terminal.wait_for(prompt);
        terminal.type_line(text);
    }
}

fn assert_ends(mut terminal: Terminal, code: i32, last: &str) {
    assert_eq!(terminal.exit(), code, "{}", terminal.contents());
    let flat = terminal.contents().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.ends_with(last), "{last}:\n{}", terminal.contents());
}

/// The host key is unknown at the first connection.
fn assert_host_key_is_asked_for(putty: &Putty) {
    let mut first = putty.plink("alice");
    answer(&mut first, &[("Store key in cache?", "y"), ("| Password:", &password("alice"))]);
    assert_ends(first, 0, "alice");
}

fn assert_passwords_and_codes(putty: &Putty) {
    let mut wrong = putty.plink("alice");
    answer(&mut wrong, &[("| Password:", "wrong")]);
    wrong.wait_for("Access denied");
    answer(&mut wrong, &[("| Password:", &password("alice"))]);
    assert_ends(wrong, 0, "alice");

    // Two-factor authentication, and an account for files.
    let two_factors = [("| Password:", &*password("erin")), ("| Plex verification code:", "314159")];
    let mut shell = putty.plink("erin");
    answer(&mut shell, &two_factors);
    assert_ends(shell, 1, "This service allows sftp connections only.");
    let mut files = putty.start("psftp", &[], "erin", &[]);
    answer(&mut files, &two_factors);
    answer(&mut files, &[("psftp>", "put /etc/hostname name")]);
    files.wait_for("local:/etc/hostname => remote:/home/erin/name");
    answer(&mut files, &[("psftp>", "quit")]);
    assert_eq!(files.exit(), 0, "{}", files.contents());

    // No access: no other text than after a wrong password, until sshd's limit.
    let mut denied = putty.plink("bob");
    answer(&mut denied, &[("| Password:", &password("bob"))]);
    denied.wait_for("Access denied");
    answer(&mut denied, &[("| Password:", &password("bob"))]);
    let limit = "Remote side sent disconnect message type 2 (protocol error): \"Too many authentication failures\"";
    assert_ends(denied, 1, limit);

    let off = "No supported authentication methods available (server sent: publickey)";
    assert_ends(putty.plink("carol"), 1, off);
}

fn assert_link_sign_in(putty: &Putty) {
    let mut link = putty.plink("frank");
    answer(&mut link, &[("| Password:", "")]);
    link.wait_for("| Do not type a password here; press Enter when approved:");
    let shown = link.contents();
    let (_, behind) = shown.split_once("enter the code ").unwrap_or_else(|| panic!("{shown}"));
    let code: String = behind.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert_eq!(qr_codes(&shown), [format!("https://plex.tv/link/?pin={code}")], "{shown}");
    link.type_line("typed");
    link.wait_for("| Input ignored. Press Enter alone to continue with the code. Password:");
    putty.world.approve(&code, "frank");
    link.type_line("");
    assert_ends(link, 0, "frank");
}

/// An account that signed in from here before is told how long to wait.
fn assert_back_off(putty: &Putty) {
    let mut waits = putty.plink("alice");
    answer(&mut waits, &[("| Password:", "wrong"), ("| Password:", "wrong"), ("| Password:", &password("alice"))]);
    waits.wait_for("| Too many attempts. Try again in 1 minute.");
    waits.wait_for("Access denied");
    waits.kill();
    let mut silent = putty.password_only("alice");
    answer(&mut silent, &[("alice@127.0.0.1's password:", &password("alice"))]);
    silent.wait_for("Access denied");
    assert!(!silent.contents().contains("Too many attempts"), "{}", silent.contents());
    silent.kill();
}

/// PuTTY with its option off, or an sshd without keyboard-interactive.
fn assert_password_method(putty: &Putty) {
    let mut code = putty.password_only("erin");
    answer(&mut code, &[("erin@127.0.0.1's password:", &password("erin"))]);
    code.wait_for("Access denied");
    let appended = password("erin") + "314159";
    answer(&mut code, &[("erin@127.0.0.1's password:", &appended)]);
    assert_ends(code, 1, "This service allows sftp connections only.");
    // Enter brings no code.
    let mut empty = putty.password_only("frank");
    answer(&mut empty, &[("frank@127.0.0.1's password:", "")]);
    empty.wait_for("Access denied");
    empty.kill();
}

#[test]
fn r80_r81_putty_shows_codes_links_and_waits_at_80_and_40_columns() {
    let Some(world) = World::with_everything(DEN, LIMITS) else { return };
    world.start_sshd_with(SSHD);
    world.sh("install -d -m 700 /root/.putty /root/.putty/sessions");
    let session = format!("/root/.putty/sessions/{WITHOUT_KEYBOARD_INTERACTIVE}");
    world.write(&session, 0o600, "root:root", "Protocol=ssh\nAuthKI=0\n");
    assert_host_key_is_asked_for(&Putty { world: &world, columns: 80 });
    for columns in [80, 40] {
        let putty = Putty { world: &world, columns };
        assert_passwords_and_codes(&putty);
        assert_link_sign_in(&putty);
        assert_password_method(&putty);
        assert_back_off(&putty);
        for name in ["alice", "bob", "erin", "frank"] {
            world.sh(&format!("plex-auth forget {name} --from 127.0.0.1"));
        }
    }
    world.assert_no_secret_leaked();
}
