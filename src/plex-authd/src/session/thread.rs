//! The thread of a session.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use protocol::{Request, Severity};

use super::Session;
use crate::limits::connections::Slot;
use crate::log::Share;
use crate::worker::STACK;

/// Starts the session's thread.
///
/// # Errors
/// The session and its request: there is no thread for them.
pub(crate) fn start(session: Session, request: Request, slot: Arc<Slot>) -> Result<(), Box<(Session, Request)>> {
    // The session is sent to the thread after its start, so that it is not lost if there is none.
    let (sender, receiver) = sync_channel::<(Session, Request)>(1);
    let run = move || {
        if let Ok((session, request)) = receiver.recv() {
            session.run(request, Arc::clone(&slot));
        }
        // Only now has the session ended, with all that it holds.
        drop(slot);
    };
    match std::thread::Builder::new().name("session".into()).stack_size(STACK).spawn(run) {
        // The thread waits for it.
        Ok(_) => drop(sender.send((session, request))),
        Err(error) => {
            let log = &session.context().log;
            log.limited(Share::of_connection(session.uid()), Severity::Warning, || {
                format!("no thread for a login: {error}")
            });
            return Err(Box::new((session, request)));
        }
    }
    Ok(())
}
