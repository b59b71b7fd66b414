//! Asking plex-authd.

use std::path::Path;
use std::time::Duration;

use wire::{Connection, Deadline, Manage, Managed, Reply, Request};

use crate::failure::Failure;

/// How long the daemon may take for an answer that needs nobody else.
const ANSWER: Duration = Duration::from_secs(5);

/// A conversation with the daemon.
pub(crate) struct Daemon(Connection);

impl Daemon {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there, or nobody that can be trusted.
    pub(crate) fn open(socket: &Path) -> Result<Self, Failure> {
        Connection::open(socket).map(Self).map_err(|error| {
            Failure::new(format!("plex-authd cannot be asked at {}: {error}", socket.display()))
                .mend("start it: systemctl start plex-authd.socket")
        })
    }

    /// Asks one question.
    ///
    /// # Errors
    /// When there is no answer, or this is not the superuser's process.
    pub(crate) fn ask(&mut self, question: Manage) -> Result<Managed, Failure> {
        let broken = |error: wire::Error| Failure::new(format!("plex-authd: {error}"));
        self.0.send(&Request::Manage(question), Deadline::after(ANSWER)).map_err(broken)?;
        self.answer()
    }

    /// Its next answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn answer(&mut self) -> Result<Managed, Failure> {
        match self.0.receive(Deadline::after(ANSWER)) {
            Ok(Reply::Managed(Managed::NotYours)) => {
                Err(Failure::new("only root may ask plex-authd this").mend("use sudo"))
            }
            Ok(Reply::Managed(Managed::Failed(why))) => Err(Failure::new(format!("plex-authd: {why}"))),
            Ok(Reply::Managed(answer)) => Ok(answer),
            Ok(_) => {
                Err(Failure::new("plex-authd answered something else").mend("restart it: systemctl restart plex-authd"))
            }
            Err(error) => Err(Failure::new(format!("plex-authd: {error}"))),
        }
    }
}
