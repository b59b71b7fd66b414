//! The link sign-in screens in docs/screens are those that are shown today. `UPDATE_SCREENS=1` replaces them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;

use e2e::{DEN, Terminal, World, as_user, checkout, qr_codes};

const EVERYWHERE: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"sudo\"]";

/// A machine with an ssh client that asks no questions and shows no greetings.
fn den() -> Option<World> {
    let world = World::with_everything(DEN, EVERYWHERE)?;
    world.start_sshd();
    world.allow_sudo(&["alice"]);
    world.write("/etc/sudoers.d/quiet", 0o440, "root:root", "Defaults !lecture\n");
    let quiet = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nPubkeyAuthentication no\n";
    world.write("/etc/ssh/ssh_config", 0o644, "root:root", quiet);
    world.sh("touch /home/alice/.hushlogin; chown alice: /home/alice/.hushlogin");
    Some(world)
}

/// A user's shell on a terminal.
fn shell(world: &World, user: &str) -> Terminal {
    let home = format!("HOME=/home/{user}");
    let mut shell = world.terminal_of(80, 24, "C.UTF-8", &as_user(user, &["env", &home, "PS1=$ ", "sh"]));
    shell.wait_for("$ ");
    shell
}

/// Approves the code as Alice.
fn approve(world: &World, terminal: &mut Terminal) {
    let code = terminal.ask_for_code();
    world.approve(&code, "alice");
    terminal.type_line("");
}

/// A screen without what varies between sign-ins: the code, and the modules of the QR code.
fn masked(screen: &str) -> String {
    let line = |line: &str| match line.split_once(" the code ") {
        Some((before, _)) => format!("{before} the code ****."),
        None if line.contains(['█', '▀', '▄']) => "▒".repeat(line.chars().count()),
        None => line.to_owned(),
    };
    screen.lines().map(|text| line(text) + "\n").collect()
}

/// Asserts that the file shows this screen, and that its QR code contains its code.
fn assert_shown(name: &str, screen: &str) {
    let file = checkout().join("docs/screens").join(name);
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        fs::write(&file, format!("{screen}\n")).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(masked(&kept), masked(screen), "{}: UPDATE_SCREENS=1 writes it anew", file.display());
    let (_, code) = kept.split_once(" the code ").unwrap();
    let code: String = code.chars().take_while(char::is_ascii_alphanumeric).collect();
    let read = qr_codes(&kept);
    assert!(
        matches!(read.as_slice(), [address] if *address == format!("https://plex.tv/link/?pin={code}")),
        "{code}: {read:?}"
    );
}

#[test]
fn link_sign_in_screen_of_ssh_matches_the_docs() {
    let Some(world) = den() else { return };
    let mut terminal = shell(&world, "local");
    terminal.type_line("ssh alice@den");
    approve(&world, &mut terminal);
    terminal.wait_for("\n$");
    terminal.type_line("id -un");
    terminal.wait_for("\nalice\n$");
    assert_shown("link-ssh.txt", &terminal.contents());
}

#[test]
fn link_sign_in_screen_of_sudo_matches_the_docs() {
    let Some(world) = den() else { return };
    let mut terminal = shell(&world, "alice");
    terminal.type_line("sudo id -un");
    approve(&world, &mut terminal);
    terminal.wait_for("\nroot\n$");
    assert_shown("link-sudo.txt", &terminal.contents());
}
