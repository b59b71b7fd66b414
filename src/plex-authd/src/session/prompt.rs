//! Prompts, work with a deadline, and keepalives to the module.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use policy::{AttemptKey, Reason};
use protocol::{Deadline, Error, HEARTBEAT, InvalidInput, Prompt, PromptReply, Reply, Request, Secret};

use super::{ENDING, MODULE_TIMEOUT, Session, Stop};
use crate::auth::outcome::{PANICKED, TIMED_OUT};
use crate::context::Context;

/// Time after the deadline for work without requests: a password hash or two on a busy machine.
const AFTER_DEADLINE: Duration = Duration::from_secs(2);

/// The longest back-off that a session waits for; a longer one is refused at once.
const MAX_BACKOFF: Duration = Duration::from_secs(4);

/// Result of a login that a shutdown interrupts.
fn ending() -> Stop {
    Reason::Unavailable(ENDING.into()).into()
}

/// True for a back-off that a session of this key waits for.
pub(super) fn is_waited_out(backoff: Duration, is_known: bool) -> bool {
    backoff.is_zero() || is_known && backoff <= MAX_BACKOFF
}

impl Session {
    /// Sends a prompt and waits for the reply until `deadline`. After a time-out the reply stays outstanding and the verdict
    /// is sent without it.
    pub(super) fn prompt(
        &mut self,
        text: &str,
        echo: bool,
        password: bool,
        deadline: Deadline,
    ) -> Result<Secret, Stop> {
        let prompt = Reply::Prompt(Prompt { text: text.into(), echo, password });
        self.connection.send(&prompt, Deadline::after(MODULE_TIMEOUT)).map_err(|_| Stop::Disconnected)?;
        let slot = self.slot.clone();
        // Without one, or at the end of the daemon, nothing is waited for.
        let typing = slot.as_ref().and_then(|slot| slot.type_into(self.connection.interrupter()));
        let Some(typing) = typing else { return Err(ending()) };
        let received = self.connection.receive(deadline);
        drop(typing);
        let reply = match received {
            Ok(Request::PromptReply(reply)) => reply,
            Err(Error::TimedOut) => {
                self.reply_outstanding = true;
                PromptReply::Failed
            }
            Err(Error::Closed) if self.is_ending() => return Err(ending()),
            Ok(Request::Login(_) | Request::Admin(_)) | Err(_) => return Err(Stop::Disconnected),
        };
        match reply {
            PromptReply::Text(text) => Ok(text),
            PromptReply::Invalid(InvalidInput::NotUtf8) => Err(Reason::NotUtf8.into()),
            PromptReply::Invalid(InvalidInput::TooLong) => Err(Reason::LongPassword.into()),
            PromptReply::Failed => Err(Reason::PromptFailed.into()),
        }
    }

    /// Shortens the remaining time, so that the login ends within `limit` of its start.
    pub(super) fn end_within(&mut self, limit: Duration) {
        self.time_left = self.time_left.min((self.start + limit).saturating_duration_since(Instant::now()));
    }

    /// Runs `work`, with keepalives to the module meanwhile. Work has time limits of its own; what has not ended by its deadline
    /// is an outage, and a module that has disconnected has no use for a result.
    pub(super) fn run_with_deadline<T, E: Into<Stop>>(
        &mut self,
        work: impl FnOnce(&Context, Instant) -> Result<T, E>,
    ) -> Result<T, Stop> {
        let start = Instant::now();
        let deadline = start + self.time_left;
        let end = deadline + AFTER_DEADLINE;
        let heartbeat = self.context.heartbeats.start(self.connection.keepalive(), end);
        let result = catch_unwind(AssertUnwindSafe(|| work(&self.context, deadline)));
        let is_heard = heartbeat.stop();
        self.time_left = self.time_left.saturating_sub(start.elapsed());
        if !is_heard {
            return Err(Stop::Disconnected);
        }
        let result = result.map_err(|_| Reason::Unavailable(PANICKED.into()))?;
        if Instant::now() > end {
            return Err(Reason::Unavailable(TIMED_OUT.into()).into());
        }
        result.map_err(Into::into)
    }

    /// Waits for the back-off after failed attempts, if it is at most [`MAX_BACKOFF`] and the account has signed in from this
    /// origin. To anyone else, the wait would show that failures of this account are counted, which means that it has access.
    pub(super) fn wait_backoff(&mut self, key: &AttemptKey) -> Result<(), Stop> {
        let limiter = &self.context.limits.rate_limiter;
        let backoff = limiter.backoff(key);
        if !is_waited_out(backoff, limiter.is_known(key)) {
            return Err(Reason::TooManyTries.into());
        }
        self.wait_until(Instant::now() + backoff)
    }

    /// Sleeps, with keepalives to the module.
    pub(super) fn wait_until(&mut self, time: Instant) -> Result<(), Stop> {
        loop {
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(HEARTBEAT));
            if self.is_ending() {
                return Err(ending());
            }
            self.keepalive()?;
        }
    }

    fn is_ending(&self) -> bool {
        self.slot.as_ref().is_some_and(|slot| slot.is_ending())
    }

    /// Tells the module that its request is in progress.
    pub(super) fn keepalive(&mut self) -> Result<(), Stop> {
        if self.connection.is_over() {
            // A session that was interrupted just as its reply arrived still has a module that waits for a verdict.
            return Err(if self.is_ending() { ending() } else { Stop::Disconnected });
        }
        self.connection.send(&Reply::Working, Deadline::after(MODULE_TIMEOUT)).map_err(|_| Stop::Disconnected)
    }
}
