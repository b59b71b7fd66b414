//! Rollback of an interrupted or failed run: the file is the old or the new one, the terminal's echo is restored, and an
//! unused token is revoked.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::termios::{self, SetArg, Termios};
use plex::{Client, Token};

use crate::ui::terminal;

/// Timeout of a revocation.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// Time for the signal handler to run.
const SETTLE: Duration = Duration::from_millis(500);

/// Exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// State to roll back.
struct Undo {
    /// A new token that is in no file yet.
    fresh: Option<(Client, Token)>,
    /// Terminal settings before a password prompt.
    terminal: Option<Termios>,
    /// The new file is written.
    written: bool,
}

static UNDO: Mutex<Undo> = Mutex::new(Undo { fresh: None, terminal: None, written: false });

/// Installs the rollback for interrupts.
pub(crate) fn watch() {
    undo().terminal = termios::tcgetattr(io::stdin()).ok();
    // Without a handler, the signal ends the program, and the file is complete all the same.
    let _ = ctrlc::set_handler(|| {
        // Waits for a file that is being written.
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

/// Waits for the signal handler: a hidden prompt fails at Ctrl-C and raises the signal too, which decides.
pub(crate) fn settle() {
    std::thread::sleep(SETTLE);
}

/// Registers a new token, to be revoked unless it is written.
pub(crate) fn fresh_token(client: &Client, token: &Token) {
    undo().fresh = Some((client.clone(), token.clone()));
}

/// Writes the file without interruption, after which the token is kept.
pub(crate) fn write<E>(write: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    let mut undo = undo();
    write()?;
    undo.fresh = None;
    undo.written = true;
    Ok(())
}

/// Revokes an unused token.
pub(crate) fn give_up() {
    sign_out(&mut undo());
}

fn sign_out(undo: &mut Undo) {
    if let Some((client, token)) = undo.fresh.take() {
        // After a failure, the device remains in the owner's list at plex.tv.
        let _ = client.sign_out(&token, Instant::now() + GOOD_BYE);
    }
}

fn undo() -> MutexGuard<'static, Undo> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}
