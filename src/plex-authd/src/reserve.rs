//! Who looks at a connection that there is no slot for. A module that is told nothing would leave its account phase to the
//! local group (R65), so it is heard all the same: by a few threads that are there from the start, for half a second each.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{Connection, Deadline, Peer, Reply, Verdict};

use crate::context::Context;
use crate::lock::lock;
use crate::session::Session;

/// How many connections are looked at side by side, and how many more may wait. Those of root have their own: the system's
/// logins are root's, and no other user can keep them waiting.
const OF_ROOT: (usize, usize) = (8, 128);
const OF_OTHERS: (usize, usize) = (2, 32);

/// The same as for a conversation with a slot.
const STACK: usize = 512 * 1024;

struct Waiting {
    context: Arc<Context>,
    connection: Connection,
    peer: Peer,
}

/// The threads. They end when this is dropped.
pub(crate) struct Reserve {
    of_root: SyncSender<Waiting>,
    of_others: SyncSender<Waiting>,
}

impl Reserve {
    /// Starts the threads.
    ///
    /// # Errors
    /// When there are none to be had.
    pub(crate) fn start() -> std::io::Result<Self> {
        Ok(Self { of_root: workers(OF_ROOT)?, of_others: workers(OF_OTHERS)? })
    }

    /// Has a connection looked at. When too many wait already, the module is told at once that nothing could be decided. It
    /// takes that for a refusal in the account phase, so not even then does a managed account pass.
    pub(crate) fn take(&self, context: &Arc<Context>, connection: Connection, peer: Peer) {
        let queue = if peer.uid == 0 { &self.of_root } else { &self.of_others };
        let waiting = Waiting { context: Arc::clone(context), connection, peer };
        if let Err(TrySendError::Full(mut waiting) | TrySendError::Disconnected(mut waiting)) = queue.try_send(waiting)
        {
            let _ = waiting.connection.send(&Reply::Verdict(Verdict::Unavailable), Deadline::after(Duration::ZERO));
        }
    }
}

fn workers((count, most): (usize, usize)) -> std::io::Result<SyncSender<Waiting>> {
    let (queue, connections) = sync_channel(most);
    let connections = Arc::new(Mutex::new(connections));
    for _ in 0..count {
        let connections = Arc::clone(&connections);
        std::thread::Builder::new().name("reserve".into()).stack_size(STACK).spawn(move || work(&connections))?;
    }
    Ok(queue)
}

fn work(connections: &Mutex<Receiver<Waiting>>) {
    loop {
        // One thread waits for the next connection, the others for that one.
        let next = lock(connections).recv();
        let Ok(Waiting { context, connection, peer }) = next else { return };
        Session::new(context, connection, peer).run_without_slot();
    }
}
