//! Signing in by link: a prompt with a code, and a look at plex.tv after each Enter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{AttemptKey, PlexRef, Reason};
use protocol::{Deadline, LoginRequest};

use super::{Disconnected, Session};
use crate::auth::link::OpenCode;
use crate::auth::password::AuthResult;
use crate::auth::token_revoker::HeldToken;
use crate::session::audit::LoginResult;
use crate::session::link_prompt;

/// How often somebody may press Enter too early and be asked again.
const AGAIN: usize = 3;

/// How long plex.tv is asked after an Enter. sshd notices nothing of its client meanwhile.
const LOOK: Duration = Duration::from_secs(6);

/// The time between two questions to plex.tv, which wants a second at least.
const BETWEEN: Duration = Duration::from_millis(1500);

/// When nobody is asked any more, counted from the module's first word. sshd gives a login 120 seconds in all.
const LAST_PROMPT: Duration = Duration::from_secs(90);

/// With less time than this before that, asking again would help nobody.
const WORTH_ASKING: Duration = Duration::from_secs(5);

/// When the verdict must be there.
const LAST_WORD: Duration = Duration::from_secs(105);

/// A code, and when plex.tv was last asked about it.
struct Shown {
    open: Arc<OpenCode>,
    asked: Option<Instant>,
}

impl Session {
    /// Signs somebody in by link.
    pub(super) fn link(
        &mut self,
        hello: &LoginRequest,
        key: &AttemptKey,
        whose: &PlexRef,
    ) -> Result<LoginResult, Disconnected> {
        if let Err(why) = self.wait_backoff(key)? {
            return Ok(Err(why));
        }
        let Some(_place) = self.context.link_codes.take(&key.origin) else { return Ok(Err(Reason::TooManyLinkCodes)) };
        let (about, of) = (key.clone(), whose.clone());
        let code = self.run_with_deadline(move |context, deadline| context.link_code(&about, &of, deadline))?;
        let code = match code.and_then(|code| code) {
            Ok(code) => code,
            Err(why) => return Ok(Err(why)),
        };
        let mut shown = Shown { open: Arc::new(code), asked: None };
        let outcome = self.until_approved(hello, &mut shown);
        if outcome.is_err() {
            let user = protocol::printable(&hello.user, 128);
            self.context
                .log
                .info(format!("link sign-in of \"{user}\": the program has left, so its code is forgotten"));
        }
        match outcome? {
            Ok(hold) => self.approved(key, whose, hold),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Asks until the code has been approved, or for long enough.
    fn until_approved(
        &mut self,
        hello: &LoginRequest,
        shown: &mut Shown,
    ) -> Result<Result<HeldToken, Reason>, Disconnected> {
        let last_prompt = self.start + LAST_PROMPT;
        let (code, address) = (shown.open.code.code(), shown.open.code.address());
        let mut text = link_prompt::first(code, &address, hello.screen, hello.tty.as_deref());
        for _ in 0..=AGAIN {
            if Instant::now() + WORTH_ASKING > last_prompt {
                break;
            }
            if let Err(why) = self.ask(&text, true, false, Deadline::at(last_prompt))? {
                return Ok(Err(if self.reply_outstanding { Reason::NotApproved } else { why }));
            }
            self.typed = Some(Instant::now());
            match self.look(shown)? {
                Ok(None) => text = link_prompt::again(shown.open.code.code()),
                Ok(Some(token)) => return Ok(Ok(token)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Err(Reason::NotApproved))
    }

    /// Asks plex.tv for a while. A question that fails may be asked again, but if the last one did nobody can tell.
    fn look(&mut self, shown: &mut Shown) -> Result<Result<Option<HeldToken>, Reason>, Disconnected> {
        let end = Instant::now() + LOOK;
        loop {
            let next = shown.asked.map_or_else(Instant::now, |asked| asked + BETWEEN);
            self.wait_until(next)?;
            let open = Arc::clone(&shown.open);
            self.end_by(LAST_WORD);
            let answer = self.run_with_deadline(move |context, deadline| context.approval(&open, deadline))?;
            shown.asked = Some(Instant::now());
            let over = Instant::now() + BETWEEN > end;
            match answer.and_then(|answer| answer) {
                Ok(None) | Err(Reason::Unreachable(_) | Reason::Unavailable(_)) if !over => {}
                other => return Ok(other),
            }
        }
    }

    fn approved(&mut self, key: &AttemptKey, whose: &PlexRef, hold: HeldToken) -> Result<LoginResult, Disconnected> {
        let (key, whose) = (key.clone(), whose.clone());
        self.end_by(LAST_WORD);
        let answer =
            self.run_with_deadline(move |context, deadline| context.judge_approval(&key, &whose, hold, deadline))?;
        Ok(match answer.unwrap_or_else(AuthResult::No) {
            AuthResult::Yes(id, by, token) => {
                self.token = token;
                Ok((Some(id), by))
            }
            AuthResult::No(why) => Err(why),
            AuthResult::Code => Err(Reason::WrongCode),
        })
    }
}
