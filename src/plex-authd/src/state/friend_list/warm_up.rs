//! Refreshes that a login starts before its password is typed: the connection to plex.tv is then open when the sign-in is sent,
//! and a person who was invited a minute ago is on the list. They are read only for managed accounts, and there is one within
//! 30 s for the whole machine.

use std::time::{Duration, Instant};

use policy::BootTime;

/// The shortest time from one of these refreshes to the next, and the age of a list that is worth one. A connection that is
/// younger is still open.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);

/// Time from the login's first message to the refresh. A program that has the password already answers the prompt at once: its
/// sign-in then has an open connection to itself, or opens one without a second handshake at the same time. A person needs
/// longer to type a password.
pub(super) const DELAY: Duration = Duration::from_millis(200);

/// Limit of these refreshes, and the one that is due.
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    requested_at: Option<BootTime>,
    due: Option<Instant>,
}

impl WarmUp {
    /// Requests a refresh after [`DELAY`], if there has been none within [`INTERVAL`].
    pub(super) fn request(&mut self, now: BootTime, instant: Instant) -> bool {
        let is_allowed = self.requested_at.is_none_or(|at| now.since(at) >= INTERVAL);
        if is_allowed {
            (self.requested_at, self.due) = (Some(now), Some(instant + DELAY));
        }
        is_allowed
    }

    /// When a refresh is due that has not begun.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Makes a refresh due now, because a login waits for it; false if none is due.
    pub(super) fn hurry(&mut self, now: Instant) -> bool {
        self.due = self.due.map(|due| due.min(now));
        self.due.is_some()
    }

    /// A refresh begins, for whatever reason.
    pub(super) fn begin(&mut self) {
        self.due = None;
    }
}
