//! Signs in with a link code: prompts that show the code, and requests to plex.tv after each Enter.

use std::time::{Duration, Instant};

use policy::{AttemptKey, PlexRef, Reason};
use protocol::{Deadline, LoginRequest, Secret, Severity};

use super::{Session, Stop};
use crate::auth::attempt::Attempt;
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
    code: OpenCode,
    /// Time of the last poll.
    polled: Option<Instant>,
}

/// Reply to a link prompt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    Enter,
    /// Text, which is dropped unread: it is probably the password.
    Text,
}

/// Proof of identity from the prompts.
enum Credential {
    Approved(Box<HeldToken>),
    /// A password, at the prompt that came back.
    Password(Secret),
}

impl Session {
    /// Signs in with a link code, or with a password after text was typed at the link prompt.
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
        let code = self.run_with_deadline(|context, deadline| OpenCode::create(context, key, mapped_to, deadline))?;
        let mut shown = Shown { code, polled: None };
        let answer = self.until_answered(request, &mut shown);
        if matches!(answer, Err(Stop::Disconnected)) {
            let share = Share::Refused(key.origin.to_string());
            self.context.log.limited(share, Severity::Info, || {
                let user = protocol::printable(&request.user, 128);
                format!("link sign-in of \"{user}\": the client disconnected; code discarded")
            });
        }
        let held = match answer? {
            Credential::Approved(held) => *held,
            Credential::Password(password) => {
                // The account's lock and the slot are for others from here on.
                drop((shown, slot));
                policy::validate_password(password.expose())?;
                let (key, mapped_to) = (key.clone(), mapped_to.clone());
                return self.sign_in(&Attempt { key, mapped_to, password, began: self.began });
            }
        };
        slot.approved();
        self.end_within(LAST_VERDICT);
        let began = self.began;
        let accepted =
            self.run_with_deadline(|context, deadline| decide(context, key, mapped_to, held, began, deadline))?;
        Ok(self.accept(accepted))
    }

    /// Prompts until the code is approved, at most until [`LAST_PROMPT`]. After text in place of Enter, the password prompt
    /// comes back, once. With the module's argument `link` there was none, so none comes back.
    fn until_answered(&mut self, request: &LoginRequest, shown: &mut Shown) -> Result<Credential, Stop> {
        let last_prompt = self.start + LAST_PROMPT;
        let has_time = || Instant::now() + MIN_PROMPT_TIME <= last_prompt;
        let picture = self.context.settings.config.link_picture;
        let (code, tty) = (&shown.code.code, request.tty.as_deref());
        let mut text = link_prompt::first(code.code(), &code.address(), picture, request.screen, tty);
        let mut may_return = !request.link;
        for _ in 0..=FURTHER_PROMPTS {
            if !has_time() {
                break;
            }
            let reply = self.link_reply(&request.user, &text, shown, Deadline::at(last_prompt))?;
            self.record_typed(&request.user);
            // With text the approval may be there already, and nothing is waited for.
            let poll_time = if reply == Reply::Enter { POLL_TIME } else { Duration::ZERO };
            if let Some(held) = self.poll(shown, poll_time)? {
                return Ok(Credential::Approved(Box::new(held)));
            }
            if reply == Reply::Text && may_return && has_time() {
                may_return = false;
                if let Some(password) = self.password_again(&request.user, Deadline::at(last_prompt))? {
                    return Ok(Credential::Password(password));
                }
                // Enter alone, as at the link prompt: the code may have been approved meanwhile.
                if let Some(held) = self.poll(shown, POLL_TIME)? {
                    return Ok(Credential::Approved(Box::new(held)));
                }
            }
            text = link_prompt::again(shown.code.code.code());
        }
        Err(Reason::NotApproved.into())
    }

    /// Shows a link prompt. It is echoed, so that programs with a single prompt do not answer it with the password (R22).
    /// A program that answers it with the user's name cannot show it.
    fn link_reply(&mut self, account: &str, text: &str, shown: &Shown, deadline: Deadline) -> Result<Reply, Stop> {
        let reply = match self.prompt(text, true, false, deadline) {
            Ok(typed) if self.is_reply_of_program(&typed, account, "") => Err(Reason::PromptFailed.into()),
            other => other,
        };
        match reply {
            Ok(typed) if typed.expose().trim().is_empty() => Ok(Reply::Enter),
            Ok(_) | Err(Stop::Refused(Reason::NotUtf8 | Reason::LongPassword)) => Ok(Reply::Text),
            Err(Stop::Refused(_)) if self.reply_outstanding => Err(Reason::NotApproved.into()),
            // An empty password was typed: other names are refused for it, with the delay of all refusals.
            Err(Stop::Refused(Reason::PromptFailed)) if self.typed.is_some() && shown.polled.is_none() => {
                Err(Reason::LinkPromptFailed.into())
            }
            Err(other) => Err(other),
        }
    }

    /// Shows the password prompt again. `None` if it is left empty: the code goes on.
    fn password_again(&mut self, account: &str, deadline: Deadline) -> Result<Option<Secret>, Stop> {
        let reply = self.prompt(link_prompt::PASSWORD_AGAIN, false, true, deadline);
        if !matches!(reply, Err(Stop::Disconnected)) {
            self.record_typed(account);
        }
        match reply {
            Ok(password) => Ok(Some(password).filter(|password| !password.expose().is_empty())),
            Err(Stop::Refused(_)) if self.reply_outstanding => Err(Reason::NotApproved.into()),
            Err(Stop::Refused(Reason::PromptFailed)) => Err(Reason::LinkPromptFailed.into()),
            Err(other) => Err(other),
        }
    }

    /// Polls plex.tv for the approval, for `time`. A failed request is repeated; only a failure of the last one is an outage.
    fn poll(&mut self, shown: &mut Shown, time: Duration) -> Result<Option<HeldToken>, Stop> {
        let end = Instant::now() + time;
        loop {
            let next = shown.polled.map_or_else(Instant::now, |polled| polled + POLL_INTERVAL);
            self.wait_until(next)?;
            self.end_within(LAST_VERDICT);
            let approval = self.run_with_deadline(|context, deadline| shown.code.approval(context, deadline));
            shown.polled = Some(Instant::now());
            let is_last = Instant::now() + POLL_INTERVAL > end;
            match approval {
                Ok(None) | Err(Stop::Refused(Reason::Unreachable(_) | Reason::Unavailable(_))) if !is_last => {}
                other => return other,
            }
        }
    }
}
