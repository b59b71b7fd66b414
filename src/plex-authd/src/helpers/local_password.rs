//! Client of `plex-auth-shadow`, which reports as root if an account has a local password.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use policy::Account;
use protocol::local_password::{LocalPasswordReply, LocalPasswordRequest, SOCKET};
use protocol::{Connection, Deadline};
use system::accounts;

use crate::log::Log;

/// Time limit of a request. It usually needs a few milliseconds, and the user has not been prompted yet.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Queries the service, and logs its failures.
pub(crate) struct LocalPasswords {
    log: Log,
    /// The last request failed; logged once.
    failing: AtomicBool,
}

impl LocalPasswords {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, failing: AtomicBool::new(false) }
    }

    /// No local password can sign in to this account. False if the service does not answer, and for an account of another
    /// source than `/etc/passwd`: its password is kept there.
    pub(crate) fn has_none(&self, account: &Account) -> bool {
        if !accounts::is_in_passwd(account).unwrap_or(false) {
            return false;
        }
        let reply = query(&account.name);
        let was_failing = self.failing.swap(reply.is_err(), Ordering::Relaxed);
        match reply {
            Ok(reply) => reply == LocalPasswordReply::Nothing,
            Err(error) => {
                if !was_failing {
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

fn query(account: &str) -> Result<LocalPasswordReply, protocol::Error> {
    let deadline = Deadline::after(TIMEOUT);
    let mut connection = Connection::open(Path::new(SOCKET))?;
    connection.send(&LocalPasswordRequest { version: protocol::VERSION, user: account.to_owned() }, deadline)?;
    connection.receive(deadline)
}
