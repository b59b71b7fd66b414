//! One connection: connect with a time limit, identify the other end, send and receive with a deadline.
//!
//! Written for a stranger's process: no signal can come of it (`MSG_NOSIGNAL`), every wait has a time limit, and every
//! descriptor is close-on-exec and above the standard three.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{PeerCredentials, SendTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, UnixAddr, connect, getsockopt, recv, send, setsockopt,
    shutdown, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::os::fd::AsRawFd;
use zeroize::{Zeroize, Zeroizing};

use crate::frame::{Malformed, PREFIX, decode, encode};
use crate::socket_trust::{Untrusted, check_peer, socket_owner};
use crate::text::words;
use crate::{MAX_FRAME, MAX_SILENCE, Reply};

/// Failure of a connection. Each means that there is no verdict.
#[derive(Debug)]
pub enum Error {
    /// The socket is not trusted.
    Untrusted(Untrusted),
    /// No process listens, or a system call failed.
    Io(std::io::Error),
    /// The other end closed the connection.
    Closed,
    /// The deadline passed.
    TimedOut,
    /// The other end sent something that is no message.
    Malformed(Malformed),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(why) => write!(f, "the socket is not trusted: {why}"),
            Self::Io(error) => f.write_str(words(error)),
            Self::Closed => f.write_str("the other end closed the connection"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Malformed(why) => write!(f, "received {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::EPIPE | Errno::ECONNRESET => Self::Closed,
            other => Self::Io(other.into()),
        }
    }
}

impl From<Malformed> for Error {
    fn from(why: Malformed) -> Self {
        Self::Malformed(why)
    }
}

/// A time after which a wait ends.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The time this long from now.
    #[must_use]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// This time.
    #[must_use]
    pub fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// Time left; zero once it has passed.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// This deadline, or the moment `span` from now when that comes first.
    #[must_use]
    pub fn at_most(self, span: Duration) -> Self {
        Self(self.0.min(Instant::now() + span))
    }

    /// This deadline moved by a time that is not to be counted.
    #[must_use]
    pub fn extended(self, span: Duration) -> Self {
        Self(self.0 + span)
    }

    /// As `poll(2)` wants it, rounded up so that a wait never spins through its last millisecond.
    fn poll_timeout(self) -> PollTimeout {
        let left = self.left();
        let up = left.as_micros().div_ceil(1000);
        PollTimeout::try_from(up).unwrap_or(PollTimeout::MAX)
    }
}

/// The process at the other end, as the kernel saw it at the time of the connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The effective user id.
    pub uid: u32,
    /// The process id.
    pub pid: i32,
}

/// An open connection between the daemon and one that asks it something.
#[derive(Debug)]
pub struct Connection {
    socket: Arc<OwnedFd>,
    /// Received bytes that are not decoded yet; they may contain a password.
    inbox: Zeroizing<Vec<u8>>,
}

