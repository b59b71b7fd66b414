//! Asking plex-authd.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use protocol::{
    AdminRequest, AdminResponse, Connection, Deadline, KnownAccount, ListedFriend, Login, Reply, Request, Untrusted,
};

use crate::client::plex_tv::QUESTION;
use crate::error::Error;

/// How long the daemon may take for an answer that needs nobody else.
const ANSWER: Duration = Duration::from_secs(5);

/// Nobody answers at the socket.
pub(crate) fn unreachable(socket: &Path, error: &protocol::Error) -> Error {
    let down = match error {
        protocol::Error::Io(error) | protocol::Error::Untrusted(Untrusted::Unreadable(_, error)) => {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
        }
        _ => false,
    };
    let socket = socket.display();
    if down {
        let what = format!("plex-authd is not running: nobody listens at {socket}");
        Error::new(what).mend("start it: systemctl start plex-authd.socket")
    } else {
        Error::new(format!("plex-authd cannot be asked at {socket}: {error}")).mend("plex-auth doctor")
    }
}

/// The daemon answers something else than it was asked.
pub(crate) fn astray() -> Error {
    Error::new("plex-authd answered something else").mend("restart it: systemctl restart plex-authd")
}

/// An item of a list, which comes in parts.
pub(crate) trait Item: Sized {
    /// The items of a part.
    fn of(part: AdminResponse) -> Option<Vec<Self>>;
}

impl Item for Login {
    fn of(part: AdminResponse) -> Option<Vec<Self>> {
        if let AdminResponse::Logins(logins) = part { Some(logins) } else { None }
    }
}

impl Item for KnownAccount {
    fn of(part: AdminResponse) -> Option<Vec<Self>> {
        if let AdminResponse::Accounts(accounts) = part { Some(accounts) } else { None }
    }
}

impl Item for ListedFriend {
    fn of(part: AdminResponse) -> Option<Vec<Self>> {
        if let AdminResponse::People(people) = part { Some(people) } else { None }
    }
}

/// A conversation with the daemon.
pub(crate) struct Daemon {
    connection: Connection,
    patience: Duration,
}

impl Daemon {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there, or nobody that can be trusted.
    pub(crate) fn open(socket: &Path) -> Result<Self, Error> {
        let connection = Connection::open(socket).map_err(|error| unreachable(socket, &error))?;
        Ok(Self { connection, patience: ANSWER })
    }

    /// The same for questions that plex.tv may have to be asked for.
    pub(crate) fn patient(self) -> Self {
        Self { patience: ANSWER + QUESTION, ..self }
    }

    /// Asks one question.
    ///
    /// # Errors
    /// When there is no answer, or this is not the superuser's process.
    pub(crate) fn ask(&mut self, question: AdminRequest) -> Result<AdminResponse, Error> {
        let broken = |error: protocol::Error| Error::new(format!("plex-authd: {error}"));
        self.connection.send(&Request::Admin(question), Deadline::after(ANSWER)).map_err(broken)?;
        self.answer()
    }

    /// Asks for a list.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn list<T: Item>(&mut self, question: AdminRequest) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut answer = self.ask(question)?;
        loop {
            let part = T::of(answer).ok_or_else(astray)?;
            if part.is_empty() {
                return Ok(all);
            }
            all.extend(part);
            answer = self.answer()?;
        }
    }

    /// Its next answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn answer(&mut self) -> Result<AdminResponse, Error> {
        match self.connection.receive(Deadline::after(self.patience)) {
            Ok(Reply::Admin(AdminResponse::NotYours)) => {
                Err(Error::new("only root may ask plex-authd this").mend("use sudo"))
            }
            Ok(Reply::Admin(AdminResponse::Failed(why))) => Err(Error::new(format!("plex-authd: {why}"))),
            Ok(Reply::Admin(answer)) => Ok(answer),
            Ok(_) => Err(astray()),
            Err(error) => Err(Error::new(format!("plex-authd: {error}"))),
        }
    }
}
