//! The service's life: one order after the other.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Uid;
use wire::samba::{Order, Outcome};
use wire::{Connection, Deadline};

use crate::log::Log;
use crate::options::Options;
use crate::orders::Orders;
use crate::{listener, privileges};

/// How long an order may take to arrive, and an outcome to be taken.
const WIRE: Duration = Duration::from_secs(2);

/// How long nothing may happen until a service that systemd can start again ends: what is not there cannot be attacked.
const IDLE: Duration = Duration::from_secs(60);

/// Runs until nothing has been asked for a while, or until it is killed.
///
/// # Errors
/// A sentence for the administrator: why it cannot start.
pub(crate) fn run(options: &Options, log: &mut Log) -> Result<(), String> {
    privileges::settle()?;
    let daemon = privileges::daemon(&options.user)?;
    let listener = listener::open(&options.socket, daemon.gid)?;
    let orders = Orders::new(options)?;
    log.info(&format!("plex-auth-samba {} waits for orders", env!("CARGO_PKG_VERSION")));
    while wait(&listener.socket, listener.passed)? {
        // Whoever connected may have left again already.
        let Ok((stream, _)) = listener.socket.accept() else { continue };
        serve(stream, daemon.uid, &orders, log);
    }
    Ok(())
}

/// Waits for a connection; false when it is time to end.
fn wait(socket: &UnixListener, may_end: bool) -> Result<bool, String> {
    let idle = PollTimeout::try_from(IDLE).unwrap_or(PollTimeout::MAX);
    loop {
        let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, if may_end { idle } else { PollTimeout::NONE }) {
            Ok(count) => return Ok(count > 0),
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(format!("waiting for orders: {error}")),
        }
    }
}

/// Does what one connection asks for. One at a time: plex-authd asks from one thread, and Samba's file is one.
fn serve(stream: UnixStream, daemon: Uid, orders: &Orders, log: &mut Log) {
    let Ok(mut connection) = Connection::accepted(stream) else { return };
    let Ok(peer) = connection.peer() else { return };
    if peer.uid != daemon.as_raw() {
        // Closed without a word. The socket's mode keeps all but root away before.
        return log.warning(&format!("a process of uid {} asked (pid {}); only plex-authd may", peer.uid, peer.pid));
    }
    let Ok(order) = connection.receive::<Order>(Deadline::after(WIRE)) else {
        return log.warning("plex-authd asked for nothing that is understood; restart both after an upgrade");
    };
    let outcome = orders.perform(&order);
    match &outcome {
        Outcome::Done { .. } => log.info(&format!("\"{}\": {}", order.user, Orders::deed(&order.act))),
        Outcome::InStep | Outcome::NoEntry => {}
        Outcome::Failed(why) => log.warning(&format!("\"{}\": {why}", wire::printable(&order.user, 128))),
    }
    // Who has left meanwhile will ask again.
    let _ = connection.send(&outcome, Deadline::after(WIRE));
}
