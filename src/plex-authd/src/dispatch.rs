//! Each request gets a slot and a thread, or a refusal at once.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use protocol::{Phase, Request, Severity};

use crate::context::Context;
use crate::limits::connections::Slot;
use crate::log::Share;
use crate::reserve::{Reserve, STACK};
use crate::session::Session;
use crate::unread::{Read, Silence};

/// Serves a request; logs a connection that was closed without one.
pub(crate) fn serve(read: Read, context: &Arc<Context>, reserve: &Reserve) {
    let (session, request) = match read {
        Read::Request(connection, peer, request) => (Session::new(Arc::clone(context), connection, peer), *request),
        Read::Closed(why, uid) => return log_closed(why, uid, context),
    };
    let is_permitted = session.uid() == 0 || matches!(request, Request::Login(_));
    let slot = is_permitted
        .then(|| context.limits.connections.acquire(session.claim(&request), session.known_accounts()))
        .flatten();
    match slot {
        Some(slot) => start(session, request, Arc::new(slot), context, reserve),
        None => without_slot(session, request, reserve),
    }
}

/// An account phase is decided even so. Anything else is refused.
fn without_slot(session: Session, request: Request, reserve: &Reserve) {
    match request {
        Request::Login(request) if request.phase == Phase::Account => reserve.push(session, request),
        other => session.refuse(&other),
    }
}

fn start(session: Session, request: Request, slot: Arc<Slot>, context: &Context, reserve: &Reserve) {
    let uid = session.uid();
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
            context.log.limited(share(uid), Severity::Warning, || format!("no thread for a login: {error}"));
            without_slot(session, request, reserve);
        }
    }
}

fn log_closed(why: Silence, uid: u32, context: &Context) {
    let (severity, what) = match why {
        Silence::Disconnected => return,
        Silence::TimedOut => (Severity::Warning, "connected but sent no request"),
        Silence::Displaced => {
            (Severity::Warning, "connected too often without a request; its oldest connection made room")
        }
        Silence::Malformed => (Severity::Debug, "sent an invalid request"),
    };
    context.log.limited(share(uid), severity, || format!("uid {uid} {what}"));
}

/// The share of the log that lines about a connection of this user draw on.
fn share(uid: u32) -> Share {
    if uid == 0 { Share::Refused("root's connections".into()) } else { Share::Caller(uid) }
}
