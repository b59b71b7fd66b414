//! Whether an account has a local password: `plex-auth-shadow` knows, as root, and this is who asks it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use protocol::local_password::{LocalPasswordReply, LocalPasswordRequest, SOCKET};
use protocol::{Connection, Deadline};

use crate::log::Log;

/// How long the answer may take. It takes a few milliseconds, and nobody has been asked for anything yet.
const ANSWER: Duration = Duration::from_secs(1);

/// The one to ask.
pub(crate) struct Shadow {
    log: Log,
    /// Whether it did not answer the last time, which is said once.
    silent: AtomicBool,
}

impl Shadow {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, silent: AtomicBool::new(false) }
    }

    /// Whether nobody can sign in to this account with a local password. What cannot be told counts as no.
    pub(crate) fn has_no_password(&self, account: &str) -> bool {
        let answer = ask(account);
        let was_silent = self.silent.swap(answer.is_err(), Ordering::Relaxed);
        match answer {
            Ok(answer) => answer == LocalPasswordReply::Nothing,
            Err(error) => {
                if !was_silent {
                    self.log.warning(format!(
                        "{SOCKET}: {error}; every account is asked for a local password first until it is there: \
                         systemctl enable --now plex-auth-shadow.socket"
                    ));
                }
                false
            }
        }
    }
}

fn ask(account: &str) -> Result<LocalPasswordReply, protocol::Error> {
    let deadline = Deadline::after(ANSWER);
    let mut connection = Connection::open(Path::new(SOCKET))?;
    connection.send(&LocalPasswordRequest { version: protocol::VERSION, user: account.to_owned() }, deadline)?;
    connection.receive(deadline)
}
