//! Asking for a secret, which is not shown.

use std::fs::File;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::error::Error;

/// Asks for a secret. What is typed is not shown from before the question on, for it may be pasted at once.
///
/// # Errors
/// When there is no terminal to ask at.
pub(crate) fn ask_hidden(question: &str) -> Result<protocol::Secret, Error> {
    let _silent = Silence::new();
    rpassword::prompt_password(format!("{question}: "))
        .map(protocol::Secret::from)
        .map_err(|error| Error::new(format!("nobody can be asked for it here: {error}")))
}

/// A terminal that shows nothing of what is typed; as it was before when this is dropped.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    /// None where there is no terminal; whoever asks there says so.
    fn new() -> Option<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut silent = before.clone();
        // Control-C is a key meanwhile, as it is to whoever asks: the program does not end and leave the terminal like this.
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
