//! Refusals of authentications without a slot. They have the delay of all refusals (R40), and one thread holds them all: each
//! costs a descriptor and nothing else. It waits for nothing but their times.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use protocol::HEARTBEAT;

use crate::session::delayed::Delayed;

/// The most refusals that are held: in all, and of callers that are not trusted. Further ones are sent at once.
const MAX_HELD: (usize, usize) = (256, 64);

/// Runs until the queue is closed, and then sends what is held.
pub(crate) fn run(refused: &Receiver<Delayed>) {
    let mut held: Vec<Delayed> = Vec::new();
    let mut keepalive = Instant::now() + HEARTBEAT;
    loop {
        let next = if held.is_empty() {
            refused.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            let due = held.iter().map(Delayed::at).fold(keepalive, Instant::min);
            refused.recv_timeout(due.saturating_duration_since(Instant::now()))
        };
        match next {
            Ok(newest) if is_full(&held, &newest) => newest.send(),
            Ok(newest) => held.push(newest),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = held.into_iter().partition(|one| one.at() <= now);
        due.into_iter().for_each(Delayed::send);
        held = later;
        if now >= keepalive {
            held = held.into_iter().filter_map(Delayed::keepalive).collect();
            keepalive = now + HEARTBEAT;
        }
    }
    held.into_iter().for_each(Delayed::send);
}

fn is_full(held: &[Delayed], newest: &Delayed) -> bool {
    let of_others = held.iter().filter(|one| !one.is_of_trusted()).count();
    held.len() >= MAX_HELD.0 || !newest.is_of_trusted() && of_others >= MAX_HELD.1
}
