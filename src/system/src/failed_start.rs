//! A service that cannot start, and the connections that wait at its socket.
//!
//! systemd keeps the socket, and with it the connections, while a service that it starts fails. Without an answer each of them
//! would wait for its time limit, and systemd would start the service again at once because they are still there.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::listener::Listener;

/// Exit code of a service that cannot start: `EX_CONFIG` of sysexits.h. With `RestartPreventExitStatus=78` in its unit, the
/// next connection starts it again, and nothing else does.
pub const EXIT_CODE: u8 = 78;

/// Time for which connections are closed before the service ends. It limits the starts to one a second, whatever connects.
pub const PAUSE: Duration = Duration::from_secs(1);

/// A copy of systemd's socket, kept until the service has started. `None` for a socket that the service has made: the kernel
/// closes its connections together with it.
///
/// # Errors
/// No descriptor is left.
pub fn copy(listener: &Listener) -> io::Result<Option<UnixListener>> {
    listener.is_passed().then(|| listener.socket().try_clone()).transpose()
}

/// Accepts and closes connections for [`PAUSE`], or until `stop` can be read. The socket must not block.
pub fn turn_away(socket: &UnixListener, stop: Option<BorrowedFd<'_>>) {
    let end = Instant::now() + PAUSE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        match socket.accept() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if wait(socket.as_fd(), stop, left) {
                    return;
                }
            }
            // The rate of starts stays limited, even if something is wrong with the socket.
            Err(_) => return sleep(left),
        }
    }
}

/// Waits for a connection, at most this long; true if `stop` can be read.
fn wait(socket: BorrowedFd<'_>, stop: Option<BorrowedFd<'_>>, left: Duration) -> bool {
    let mut fds: Vec<_> =
        [Some(socket), stop].into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    // Rounded up, so that the last millisecond is no busy loop.
    let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
    match poll(&mut fds, timeout) {
        Ok(_) => fds.get(1).is_some_and(|stop| stop.any().unwrap_or(true)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    #[test]
    fn waiting_and_later_connections_are_closed_without_a_busy_loop() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let socket = UnixListener::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let closed = |mut stream: UnixStream| {
            stream.set_read_timeout(Some(PAUSE)).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        };
        let early = UnixStream::connect(&path).unwrap();
        let server = thread::spawn(move || {
            let (start, before) = (Instant::now(), cpu_time());
            turn_away(&socket, None);
            (start.elapsed(), cpu_time().saturating_sub(before))
        });
        closed(early);
        thread::sleep(PAUSE / 2);
        closed(UnixStream::connect(&path).unwrap());
        let (time, cpu) = server.join().unwrap();
        assert!(time >= PAUSE && time < 5 * PAUSE, "{time:?}");
        assert!(cpu < PAUSE / 5, "{cpu:?} of processor time");
    }

    #[test]
    fn a_signal_ends_the_pause() {
        let place = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(place.path().join("socket")).unwrap();
        socket.set_nonblocking(true).unwrap();
        let (stop, signal) = UnixStream::pair().unwrap();
        drop(signal);
        let start = Instant::now();
        turn_away(&socket, Some(stop.as_fd()));
        assert!(start.elapsed() < PAUSE, "{:?}", start.elapsed());
    }

    /// Processor time of this thread.
    fn cpu_time() -> Duration {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
    }
}
