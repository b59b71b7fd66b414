//! A network between clients and the server: a relay on this machine that delivers each byte half a round trip after it was
//! sent.
//!
//! The kernel of this machine completes the TCP handshake with the relay at once, so what a client sends first is held back by
//! the round trip that the handshake would have taken. Bandwidth, loss and congestion are not imitated.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::serve::{publish, url};

/// Relays connections to the server whose address is in this directory, until the process ends. The relay's own address is put
/// there.
///
/// # Errors
/// If the server does not run, or no port can be listened on.
pub fn relay(directory: &Path, milliseconds: u64) -> io::Result<()> {
    let address = std::fs::read_to_string(directory.join("address"))?;
    let server = address.trim_end().trim_start_matches("https://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    publish(directory, &format!("address.after-{milliseconds}ms"), &url(&listener)?)?;
    listener.set_nonblocking(true)?;
    let round_trip = Duration::from_millis(milliseconds);
    let mut connections: Vec<Connection> = Vec::new();
    loop {
        connections.retain_mut(|connection| connection.deliver().is_ok() && !connection.is_over());
        if wait(&listener, &mut connections)? {
            while let Ok((client, _)) = listener.accept() {
                // A client whose server is gone sees a closed connection.
                connections.extend(Connection::new(client, &server, round_trip).ok());
            }
        }
        connections.retain_mut(|connection| connection.receive(round_trip / 2).is_ok());
    }
}

/// Waits until there is something to do; true if a client connects.
fn wait(listener: &TcpListener, connections: &mut [Connection]) -> io::Result<bool> {
    let now = Instant::now();
    let due = connections.iter().flat_map(|connection| &connection.ways).filter_map(|way| way.due(now)).min();
    let timeout = due.map(|due| Timespec::try_from(due.saturating_duration_since(now)).unwrap());
    let interests = connections.iter().flat_map(Connection::interests);
    let mut fds: Vec<PollFd<'_>> = [PollFd::new(listener, PollFlags::IN)]
        .into_iter()
        .chain(interests.map(|(fd, flags)| PollFd::from_borrowed_fd(fd.as_fd(), flags)))
        .collect();
    match poll(&mut fds, timeout.as_ref()) {
        Err(error) if error != rustix::io::Errno::INTR => return Err(error.into()),
        _ => {}
    }
    Ok(!fds[0].revents().is_empty())
}

/// A connection from a client to the server: the two sockets, and what is under way from each of them to the other.
struct Connection {
    ends: [TcpStream; 2],
    ways: [Way; 2],
}

/// One direction of a connection.
struct Way {
    /// Earliest delivery: the server does not know of the connection before.
    opened: Instant,
    /// Data under way, and the time of their delivery. The end of the data is an empty one.
    in_transit: VecDeque<(Instant, Vec<u8>)>,
    /// Nothing more will be sent.
    has_ended: bool,
    /// The end has been delivered.
    is_closed: bool,
    /// The receiver's buffer is full.
    is_blocked: bool,
}

impl Connection {
    fn new(client: TcpStream, server: &str, round_trip: Duration) -> io::Result<Self> {
        let opened = Instant::now() + round_trip + round_trip / 2;
        let ends = [client, TcpStream::connect(server)?];
        for end in &ends {
            end.set_nodelay(true)?;
            end.set_nonblocking(true)?;
        }
        let way = || Way { opened, in_transit: VecDeque::new(), has_ended: false, is_closed: false, is_blocked: false };
        Ok(Self { ends, ways: [way(), way()] })
    }

    /// Both directions have ended.
    fn is_over(&self) -> bool {
        self.ways.iter().all(|way| way.is_closed)
    }

    /// What to wait for at the two sockets.
    fn interests(&self) -> impl Iterator<Item = (&TcpStream, PollFlags)> {
        let flags = |index: usize| {
            let (outward, inward) = (&self.ways[index], &self.ways[1 - index]);
            let readable = if outward.has_ended { PollFlags::empty() } else { PollFlags::IN };
            readable | if inward.is_blocked { PollFlags::OUT } else { PollFlags::empty() }
        };
        (0..2).map(move |index| (&self.ends[index], flags(index))).filter(|(_, flags)| !flags.is_empty())
    }

    /// Takes what the two sides have sent.
    fn receive(&mut self, delay: Duration) -> io::Result<()> {
        let mut part = [0; 16_384];
        for (end, way) in self.ends.iter_mut().zip(&mut self.ways) {
            while !way.has_ended {
                match end.read(&mut part) {
                    Ok(count) => {
                        way.has_ended = count == 0;
                        way.in_transit.push_back(((Instant::now() + delay).max(way.opened), part[..count].to_vec()));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Hands over what has arrived.
    fn deliver(&mut self) -> io::Result<()> {
        for (index, way) in self.ways.iter_mut().enumerate() {
            way.deliver(&mut self.ends[1 - index])?;
        }
        Ok(())
    }
}

impl Way {
    /// When to deliver next; `None` if nothing is under way, or the receiver has to be waited for.
    fn due(&self, now: Instant) -> Option<Instant> {
        let (due, _) = self.in_transit.front()?;
        (!self.is_blocked || *due > now).then_some(*due)
    }

    fn deliver(&mut self, receiver: &mut TcpStream) -> io::Result<()> {
        self.is_blocked = false;
        while let Some((_, data)) = self.in_transit.front_mut().filter(|(due, _)| *due <= Instant::now()) {
            if data.is_empty() {
                self.is_closed = true;
                // The receiver may have closed the connection already.
                let _ = receiver.shutdown(Shutdown::Write);
            } else {
                match receiver.write(data) {
                    Ok(count) => drop(data.drain(..count)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.is_blocked = true;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            if data.is_empty() {
                self.in_transit.pop_front();
            }
        }
        Ok(())
    }
}
