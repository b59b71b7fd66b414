//! Refusals of authentications without a slot. They have the delay of all refusals (R40), and one thread holds them all: each
//! costs a descriptor and nothing else.
//!
//! Before it is refused, a login may claim a slot once more, with the account's canonical name: a known friend who types
//! another spelling has the slots of known accounts (R70). The main loop claims by what was typed, since a look-up may wait for
//! a name service.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use protocol::{HEARTBEAT, LoginRequest, Request};

use crate::session::delayed::Delayed;
use crate::session::{Session, thread};

/// The most refusals that are held. Further ones are sent at once.
const MAX_HELD: usize = 256;

/// Runs until the queue is closed, and then sends what is held.
pub(crate) fn run(requests: &Receiver<(Session, LoginRequest)>) {
    let mut held: Vec<Delayed> = Vec::new();
    let mut keepalive = Instant::now() + HEARTBEAT;
    loop {
        let next = if held.is_empty() {
            requests.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            let due = held.iter().map(Delayed::at).fold(keepalive, Instant::min);
            requests.recv_timeout(due.saturating_duration_since(Instant::now()))
        };
        match next {
            Ok((session, request)) => held.extend(refusal(session, request)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = Instant::now();
        let is_over = held.len() > MAX_HELD;
        let newest = held.pop_if(|_| is_over);
        let (due, later): (Vec<_>, Vec<_>) = held.into_iter().partition(|one| one.at() <= now);
        due.into_iter().chain(newest).for_each(Delayed::send);
        held = later;
        if now >= keepalive {
            held = held.into_iter().filter_map(Delayed::keepalive).collect();
            keepalive = now + HEARTBEAT;
        }
    }
    held.into_iter().for_each(Delayed::send);
}

/// The refusal, unless the login has a slot now.
fn refusal(mut session: Session, mut request: LoginRequest) -> Option<Delayed> {
    match session.claim_again(&mut request) {
        Some(slot) => {
            let refused = thread::start(session, Request::Login(request), Arc::new(slot)).err()?;
            match *refused {
                (session, Request::Login(request)) => Some(session.refuse_later(&request)),
                _ => None,
            }
        }
        None => Some(session.refuse_later(&request)),
    }
}
