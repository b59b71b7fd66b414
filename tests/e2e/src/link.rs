//! Link sign-in as a user does it: a code read from a screen and approved at plex.tv.

use fakeplex::{Command, Endpoint, Fault, Rule};

use crate::pamcode::{Code, Codes};
use crate::terminal::Terminal;
use crate::world::World;

/// End of the prompts of a link sign-in.
pub const PRESS_ENTER: &str = "\nDo not type a password here; press Enter when approved: ";

/// Pixels per side of a QR module in the image that a camera would take of the screen.
const PIXELS: usize = 4;

impl World {
    /// Approves a link code at plex.tv, signed in as `name`.
    pub fn approve(&self, code: &str, name: &str) {
        self.plex().send(&Command::Approve(code.into(), name.into())).unwrap();
    }

    /// Opens an address in the browser of `name`, who is signed in at plex.tv, and approves the request there.
    pub fn follow_address(&self, address: &str, name: &str) {
        let followed = self.plex().send(&Command::Follow(address.into(), name.into()));
        followed.unwrap_or_else(|why| panic!("{address}: {why}"));
    }

    /// Expires every link code.
    pub fn expire_codes(&self) {
        self.plex().send(&Command::ExpirePins).unwrap();
    }

    /// Makes plex.tv fail in this way the next `times` times.
    pub fn fault_times(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.plex().send(&Command::Fault(Rule { endpoint, fault, times: Some(times) })).unwrap();
    }

    /// A terminal with a small PAM program that prints the module's own code, for a user from this remote host. The
    /// program does not set a UTF-8 locale, so no QR code is shown.
    #[must_use]
    pub fn pam_terminal(&self, service: &str, user: &str, rhost: &str) -> Terminal {
        self.terminal(&[&self.c_program("pamcode"), service, user, "auth", rhost])
    }

    /// Asserts that no log and no file of the daemon contains this code.
    pub fn assert_code_unseen(&self, code: &str) {
        let found = self.sh(&format!("grep -rl '{code}' /var/log /var/lib/plex-auth || true")).stdout;
        assert!(found.is_empty(), "the code {code} is in:\n{found}\n{}", self.syslog());
    }
}

impl Terminal {
    /// Leaves the password prompt empty and reads the code that is shown then.
    pub fn ask_for_code(&mut self) -> String {
        self.wait_for("assword");
        self.type_line("");
        self.link_code()
    }

    /// Presses Enter and reads the module's return code: see [`World::pam_terminal`].
    pub fn verdict(&mut self) -> Code {
        self.type_line("");
        assert_eq!(self.exit(), 0, "{}", self.contents());
        Codes { text: self.contents() }.of("auth")
    }

    /// Waits for the first prompt of a link sign-in and reads the code in it.
    pub fn link_code(&mut self) -> String {
        self.wait_for(PRESS_ENTER);
        // The prompt has the word too: the next wait is for a password prompt.
        self.wait_for("assword");
        let shown = self.contents();
        let (_, behind) = shown.rsplit_once("enter the code ").unwrap_or_else(|| panic!("no code in:\n{shown}"));
        behind.chars().take_while(char::is_ascii_alphanumeric).collect()
    }
}

/// The text of each QR code on a screen of light characters on a dark background, as a camera reads it.
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
