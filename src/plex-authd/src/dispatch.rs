//! Each request gets a slot and a thread, or a refusal at once.

use std::sync::Arc;

use protocol::{Phase, Request, Severity};

use crate::context::Context;
use crate::log::Share;
use crate::reserve::Reserve;
use crate::session::{Session, thread};
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
        Some(slot) => {
            if let Err(refused) = thread::start(session, request, Arc::new(slot)) {
                let (session, request) = *refused;
                without_slot(session, request, reserve);
            }
        }
        None => without_slot(session, request, reserve),
    }
}

/// An account phase is decided even so. Anything else is refused, an authentication with the delay of all refusals.
fn without_slot(session: Session, request: Request, reserve: &Reserve) {
    match request {
        Request::Login(request) if request.phase == Phase::Account => reserve.push(session, request),
        Request::Login(request) if request.phase == Phase::Authenticate => reserve.refuse(session, request),
        other => session.refuse(&other),
    }
}

fn log_closed(why: Silence, uid: u32, context: &Context) {
    let (severity, what) = match why {
        Silence::Disconnected => return,
        Silence::TimedOut => (Severity::Warning, "connected but sent no request"),
        Silence::Displaced => {
            (Severity::Warning, "has too many connections without a request; the oldest one was closed")
        }
        Silence::Malformed => (Severity::Debug, "sent an invalid request"),
    };
    context.log.limited(Share::of_connection(uid), severity, || format!("uid {uid} {what}"));
}
