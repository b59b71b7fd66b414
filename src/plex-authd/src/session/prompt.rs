//! Asking the person, waiting for work, and noticing that nobody waits any more.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use policy::{AttemptKey, Reason};
use protocol::{Deadline, Error, HEARTBEAT, InvalidInput, Prompt, PromptReply, Reply, Request, Secret};

use super::{Disconnected, MODULE, Session};
use crate::context::Context;

/// What a decision may take beyond its requests: the hash of a password or two, on a busy machine.
const BEYOND: Duration = Duration::from_secs(2);

/// The longest pause that a try waits out; one that would have to wait longer is told so instead.
const PATIENCE: Duration = Duration::from_secs(4);

impl Session {
    /// Shows a prompt and waits for what is typed. What comes too late is owed: the verdict is said without it.
    pub(super) fn ask(
        &mut self,
        text: &str,
        echo: bool,
        password: bool,
        deadline: Deadline,
    ) -> Result<Result<Secret, Reason>, Disconnected> {
        let ask = Reply::Prompt(Prompt { text: text.into(), echo, password });
        self.connection.send(&ask, Deadline::after(MODULE)).map_err(|_| Disconnected)?;
        match self.connection.receive(deadline) {
            Ok(Request::PromptReply(PromptReply::Text(text))) => Ok(Ok(text)),
            Ok(Request::PromptReply(PromptReply::Invalid(InvalidInput::NotUtf8))) => Ok(Err(Reason::NotUtf8)),
            Ok(Request::PromptReply(PromptReply::Invalid(InvalidInput::TooLong))) => Ok(Err(Reason::LongPassword)),
            Ok(Request::PromptReply(PromptReply::Failed)) => Ok(Err(Reason::PromptFailed)),
            Err(Error::TimedOut) => {
                self.reply_outstanding = true;
                Ok(Err(Reason::PromptFailed))
            }
            Ok(Request::Login(_) | Request::Admin(_)) | Err(_) => Err(Disconnected),
        }
    }

    /// Lets all that is still to come end by a time, counted from the module's first word.
    pub(super) fn end_by(&mut self, span: Duration) {
        self.left = self.left.min((self.start + span).saturating_duration_since(Instant::now()));
    }

    /// Does work that may take a while, telling the module meanwhile that it is being done. What is not done by the
    /// deadline is an outage; it ends by its own limits, and nobody looks at what it brings.
    pub(super) fn run_with_deadline<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Context, Instant) -> T + Send + 'static,
    ) -> Result<Result<T, Reason>, Disconnected> {
        let context = Arc::clone(&self.context);
        let start = Instant::now();
        let deadline = start + self.left;
        let (done, outcome) = channel();
        let worker = std::thread::Builder::new().name("login".into()).spawn(move || {
            // Nobody listens any more when the deadline has passed.
            let _ = done.send(work(&context, deadline));
        });
        if let Err(error) = worker {
            return Ok(Err(Reason::Unavailable(format!("no thread: {error}"))));
        }
        let outcome = loop {
            let wait = (deadline + BEYOND).saturating_duration_since(Instant::now());
            match outcome.recv_timeout(wait.min(HEARTBEAT)) {
                Ok(outcome) => break Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(Reason::Unavailable("the login's own work broke off".into()));
                }
                Err(RecvTimeoutError::Timeout) if wait.is_zero() => {
                    break Err(Reason::Unavailable("plex.tv did not answer in time".into()));
                }
                Err(RecvTimeoutError::Timeout) => self.keepalive()?,
            }
        };
        self.left = self.left.saturating_sub(start.elapsed());
        Ok(outcome)
    }

    /// Waits out the pause that a pair has after its wrong tries, if it is a short one.
    pub(super) fn wait_backoff(&mut self, key: &AttemptKey) -> Result<Result<(), Reason>, Disconnected> {
        let pause = self.context.limiter.pause(key);
        if pause > PATIENCE {
            return Ok(Err(Reason::TooManyTries));
        }
        self.wait_until(Instant::now() + pause).map(Ok)
    }

    /// Waits, telling the module meanwhile that it is not forgotten.
    pub(super) fn wait_until(&mut self, moment: Instant) -> Result<(), Disconnected> {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(HEARTBEAT));
            self.keepalive()?;
        }
    }

    /// Tells the module that its question is being worked on, if it is still there.
    fn keepalive(&mut self) -> Result<(), Disconnected> {
        if self.connection.is_over() {
            return Err(Disconnected);
        }
        self.connection.send(&Reply::Working, Deadline::after(MODULE)).map_err(|_| Disconnected)
    }
}
