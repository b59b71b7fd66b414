//! Prompt for a secret, without echo.

use std::fs::File;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::error::Error;

/// Prompts for a secret. Echo is off before the question appears, since the secret may be pasted at once.
///
/// # Errors
/// There is no terminal.
pub(crate) fn ask_hidden(question: &str) -> Result<protocol::Secret, Error> {
    let _silent = Silence::new();
    rpassword::prompt_password(format!("{} ", super::terminal::question(&format!("{question}:"))))
        .map(protocol::Secret::from)
        .map_err(|error| Error::new(format!("there is no terminal for questions: {error}")))
}

/// Turns echo off until it is dropped.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    /// `None` without a terminal; the prompt then fails and reports it.
    fn new() -> Option<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut silent = before.clone();
        // Control-C is an ordinary key, so that it cannot end the program and leave the terminal in this state.
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSANOW, &silent).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
    }
}
