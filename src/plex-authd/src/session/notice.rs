//! Message for a friend who has to wait (R80).

use std::time::Duration;

use policy::{AttemptKey, Outcome};
use protocol::{Deadline, LoginRequest, Phase, Reply};

use super::{MODULE_TIMEOUT, Session};
use crate::auth::outcome::LoginResult;
use crate::session::audit::outcome;

impl Session {
    /// Has the module say when to try again, after a refusal by a rate limit. Sent at the time of the refusal, and only where it
    /// reveals nothing: see [`policy::Throttle::retry_after`].
    pub(super) fn notify(&mut self, request: &LoginRequest, result: &LoginResult) {
        let Err(reason) = result else { return };
        let is_limited = outcome(result, request.phase) == Outcome::Throttled;
        if request.phase != Phase::Authenticate || self.is_explained || !is_limited {
            return;
        }
        let key = AttemptKey { account: request.user.clone(), origin: self.origin.clone() };
        let Some(left) = self.context.limits.rate_limiter.retry_after(&key, reason) else { return };
        // A module that has disconnected by now has its result already.
        let _ = self.connection.send(&Reply::Notice(text(left)), Deadline::after(MODULE_TIMEOUT));
    }
}

fn text(left: Duration) -> String {
    match left.as_millis().div_ceil(60_000) {
        0 | 1 => "Too many attempts. Try again in 1 minute.".to_owned(),
        minutes => format!("Too many attempts. Try again in {minutes} minutes."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r80_the_time_to_wait_is_rounded_up_to_minutes() {
        let shown = |seconds| text(Duration::from_secs(seconds));
        for (seconds, minutes) in [(0, "1 minute."), (60, "1 minute."), (61, "2 minutes."), (900, "15 minutes.")] {
            assert_eq!(shown(seconds), format!("Too many attempts. Try again in {minutes}"), "{seconds}");
        }
    }
}
