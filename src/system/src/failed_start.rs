//! A service that cannot start, and the connections that wait at its socket.
//!
//! systemd keeps the socket, and with it the connections, while a service that it starts fails. Without an answer each of them
//! would wait for its time limit, and systemd would start the service again at once because they are still there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with};

use crate::inherited::{self, invalid};
use crate::listener::{Error, Listener};

/// Exit code of a service that cannot start: `EX_CONFIG` of sysexits.h. With `RestartPreventExitStatus=78` in its unit, the
/// next connection starts it again, and nothing else does.
const EXIT_CODE: u8 = 78;

/// Exit code if connections may still wait: systemd starts the service again after its `RestartSec=`. After [`EXIT_CODE`] it
/// would do so at once, and without end.
const NOT_EMPTIED: u8 = 1;

/// Time for which connections are closed before the service ends. It limits the starts to one a second, whatever connects.
const PAUSE: Duration = Duration::from_secs(1);

/// The sockets that systemd passed, kept until the service has started.
#[derive(Debug)]
pub struct PassedSockets {
    /// Listening sockets, which do not block.
    sockets: Vec<UnixListener>,
    /// Something was passed that is not among the sockets.
    incomplete: Option<Error>,
}

impl PassedSockets {
    /// Takes over all that systemd passed, whether or not the service can use it. Called first: an earlier failure would leave
    /// connections waiting.
    #[must_use]
    pub fn take_over() -> Self {
        let (descriptors, outcome) = inherited::passed();
        Self::of(descriptors, outcome)
    }

    fn of(descriptors: Vec<OwnedFd>, outcome: io::Result<()>) -> Self {
        let mut passed = Self { sockets: Vec::new(), incomplete: outcome.err().map(Error::Passed) };
        for descriptor in descriptors {
            match waiting(descriptor) {
                Ok(socket) => passed.sockets.push(socket),
                Err(error) => passed.incomplete = Some(Error::Passed(error)),
            }
        }
        passed
    }

    /// The service's own socket, or `None` if systemd passed none.
    ///
    /// # Errors
    /// [`Error::Passed`]: not exactly one listening Unix stream socket was passed, or no descriptor is left.
    pub fn listener(&self) -> Result<Option<Listener>, Error> {
        if let Some(error) = &self.incomplete {
            return Err(Error::Passed(io::Error::other(error.to_string())));
        }
        let socket = match self.sockets.as_slice() {
            [] => return Ok(None),
            [socket] => socket,
            _ => {
                let what = "LISTEN_FDS is more than 1; the unit of the socket must have one ListenStream=";
                return Err(Error::Passed(invalid(what)));
            }
        };
        let is_unix = socket_domain(socket).and_then(|domain| Ok((domain, socket_type(socket)?)));
        if is_unix.map_err(|error| Error::Passed(error.into()))? != (AddressFamily::UNIX, SocketType::STREAM) {
            return Err(Error::Passed(invalid("it is not a Unix stream socket")));
        }
        Listener::passed(socket.try_clone().map_err(Error::Passed)?).map(Some)
    }

    /// Accepts and closes connections for a second, or until `stop` can be read: true then. Without sockets, it returns at once.
    #[must_use]
    pub fn turn_away(&self, stop: Option<BorrowedFd<'_>>) -> bool {
        self.turn_away_for(PAUSE, stop)
    }

    /// The exit code of the service that could not start.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.incomplete.is_some() { NOT_EMPTIED } else { EXIT_CODE }
    }

    fn turn_away_for(&self, pause: Duration, stop: Option<BorrowedFd<'_>>) -> bool {
        let end = Instant::now() + pause;
        while !self.sockets.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if self.wait(stop, left) {
                return true;
            }
            for socket in &self.sockets {
                match accept_with(socket, SocketFlags::CLOEXEC) {
                    Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => {}
                    // The rate of starts stays limited, even if something is wrong with the socket.
                    Err(_) => {
                        sleep(left);
                        return false;
                    }
                }
            }
        }
        false
    }

    /// Waits for a connection, at most this long; true if `stop` can be read.
    fn wait(&self, stop: Option<BorrowedFd<'_>>, left: Duration) -> bool {
        let sockets = self.sockets.iter().map(AsFd::as_fd);
        let mut fds: Vec<_> = stop.into_iter().chain(sockets).map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        // Rounded up, so that the last millisecond is no busy loop.
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
        match poll(&mut fds, timeout) {
            Ok(_) => stop.is_some() && fds.first().is_some_and(|stop| stop.any().unwrap_or(true)),
            Err(_) => false,
        }
    }
}

/// A socket at which connections wait.
fn waiting(descriptor: OwnedFd) -> io::Result<UnixListener> {
    if !socket_acceptconn(&descriptor)? {
        return Err(invalid("it is not a listening socket"));
    }
    // Of whatever address family: only descriptors are accepted from it.
    let socket = UnixListener::from(descriptor);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::fs::File;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use nix::time::{ClockId, clock_gettime};

    use super::*;

    /// Far longer than the second connection needs.
    const LONG: Duration = Duration::from_secs(6);

    fn closed(mut stream: impl Read) {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn waiting_and_later_connections_are_closed_at_every_passed_socket_without_a_busy_loop() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let unix = UnixListener::bind(&path).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let passed = PassedSockets::of(vec![unix.into(), tcp.into()], Ok(()));
        assert!(passed.listener().unwrap_err().to_string().contains("LISTEN_FDS is more than 1"));
        assert_eq!(passed.exit_code(), EXIT_CODE);
        let (unix, tcp) = (UnixStream::connect(&path).unwrap(), TcpStream::connect(address).unwrap());
        let server = thread::spawn(move || {
            let (start, before) = (Instant::now(), cpu_time());
            assert!(!passed.turn_away_for(LONG, None));
            (start.elapsed(), cpu_time().saturating_sub(before))
        });
        closed(unix);
        closed(tcp);
        thread::sleep(LONG / 20);
        closed(UnixStream::connect(&path).unwrap());
        closed(TcpStream::connect(address).unwrap());
        let (time, cpu) = server.join().unwrap();
        assert!(time >= LONG, "{time:?}");
        assert!(cpu < LONG / 5, "{cpu:?} of processor time");
    }

    #[test]
    fn what_cannot_be_emptied_is_left_to_the_slower_restart() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let socket = || OwnedFd::from(UnixListener::bind(&path).unwrap());
        let file = OwnedFd::from(File::open("/dev/null").unwrap());
        let connection = OwnedFd::from(UnixStream::pair().unwrap().0);
        let later = Err(io::Error::other("the second descriptor"));
        for (descriptors, outcome) in [(vec![file], Ok(())), (vec![socket(), connection], Ok(())), (Vec::new(), later)]
        {
            let passed = PassedSockets::of(descriptors, outcome);
            assert!(passed.listener().is_err());
            assert_eq!(passed.exit_code(), NOT_EMPTIED);
        }
        assert_eq!(PassedSockets::of(Vec::new(), Ok(())).exit_code(), EXIT_CODE);
    }

    #[test]
    fn a_signal_ends_the_pause() {
        let place = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(place.path().join("socket")).unwrap();
        let passed = PassedSockets::of(vec![socket.into()], Ok(()));
        let (stop, signal) = UnixStream::pair().unwrap();
        drop(signal);
        let start = Instant::now();
        assert!(passed.turn_away_for(10 * LONG, Some(stop.as_fd())));
        assert!(start.elapsed() < 5 * LONG, "{:?}", start.elapsed());
    }

    /// Processor time of this thread.
    fn cpu_time() -> Duration {
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
    }
}
