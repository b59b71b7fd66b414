//! Rollback of an interrupted or failed run: changes are undone in reverse, the terminal's echo is restored, and an unused token
//! is revoked.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::termios::{self, SetArg, Termios};
use plex::{Client, Token};

use crate::error::Error;
use crate::ui::terminal;

/// Timeout of a revocation.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// Time for the signal handler to run.
const SETTLE: Duration = Duration::from_millis(500);

/// Exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// Undoes one change.
pub(super) type Step = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// State to roll back.
struct Undo {
    /// A new token that is in no file yet.
    fresh: Option<(Client, Token)>,
    /// Terminal settings before a password prompt.
    terminal: Option<Termios>,
    /// The changes so far.
    steps: Vec<Step>,
    /// All changes are made.
    is_done: bool,
}

/// The run was interrupted: no further change is made.
static STOPPED: AtomicBool = AtomicBool::new(false);

static UNDO: Mutex<Undo> = Mutex::new(Undo { fresh: None, terminal: None, steps: Vec::new(), is_done: false });

/// Installs the rollback for interrupts.
pub(crate) fn watch() {
    undo().terminal = termios::tcgetattr(io::stdin()).ok();
    // Without a handler, the signal ends the program, and each file is complete all the same.
    let _ = ctrlc::set_handler(|| {
        STOPPED.store(true, Ordering::Relaxed);
        // Waits for a change that is being made.
        let mut undo = undo();
        if let Some(terminal) = &undo.terminal {
            let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, terminal);
        }
        let is_undone = undo.back();
        let what = match (undo.is_done, is_undone) {
            (true, _) => "everything was done already",
            (false, true) => "nothing was changed",
            (false, false) => "not everything could be undone",
        };
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

/// Makes a change without interruption. `change` returns what undoes it, if there is something to undo.
///
/// # Errors
/// As `change`.
pub(crate) fn step(change: impl FnOnce() -> Result<Option<Step>, Error>) -> Result<(), Error> {
    let mut undo = undo_of_a_change();
    let step = change()?;
    undo.steps.extend(step);
    Ok(())
}

/// The state, for a change. Once the run is interrupted, the signal handler ends the program.
fn undo_of_a_change() -> MutexGuard<'static, Undo> {
    loop {
        let undo = undo();
        if !STOPPED.load(Ordering::Relaxed) {
            return undo;
        }
        drop(undo);
        std::thread::sleep(SETTLE);
    }
}

/// Undoes the changes so far, after a failure. What cannot be undone is printed.
pub(crate) fn back() {
    undo().back();
}

/// Makes the last change, after which nothing is undone and the token is kept.
///
/// # Errors
/// As `change`; nothing is undone then either.
pub(crate) fn finish(change: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let mut undo = undo_of_a_change();
    undo.steps.clear();
    undo.fresh = None;
    undo.is_done = true;
    change()
}

impl Undo {
    /// Undoes the changes in reverse. False if one could not be undone.
    fn back(&mut self) -> bool {
        let failures = self.steps.drain(..).rev().filter_map(|step| step().err()).map(terminal::warn).count();
        failures == 0
    }
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
