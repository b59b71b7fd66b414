//! Gate that decides whether connections are accepted. A fault acts on a request; this acts before any request.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, Weak};

use crate::command::Connections;

/// Connects a listener with the control socket.
pub(crate) struct Gate {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
    /// Open connections; those that have ended are removed at the next one.
    open: Mutex<Vec<Weak<TcpStream>>>,
}

struct State {
    wanted: Connections,
    /// True while the listener is closed.
    closed: bool,
}

impl Gate {
    pub(crate) fn new(address: SocketAddr, wanted: Connections) -> Self {
        Self {
            address,
            state: Mutex::new(State { wanted, closed: false }),
            changed: Condvar::new(),
            open: Mutex::default(),
        }
    }

    /// Registers a connection for [`Self::hang_up`] until the result is dropped.
    pub(crate) fn register(&self, stream: &TcpStream) -> io::Result<Arc<TcpStream>> {
        let handle = Arc::new(stream.try_clone()?);
        let mut open = self.open.lock().unwrap();
        open.retain(|stream| stream.strong_count() > 0);
        open.push(Arc::downgrade(&handle));
        Ok(handle)
    }

    /// Ends all connections as if their clients would send no more, and returns their number. Each is closed by its own thread,
    /// in the same orderly way as after a client's `Connection: close`.
    pub(crate) fn hang_up(&self) -> usize {
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        open.iter().filter_map(Weak::upgrade).filter(|stream| stream.shutdown(Shutdown::Read).is_ok()).count()
    }

    /// Current treatment of connections.
    pub(crate) fn wanted(&self) -> Connections {
        self.state.lock().unwrap().wanted
    }

    /// Changes the treatment, and returns when the listener has followed.
    pub(crate) fn set(&self, wanted: Connections) {
        let mut state = self.state.lock().unwrap();
        state.wanted = wanted;
        self.changed.notify_all();
        if wanted == Connections::Refuse && !state.closed {
            // Wakes the listener, which waits for a connection; this is the last one it accepts.
            let _ = TcpStream::connect(self.address);
        }
        let done = |state: &mut State| state.closed != (wanted == Connections::Refuse);
        let _changed = self.changed.wait_while(state, done).unwrap();
    }

    /// Closes a listener until connections are accepted again, and returns a new one.
    pub(crate) fn close(&self, listener: TcpListener) -> io::Result<TcpListener> {
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
