//! Former members of the group where there is no owner's token. With one, each reading of the friend list looks for them.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::state::members::Members;
use crate::worker::Worker;

/// Ends the watch when it is dropped.
pub(crate) struct MemberWatch(#[expect(dead_code, reason = "the thread waits for its end")] Sender<()>);

/// Starts a thread that releases former members now and after each interval: a binding that outlives the membership would give a
/// later account of the name to the earlier one's user, and to nobody else.
///
/// # Errors
/// No thread can be created.
pub(crate) fn start(members: Members, interval: Duration) -> std::io::Result<(MemberWatch, Worker)> {
    let (watch, ended) = channel();
    let worker = Worker::start("members", move || {
        loop {
            members.release_former();
            if ended.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    })?;
    Ok((MemberWatch(watch), worker))
}
