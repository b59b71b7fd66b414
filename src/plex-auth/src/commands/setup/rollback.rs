//! Ctrl-C, and whatever else ends a run early: the file is the old one or the new one, the terminal shows again what is
//! typed, and a token that was made for nothing is signed out.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::termios::{self, SetArg, Termios};
use plex::{Client, Token};

use crate::ui::terminal;

/// How long a good-bye to plex.tv may take.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// How long the handler may take to be there.
const SETTLE: Duration = Duration::from_millis(500);

/// The exit code of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// What is to be undone.
struct Undo {
    /// A token of a sign-in that no file holds yet.
    fresh: Option<(Client, Token)>,
    /// The terminal before a password was asked for.
    terminal: Option<Termios>,
    /// Whether the new file is there.
    written: bool,
}

static UNDO: Mutex<Undo> = Mutex::new(Undo { fresh: None, terminal: None, written: false });

/// From now on an interrupted run leaves nothing behind.
pub(crate) fn watch() {
    undo().terminal = termios::tcgetattr(io::stdin()).ok();
    // Where there is no handler to be had, the signal ends the program by itself, and the file is whole all the same.
    let _ = ctrlc::set_handler(|| {
        // Held by a file that is being written: it is finished first.
        let mut undo = undo();
        if let Some(terminal) = &undo.terminal {
            let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, terminal);
        }
        let what = if undo.written { "the configuration is written" } else { "nothing was changed" };
        terminal::warn(format!("stopped; {what}"));
        sign_out(&mut undo);
        std::process::exit(INTERRUPTED);
    });
}

/// A hidden question takes Ctrl-C as a key: it fails, and raises the signal besides. The signal has the last word.
pub(crate) fn settle() {
    std::thread::sleep(SETTLE);
}

/// A token that is good for nothing unless it is kept.
pub(crate) fn fresh_token(client: &Client, token: &Token) {
    undo().fresh = Some((client.clone(), token.clone()));
}

/// Writes the file, uninterrupted, after which the token has its place.
pub(crate) fn write<E>(write: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    let mut undo = undo();
    write()?;
    undo.fresh = None;
    undo.written = true;
    Ok(())
}

/// Signs out what was made for nothing.
pub(crate) fn give_up() {
    sign_out(&mut undo());
}

fn sign_out(undo: &mut Undo) {
    if let Some((client, token)) = undo.fresh.take() {
        // Nothing can be done about a failure, and the owner finds the device in their list at plex.tv.
        let _ = client.sign_out(&token, Instant::now() + GOOD_BYE);
    }
}

fn undo() -> MutexGuard<'static, Undo> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}