impl Connection {
    /// Connects to the daemon, after making sure that nobody else can have taken its place.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when path or listener are not to be trusted, else why nobody could be reached.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let owner = socket_owner(path).map_err(Error::Untrusted)?;
        let connection = Self::connect(path, Deadline::after(MAX_SILENCE))?;
        check_peer(connection.peer()?.uid, owner).map_err(Error::Untrusted)?;
        Ok(connection)
    }

    /// Connects. While the socket's queue is full, the kernel lets those that wait for a place have one in turn; a process
    /// that tried again and again would get none while another user's processes wait (R70).
    fn connect(path: &Path, deadline: Deadline) -> Result<Self, Error> {
        let mut fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        if fd.as_raw_fd() < 3 {
            // The program runs with a standard descriptor closed. Its next write to that number must not
            // reach the daemon; the standard library duplicates to 3 and above.
            fd = fd.try_clone().map_err(Error::Io)?;
        }
        let address = UnixAddr::new(path)?;
        loop {
            // Zero would be no limit.
            let left = deadline.left().as_micros().max(1);
            setsockopt(&fd, SendTimeout, &TimeVal::microseconds(i64::try_from(left).unwrap_or(i64::MAX)))?;
            match connect(fd.as_raw_fd(), &address) {
                Ok(()) => return Self::accepted(fd.into()),
                // A signal of the program loses the turn.
                Err(Errno::EINTR) if !deadline.left().is_zero() => {}
                Err(Errno::EINTR | Errno::EAGAIN) => return Err(Error::TimedOut),
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Takes over a connected stream.
    ///
    /// # Errors
    /// When the kernel does not let it be made non-blocking.
    pub fn accepted(stream: UnixStream) -> Result<Self, Error> {
        stream.set_nonblocking(true).map_err(Error::Io)?;
        Ok(Self { socket: Arc::new(stream.into()), inbox: Zeroizing::default() })
    }

    /// The process at the other end.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn peer(&self) -> Result<Peer, Error> {
        let credentials = getsockopt(&*self.socket, PeerCredentials)?;
        Ok(Peer { uid: credentials.uid(), pid: credentials.pid() })
    }

    /// A means for another thread to end the waits of [`Self::receive`].
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::downgrade(&self.socket))
    }

    /// A means for another thread to say that this side is at work.
    #[must_use]
    pub fn keepalive(&self) -> Keepalive {
        Keepalive(Arc::downgrade(&self.socket))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`Error`], after which the connection is of no use.
    pub fn send<T: Serialize>(&mut self, message: &T, deadline: Deadline) -> Result<(), Error> {
        let frame = encode(message)?;
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            match send(self.socket.as_raw_fd(), rest, MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(Errno::EAGAIN) => self.wait(PollFlags::POLLOUT, deadline)?,
                Err(Errno::EINTR) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Receives one message.
    ///
    /// # Errors
    /// [`Error`]. After [`Error::TimedOut`] the call may be repeated: what has arrived so far is kept.
    pub fn receive<T: DeserializeOwned>(&mut self, deadline: Deadline) -> Result<T, Error> {
        loop {
            if let Some((message, used)) = decode(&self.inbox)? {
                self.forget(used);
                return Ok(message);
            }
            self.fill(deadline)?;
        }
    }

    /// True if the other end has closed the connection or sent something out of turn. Both end a conversation in which it is
    /// this side's turn to send.
    #[must_use]
    pub fn is_over(&mut self) -> bool {
        !matches!(self.fill(Deadline::after(Duration::ZERO)), Err(Error::TimedOut))
    }

    /// Reads once, waiting for it until the deadline.
    fn fill(&mut self, deadline: Deadline) -> Result<(), Error> {
        let mut buffer = Zeroizing::new([0_u8; 4096]);
        let room = (PREFIX + MAX_FRAME).saturating_sub(self.inbox.len()).clamp(1, buffer.len());
        loop {
            let part = buffer.get_mut(..room).unwrap_or_default();
            match recv(self.socket.as_raw_fd(), part, MsgFlags::empty()) {
                Ok(0) => return Err(Error::Closed),
                Ok(count) => {
                    self.keep(buffer.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(Errno::EAGAIN) => self.wait(PollFlags::POLLIN, deadline)?,
                Err(Errno::EINTR) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Appends to the inbox without leaving a copy behind where it grew out of its old memory.
    fn keep(&mut self, bytes: &[u8]) {
        let mut grown = Zeroizing::new(Vec::with_capacity(self.inbox.len() + bytes.len()));
        grown.extend_from_slice(&self.inbox);
        grown.extend_from_slice(bytes);
        self.inbox = grown;
    }

    /// Drops the decoded bytes from the inbox, wiping them.
    fn forget(&mut self, used: usize) {
        let rest = Zeroizing::new(self.inbox.get(used..).unwrap_or_default().to_vec());
        self.inbox.zeroize();
        self.inbox = rest;
    }

    fn wait(&self, what: PollFlags, deadline: Deadline) -> Result<(), Error> {
        loop {
            let mut fds = [PollFd::new(self.socket.as_fd(), what)];
            match poll(&mut fds, deadline.poll_timeout()) {
                Ok(0) if deadline.left().is_zero() => return Err(Error::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(other) => return Err(other.into()),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Ends the waits of a connection from another thread. It does not keep the connection open.
#[derive(Debug, Clone)]
pub struct Interrupter(Weak<OwnedFd>);

impl Interrupter {
    /// Lets [`Connection::receive`] return [`Error::Closed`] once it has returned what has arrived already. Messages can still be
    /// sent. Without effect on a connection that is closed.
    pub fn interrupt(&self) {
        if let Some(socket) = self.0.upgrade() {
            // Fails only if the other end has disconnected.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Read);
        }
    }
}

/// Sends [`Reply::Working`] from another thread, while the one that holds the connection sends nothing. It does not keep the
/// connection open.
#[derive(Debug, Clone)]
pub struct Keepalive(Weak<OwnedFd>);

impl Keepalive {
    /// Sends the message without waiting. False if the other end has closed the connection.
    #[must_use]
    pub fn send(&self) -> bool {
        let (Some(socket), Ok(frame)) = (self.0.upgrade(), encode(&Reply::Working)) else { return false };
        loop {
            // The kernel accepts so few bytes as a whole, or not at all.
            match send(socket.as_raw_fd(), &frame, MsgFlags::MSG_NOSIGNAL) {
                // An other end that reads nothing has had enough of these messages.
                Ok(_) | Err(Errno::EAGAIN) => return true,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests;
