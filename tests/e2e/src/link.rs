//! Signing in by link, as a person does it: a code read from a screen, and approved at plex.tv.

use fakeplex::{Command, Endpoint, Fault, Rule};

use crate::pamcode::{Code, Codes};
use crate::terminal::Terminal;
use crate::world::World;

/// What the prompts of a link sign-in end with.
pub const PRESS_ENTER: &str = "then press Enter: ";

/// Pixels of a module's side in the picture that a camera would take of a screen.
const PIXELS: usize = 4;

impl World {
    /// Approves a link code at plex.tv, as this person.
    pub fn approve(&self, code: &str, name: &str) {
        self.plex().send(&Command::Approve(code.into(), name.into())).unwrap();
    }

    /// Opens an address in the browser of this person, who is signed in at Plex, and approves what is asked there.
    pub fn follow_address(&self, address: &str, name: &str) {
        let followed = self.plex().send(&Command::Follow(address.into(), name.into()));
        followed.unwrap_or_else(|why| panic!("{address}: {why}"));
    }

    /// Makes every link code as old as can be.
    pub fn expire_codes(&self) {
        self.plex().send(&Command::ExpirePins).unwrap();
    }

    /// From now on this goes wrong there so many times.
    pub fn fault_times(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.plex().send(&Command::Fault(Rule { endpoint, fault, times: Some(times) })).unwrap();
    }

    /// The module's own code, said by a small PAM program on a terminal, for somebody who comes from this remote host. The
    /// program knows nothing of UTF-8, so no picture is shown.
    #[must_use]
    pub fn pam_terminal(&self, service: &str, user: &str, rhost: &str) -> Terminal {
        self.terminal(&[&self.c_program("pamcode"), service, user, "auth", rhost])
    }

    /// No log and no file of the daemon's has this code.
    pub fn assert_code_unseen(&self, code: &str) {
        let found = self.sh(&format!("grep -rl '{code}' /var/log /var/lib/plex-auth || true")).stdout;
        assert!(found.is_empty(), "the code {code} is in:\n{found}\n{}", self.syslog());
    }
}

impl Terminal {
    /// Answers the password prompt with nothing, and reads the code that is shown then.
    pub fn ask_for_code(&mut self) -> String {
        self.wait_for("assword");
        self.type_line("");
        self.link_code()
    }

    /// Presses Enter, and reads the module's code: see [`World::pam_terminal`].
    pub fn verdict(&mut self) -> Code {
        self.type_line("");
        assert_eq!(self.exit(), 0, "{}", self.contents());
        Codes { text: self.contents() }.of("auth")
    }

    /// Waits for the first prompt of a link sign-in and reads the code in it.
    pub fn link_code(&mut self) -> String {
        self.wait_for(PRESS_ENTER);
        let shown = self.contents();
        let (_, behind) = shown.rsplit_once("enter the code ").unwrap_or_else(|| panic!("no code in:\n{shown}"));
        behind.chars().take_while(char::is_ascii_alphanumeric).collect()
    }
}

/// What a camera reads on a screen of light characters on a dark ground: the text of each QR code.
#[must_use]
pub fn qr_codes(screen: &str) -> Vec<String> {
    let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let light = |x: usize, y: usize| match lines.get(y / 2).and_then(|line| line.get(x)) {
        Some('█') => true,
        Some('▀') => y.is_multiple_of(2),
        Some('▄') => !y.is_multiple_of(2),
        _ => false,
    };
    let brightness = |x: usize, y: usize| if light(x / PIXELS, y / PIXELS) { 255 } else { 0 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(columns * PIXELS, lines.len() * 2 * PIXELS, brightness);
    image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect()
}
