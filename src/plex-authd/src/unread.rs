//! Connections whose request has not been read yet. They have no thread: the main loop reads them. A process that says nothing
//! is no trouble to others (R70): each user has a share of these connections, and when all are in use, the oldest one of the user
//! with the most makes room. Every connection gets a verdict (R65).

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use protocol::{Connection, Deadline, Error, Peer, Reply, Request, Verdict};

/// Time limit for a request. The module sends it at once, and gives up after a silence of 1.8 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// The most connections of root's processes, which are the system's logins, and of each trusted caller's.
const OF_SERVICE: usize = 256;

/// The most of any other user, and of all these users together.
const OF_USER: (usize, usize) = (8, 64);

/// A user's share of the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// root, or a trusted caller: a share of its own.
    Service,
    /// Any other user.
    User,
}

/// The connections, oldest first.
#[derive(Default)]
pub(crate) struct Unread(Vec<Waiting>);

struct Waiting {
    connection: Connection,
    peer: Peer,
    group: Group,
    deadline: Instant,
}

/// A connection that is no longer waited for.
pub(crate) enum Read {
    Request(Connection, Peer, Box<Request>),
    /// It was closed with a verdict, without a request: the reason and the user of the process.
    Closed(Silence, u32),
}

/// Why a connection was closed without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It sent no request within [`REQUEST_TIMEOUT`].
    TimedOut,
    /// It made room for another one.
    Displaced,
    /// It sent something that is no request.
    Malformed,
    /// The process has disconnected.
    Disconnected,
}

impl Unread {
    /// Adds a connection. Returns it if its request is there already, and the one that makes room for it.
    ///
    /// # Errors
    /// The kernel does not say who is at the other end.
    pub(crate) fn add(&mut self, stream: UnixStream, group: impl Fn(u32) -> Group) -> Result<Vec<Read>, Error> {
        let connection = Connection::accepted(stream)?;
        let peer = connection.peer()?;
        let waiting = Waiting { connection, peer, group: group(peer.uid), deadline: Instant::now() + REQUEST_TIMEOUT };
        let waiting = match waiting.read() {
            Ok(read) => return Ok(vec![read]),
            Err(waiting) => waiting,
        };
        self.0.push(waiting);
        let owners: Vec<_> = self.0.iter().map(|waiting| (waiting.group, waiting.peer.uid)).collect();
        let Some(place) = displaced(&owners) else { return Ok(Vec::new()) };
        // Its request may have arrived a moment ago.
        let read = self.0.remove(place).read();
        Ok(vec![read.unwrap_or_else(|waiting| waiting.close(Silence::Displaced))])
    }

    /// Descriptors to wait for, in the order of [`Self::read`].
    pub(crate) fn poll_fds(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.0.iter().map(|waiting| PollFd::new(waiting.connection.as_fd(), PollFlags::POLLIN))
    }

    /// The time at which the oldest connection is closed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.first().map(|waiting| waiting.deadline)
    }

    /// Reads from the connections that are readable, and closes those whose time is up.
    pub(crate) fn read(&mut self, readable: &[bool]) -> Vec<Read> {
        let now = Instant::now();
        let mut done = Vec::new();
        let mut readable = readable.iter();
        for waiting in std::mem::take(&mut self.0) {
            let read = if readable.next() == Some(&true) { waiting.read() } else { Err(waiting) };
            match read {
                Ok(read) => done.push(read),
                Err(waiting) if waiting.deadline <= now => done.push(waiting.close(Silence::TimedOut)),
                Err(waiting) => self.0.push(waiting),
            }
        }
        done
    }

    /// Closes all connections, with a verdict.
    pub(crate) fn close(self) {
        for waiting in self.0 {
            waiting.close(Silence::Displaced);
        }
    }
}

impl Waiting {
    /// Reads without waiting; gives the connection back if its request is not complete.
    fn read(mut self) -> Result<Read, Self> {
        match self.connection.receive::<Request>(Deadline::after(Duration::ZERO)) {
            Ok(request) => Ok(Read::Request(self.connection, self.peer, Box::new(request))),
            Err(Error::TimedOut) => Err(self),
            Err(Error::Closed) => Ok(Read::Closed(Silence::Disconnected, self.peer.uid)),
            Err(_) => Ok(self.close(Silence::Malformed)),
        }
    }

    /// Without a verdict, the account phase of a module would fall back to the local group.
    fn close(mut self, why: Silence) -> Read {
        refuse(&mut self.connection);
        Read::Closed(why, self.peer.uid)
    }
}

/// Sends the verdict "unavailable", which is a refusal in the account phase, without waiting for the module.
pub(crate) fn refuse(connection: &mut Connection) {
    // A module that has disconnected by now has its result already.
    let _ = connection.send(&Reply::Verdict(Verdict::Unavailable), Deadline::after(Duration::ZERO));
}

/// The connection that makes room for the newest one, if one must: an index of the list, which is in order of age.
fn displaced(owners: &[(Group, u32)]) -> Option<usize> {
    let (group, uid) = *owners.last()?;
    let of = |uid: u32| owners.iter().position(|(_, owner)| *owner == uid);
    let own = owners.iter().filter(|(_, owner)| *owner == uid).count();
    if group == Group::Service {
        return (own > OF_SERVICE).then(|| of(uid)).flatten();
    }
    if own > OF_USER.0 {
        return of(uid);
    }
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for (_, owner) in owners.iter().filter(|(group, _)| *group == Group::User) {
        *counts.entry(*owner).or_default() += 1;
    }
    if counts.values().sum::<usize>() <= OF_USER.1 {
        return None;
    }
    let most = counts.values().copied().max()?;
    owners.iter().position(|(group, owner)| *group == Group::User && counts.get(owner) == Some(&most))
}

#[cfg(test)]
mod tests;
