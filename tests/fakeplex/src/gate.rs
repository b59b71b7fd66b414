//! Whether connections are taken at all. A fault needs a request to strike; this needs none.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex};

use crate::command::Connections;

/// Stands between a listener and whoever steers it.
pub(crate) struct Gate {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    wanted: Connections,
    /// Whether the listener has been closed.
    closed: bool,
}

impl Gate {
    pub(crate) fn new(address: SocketAddr, wanted: Connections) -> Self {
        Self { address, state: Mutex::new(State { wanted, closed: false }), changed: Condvar::new() }
    }

    /// What is to become of a connection now.
    pub(crate) fn wanted(&self) -> Connections {
        self.state.lock().unwrap().wanted
    }

    /// Changes it, and comes back when it has changed.
    pub(crate) fn set(&self, wanted: Connections) {
        let mut state = self.state.lock().unwrap();
        state.wanted = wanted;
        self.changed.notify_all();
        if wanted == Connections::Refuse && !state.closed {
            // The listener waits for a connection: this is one, and it will be the last.
            let _ = TcpStream::connect(self.address);
        }
        let done = |state: &mut State| state.closed != (wanted == Connections::Refuse);
        let _changed = self.changed.wait_while(state, done).unwrap();
    }

    /// Closes a listener until connections are wanted again, and listens there anew.
    pub(crate) fn close(&self, listener: TcpListener) -> std::io::Result<TcpListener> {
        drop(listener);
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        self.changed.notify_all();
        state = self.changed.wait_while(state, |state| state.wanted == Connections::Refuse).unwrap();
        let listener = TcpListener::bind(self.address)?;
        state.closed = false;
        self.changed.notify_all();
        Ok(listener)
    }
}
