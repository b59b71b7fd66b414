//! Requests to plex-authd.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::{
    AccountDecision, AdminReply, AdminRequest, AdminResponse, Connection, Deadline, FriendListStatus, KnownAccount,
    ListedFriend, Login, Request, Untrusted,
};

use super::plex_tv::QUESTION;
use crate::error::Error;

/// Timeout for an answer that needs no request to plex.tv.
const ANSWER: Duration = Duration::from_secs(5);

/// Error for a socket that cannot be connected to.
pub(crate) fn unreachable(socket: &Path, error: &protocol::Error) -> Error {
    let down = match error {
        protocol::Error::Io(error) | protocol::Error::Untrusted(Untrusted::Unreadable(_, error)) => {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
        }
        _ => false,
    };
    let socket = socket.display();
    if down {
        let what = format!("plex-authd is not running: no process listens at {socket}");
        Error::daemon_down(what).hint("run: systemctl start plex-authd.socket")
    } else {
        Error::new(format!("plex-authd cannot be reached at {socket}: {error}")).hint("run: plex-auth doctor")
    }
}

/// Error for a reply that does not fit the request.
pub(crate) fn unexpected_reply() -> Error {
    Error::new("plex-authd sent an unexpected reply").hint("run: systemctl restart plex-authd")
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn broken(error: protocol::Error) -> Error {
    Error::new(format!("plex-authd: {error}"))
}

/// Tests whether the file is newer than the version that was read `age` seconds ago. Precise to a second.
pub(crate) fn changed_since(file: &Path, age: u64) -> bool {
    let changed = fs::metadata(file).and_then(|metadata| metadata.modified());
    let read =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(Duration::from_secs(age));
    changed.is_ok_and(|changed| changed.duration_since(UNIX_EPOCH).unwrap_or_default() > read)
}

/// Makes plex-authd forget the Plex account that a local account was bound to.
///
/// # Errors
/// As [`Daemon::ask`].
pub(crate) fn forget(socket: &Path, local: &str) -> Result<(), Error> {
    Daemon::open(socket)?.ask(AdminRequest::Forget(local.to_owned())).map(|_| ())
}

/// Everything that plex-authd knows of local accounts.
///
/// # Errors
/// As [`Daemon::ask`].
pub(crate) fn known_accounts(socket: &Path) -> Result<Vec<KnownAccount>, Error> {
    Daemon::open(socket)?.list(AdminRequest::Accounts)
}

/// Item of a list that arrives in parts.
pub(crate) trait Item: Sized {
    /// The items of a part, if it is a part of such a list.
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

impl Item for AccountDecision {
    fn of(part: AdminResponse) -> Option<Vec<Self>> {
        if let AdminResponse::Decisions(decisions) = part { Some(decisions) } else { None }
    }
}

impl Item for ListedFriend {
    fn of(part: AdminResponse) -> Option<Vec<Self>> {
        if let AdminResponse::FriendList(people) = part { Some(people) } else { None }
    }
}

/// Connection to the daemon.
pub(crate) struct Daemon {
    connection: Connection,
    timeout: Duration,
}

impl Daemon {
    /// Connects to the daemon's socket.
    ///
    /// # Errors
    /// The daemon is not running, or the socket cannot be trusted.
    pub(crate) fn open(socket: &Path) -> Result<Self, Error> {
        let connection = Connection::open(socket).map_err(|error| unreachable(socket, &error))?;
        Ok(Self { connection, timeout: ANSWER })
    }

    /// Extends the timeout, for requests that may need plex.tv.
    pub(crate) fn patient(self) -> Self {
        Self { timeout: ANSWER + QUESTION, ..self }
    }

    /// Sends a request and receives its response.
    ///
    /// # Errors
    /// No response arrives, the daemon reports a failure, or the caller is not root.
    pub(crate) fn ask(&mut self, request: AdminRequest) -> Result<AdminResponse, Error> {
        self.connection.send(&Request::Admin(request), Deadline::after(ANSWER)).map_err(broken)?;
        self.receive()
    }

    /// Requests a list.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn list<T: Item>(&mut self, request: AdminRequest) -> Result<Vec<T>, Error> {
        let first = self.ask(request)?;
        self.parts(first)
    }

    /// Requests the friend list, with its status.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn friend_list(&mut self) -> Result<(FriendListStatus, Vec<ListedFriend>), Error> {
        let AdminResponse::ListStatus(status) = self.ask(AdminRequest::FriendList)? else {
            return Err(unexpected_reply());
        };
        let first = self.receive()?;
        Ok((status, self.parts(first)?))
    }

    /// Receives a list of which this is the first part.
    fn parts<T: Item>(&mut self, first: AdminResponse) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut response = first;
        loop {
            let part = T::of(response).ok_or_else(unexpected_reply)?;
            if part.is_empty() {
                return Ok(all);
            }
            all.extend(part);
            response = self.receive()?;
        }
    }

    fn receive(&mut self) -> Result<AdminResponse, Error> {
        match self.connection.receive(Deadline::after(self.timeout)) {
            Ok(AdminReply::Response { managed: AdminResponse::NotYours }) => {
                Err(Error::new("only root may ask plex-authd this").hint("use sudo"))
            }
            Ok(AdminReply::Response { managed: AdminResponse::Failed(why) }) => {
                Err(Error::new(format!("plex-authd: {why}")))
            }
            Ok(AdminReply::Response { managed }) => Ok(managed),
            Ok(AdminReply::Login(_)) => Err(unexpected_reply()),
            Err(error) => Err(broken(error)),
        }
    }
}
