//! Private machines to test on: real sshd, sudo, su and libpam with the module and the daemon installed, in namespaces
//! of their own. The host keeps its /etc, its users, its PAM stacks and its services.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::must_use_candidate,
    clippy::format_collect,
    reason = "an error while a test is set up should stop it with a message"
)]

mod artifacts;
pub mod callers;
mod clean;
mod daemons;
mod facts;
mod impostor;
mod kinds;
mod link;
mod logins;
mod many;
mod narrow;
mod pages;
mod pamcode;
mod picture;
mod profile;
mod recording;
mod rush;
mod screens;
mod silent;
mod smb;
mod state;
mod takeover;
mod terminal;
mod traces;
mod truth_table;
mod user_command;
mod vm;
mod world;

pub use artifacts::{built, checkout, other_protocol, package, rpm, shipped, target, with_panics};
pub use facts::{Call, EVERY, Facts, PHASES};
pub use impostor::Caller;
pub use kinds::{Kind, KindOfLogin, Logins};
pub use link::{PRESS_ENTER, qr_codes};
pub use logins::as_user;
pub use many::{Tried, Try, count};
pub use narrow::{assert_ascii, assert_fits};
pub use pamcode::{Code, Codes};
pub use picture::picture;
pub use profile::{STACK_FILES, features, rendered};
pub use recording::{Event, Recording};
pub use rush::{EIGHT, EIGHT_USERS, Rush, Rushed};
pub use screens::screen;
pub use smb::SYNC;
pub use takeover::REFUSED;
pub use terminal::Terminal;
pub use truth_table::{Login, Person, logins};
pub use user_command::{done, user};
pub use vm::Vm;
pub use world::{Out, World};

/// The world of most tests: described in the file.
pub const DEN: &str = include_str!("../../fakeplex/worlds/den.toml");

/// The Den's machine id.
pub const MACHINE: &str = "0123456789abcdef0123456789abcdef01234567";

/// The Den's own token, which its media server keeps in its preferences.
pub const SERVER_TOKEN: &str = "SERVER-TOKEN-SECRET-den";

/// This world, with the Den's own token.
#[must_use]
pub fn with_server_token(world: &str) -> String {
    let server = "name = \"Den\"\n";
    assert!(world.contains(server));
    world.replacen(server, &format!("{server}token = \"{SERVER_TOKEN}\"\n"), 1)
}

/// The Den with further friends who have access, of these names.
#[must_use]
pub fn den_with_friends(names: &[&str]) -> String {
    let account = |(id, name): (usize, &&str)| {
        format!(
            "\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{name}@example.org\"\npassword = \"{}\"\n\
             friend_of = [\"olga\"]\n",
            password(name)
        )
    };
    let accounts: String = (100..).zip(names).map(account).collect();
    let shared: String = names.iter().map(|name| format!(", \"{name}\"")).collect();
    let before = "\"erin\", \"frank\"]";
    assert!(DEN.contains(before));
    DEN.replacen(before, &format!("\"erin\", \"frank\"{shared}]"), 1) + &accounts
}

/// Plex password of an account of the Den.
#[must_use]
pub fn password(name: &str) -> String {
    format!("PASSWORD-SECRET-{name}")
}

/// Repeats `act` until it takes less than `limit`, at most five times: a busy machine delays it now and then, a defect
/// delays it every time.
pub fn within(limit: std::time::Duration, what: &str, mut act: impl FnMut()) {
    let mut took = Vec::new();
    for _ in 0..5 {
        let start = std::time::Instant::now();
        act();
        took.push(start.elapsed());
        if took.last().is_some_and(|took| *took < limit) {
            return;
        }
    }
    panic!("{what}: never within {limit:?}, but {took:?}");
}

/// The picture of the README and, ending in `.cast`, its recording.
pub const LINK_PICTURE: &str = "docs/screens/link-sign-in.svg";

/// The picture of a recorded link sign-in.
#[must_use]
pub fn link_picture(recording: &Recording) -> String {
    picture(
        recording,
        "Link sign-in over SSH",
        "A terminal: Alice runs ssh alice@den and presses Enter at the password prompt. A QR code and a link code appear. \
         She approves the code at plex.tv/link on her phone, presses Enter, and has a shell.",
    )
}

/// Commands under a heading of a page: its `sh` blocks.
#[must_use]
pub fn page_commands(page: &str, heading: &str) -> String {
    let text = std::fs::read_to_string(checkout().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{page}: no {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("\n```sh\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}
