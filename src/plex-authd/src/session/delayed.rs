//! Refusals that are sent later, without a thread each.

use std::time::{Duration, Instant};

use policy::Reason;
use protocol::{LoginRequest, Verdict};

use super::{Session, verdict};

/// A refusal, and when it is sent.
pub(crate) struct Delayed {
    session: Session,
    verdict: Verdict,
    at: Instant,
}

impl Session {
    /// The refusal of a login without a slot. It is in the log at once.
    pub(crate) fn refuse_later(mut self, request: &LoginRequest) -> Delayed {
        self.origin = self.origin(request);
        let result = Err(Reason::NoSlot);
        self.record(request, &result);
        let at = self.refusal_time(request, &result).unwrap_or(self.start);
        Delayed { verdict: verdict(&result, request), at, session: self }
    }
}

impl Delayed {
    /// The time at which it is sent.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// The caller is root or a trusted one, as far as limits go.
    pub(crate) fn is_of_trusted(&self) -> bool {
        self.session.was_trusted()
    }

    /// Tells the module that its request is in progress; `None` if it has left.
    pub(crate) fn keepalive(mut self) -> Option<Self> {
        self.session.keepalive().ok().map(|()| self)
    }

    /// Sends the verdict, without waiting for a module that reads nothing.
    pub(crate) fn send(mut self) {
        self.session.send_verdict(self.verdict, Duration::ZERO);
    }
}
