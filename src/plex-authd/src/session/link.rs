//! Signs in with a link code: prompts that show the code, and requests to plex.tv after each Enter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{AttemptKey, PlexRef, Reason};
use protocol::{Deadline, LoginRequest, Severity};

use super::{Session, Stop};
use crate::auth::link::{OpenCode, decide};
use crate::auth::outcome::Source;
use crate::auth::token_revoker::HeldToken;
use crate::log::Share;
use crate::session::link_prompt;

/// The most further prompts after an Enter before the approval.
const FURTHER_PROMPTS: usize = 3;

/// How long plex.tv is polled after an Enter. sshd does not notice a disconnected client meanwhile.
const POLL_TIME: Duration = Duration::from_secs(6);

/// Interval between polls; plex.tv requires at least a second.
const POLL_INTERVAL: Duration = Duration::from_millis(1500);

/// Time limit of the last prompt after the start of the login. sshd's `LoginGraceTime` is 120 seconds.
const LAST_PROMPT: Duration = Duration::from_secs(90);

/// The least time before that limit for another prompt.
const MIN_PROMPT_TIME: Duration = Duration::from_secs(5);

/// Time limit of the verdict after the start of the login.
const LAST_VERDICT: Duration = Duration::from_secs(105);

/// A code on the user's screen.
struct Shown {
    code: Arc<OpenCode>,
    /// Time of the last poll.
    polled: Option<Instant>,
}

impl Session {
    /// Signs in with a link code.
    pub(super) fn link(
        &mut self,
        request: &LoginRequest,
        key: &AttemptKey,
        mapped_to: &PlexRef,
    ) -> Result<Source, Stop> {
        self.wait_backoff(key)?;
        let limits = &self.context.limits;
        let share = limits.rate_limiter.share(key);
        let slot = limits.link_slots.acquire(key, share).ok_or(Reason::TooManyLinkCodes)?;
        let (of, of_user) = (key.clone(), mapped_to.clone());
        let code =
            self.run_with_deadline(move |context, deadline| OpenCode::create(context, &of, &of_user, deadline))?;
        let mut shown = Shown { code: Arc::new(code), polled: None };
        let approved = self.until_approved(request, &mut shown);
        if matches!(approved, Err(Stop::Disconnected)) {
            let share = Share::Refused(key.origin.to_string());
            self.context.log.limited(share, Severity::Info, || {
                let user = protocol::printable(&request.user, 128);
                format!("link sign-in of \"{user}\": the client disconnected; code discarded")
            });
        }
        let (held, key, mapped_to) = (approved?, key.clone(), mapped_to.clone());
        slot.approved();
        self.end_within(LAST_VERDICT);
        let accepted =
            self.run_with_deadline(move |context, deadline| decide(context, &key, &mapped_to, held, deadline))?;
        Ok(self.accept(accepted))
    }

    /// Prompts until the code is approved, at most until [`LAST_PROMPT`].
    fn until_approved(&mut self, request: &LoginRequest, shown: &mut Shown) -> Result<HeldToken, Stop> {
        let last_prompt = self.start + LAST_PROMPT;
        let code = &shown.code.code;
        let mut text = link_prompt::first(code.code(), &code.address(), request.screen, request.tty.as_deref());
        for _ in 0..=FURTHER_PROMPTS {
            if Instant::now() + MIN_PROMPT_TIME > last_prompt {
                break;
            }
            self.prompt(&text, true, false, Deadline::at(last_prompt)).map_err(|stop| match stop {
                Stop::Refused(_) if self.reply_outstanding => Reason::NotApproved.into(),
                // An empty password was typed: other names are refused for it, with the delay of all refusals.
                Stop::Refused(Reason::PromptFailed) if self.typed.is_some() && shown.polled.is_none() => {
                    Reason::LinkPromptFailed.into()
                }
                other => other,
            })?;
            self.record_typed(&request.user);
            if let Some(held) = self.poll(shown)? {
                return Ok(held);
            }
            text = link_prompt::again(shown.code.code.code());
        }
        Err(Reason::NotApproved.into())
    }

    /// Polls plex.tv for the approval. A failed request is repeated; only a failure of the last one is an outage.
    fn poll(&mut self, shown: &mut Shown) -> Result<Option<HeldToken>, Stop> {
        let end = Instant::now() + POLL_TIME;
        loop {
            let next = shown.polled.map_or_else(Instant::now, |polled| polled + POLL_INTERVAL);
            self.wait_until(next)?;
            let code = Arc::clone(&shown.code);
            self.end_within(LAST_VERDICT);
            let approval = self.run_with_deadline(move |context, deadline| code.approval(context, deadline));
            shown.polled = Some(Instant::now());
            let is_last = Instant::now() + POLL_INTERVAL > end;
            match approval {
                Ok(None) | Err(Stop::Refused(Reason::Unreachable(_) | Reason::Unavailable(_))) if !is_last => {}
                other => return other,
            }
        }
    }
}
