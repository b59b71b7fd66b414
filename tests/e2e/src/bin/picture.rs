//! `make picture`: records a link sign-in over SSH on a private machine, and draws it for the README.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a command for developers; an error stops it with a message"
)]

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use e2e::{DEN, LINK_PICTURE, Terminal, World, as_user, checkout, link_picture};

/// Size of the terminal.
const COLUMNS: u16 = 76;
const LINES: u16 = 27;

fn main() -> ExitCode {
    let Some(world) = World::with_everything(DEN, "link_sign_in = true") else { return ExitCode::FAILURE };
    world.start_sshd();
    let quiet = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nPubkeyAuthentication no\n";
    world.write("/etc/ssh/ssh_config", 0o644, "root:root", quiet);
    world.sh("touch /home/alice/.hushlogin; chown alice: /home/alice/.hushlogin");

    let shell = as_user("local", &["env", "HOME=/home/local", "PS1=alice@laptop:~$ ", "sh"]);
    let mut terminal = world.terminal_of(COLUMNS, LINES, "C.UTF-8", &shell);
    terminal.wait_for("alice@laptop:~$");
    wait(1000);
    type_slowly(&mut terminal, "ssh alice@den");
    terminal.wait_for("assword");
    terminal.mark("Alice presses Enter instead of typing a password");
    wait(1800);
    terminal.type_line("");
    let code = terminal.link_code();
    terminal.mark("The QR code opens plex.tv/link with the code filled in");
    wait(3500);
    world.approve(&code, "alice");
    terminal.mark(&format!("On her phone, at plex.tv/link: Alice approves {code}"));
    wait(2500);
    terminal.type_line("");
    terminal.wait_for("\n$");
    terminal.mark("Approved by the Plex account that alice belongs to: she is signed in");
    wait(800);
    type_slowly(&mut terminal, "id -un");
    terminal.wait_for("\nalice\n$");
    wait(500);

    let recording = terminal.recording();
    let text = recording.to_asciicast();
    assert!(!text.contains("SECRET"), "a secret is on the screen:\n{text}");
    for (end, contents) in [("cast", text), ("svg", link_picture(&recording))] {
        let file = checkout().join(LINK_PICTURE).with_extension(end);
        fs::write(&file, contents).unwrap();
        println!("{}", file.display());
    }
    ExitCode::SUCCESS
}

/// Types a line as fast as a person does.
fn type_slowly(terminal: &mut Terminal, line: &str) {
    for letter in line.chars() {
        terminal.type_text(&letter.to_string());
        wait(70);
    }
    wait(300);
    terminal.type_line("");
}

fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
