//! Signing in with a password, and with a verification code where plex.tv wants one.

use std::sync::Arc;
use std::time::Instant;

use policy::{AttemptKey, PlexRef, Reason};
use protocol::{Deadline, LoginRequest, Secret};

use super::{Disconnected, PERSON, Session};
use crate::auth::password::{Attempt, AuthResult};
use crate::auth::token_revoker::IssuedToken;
use crate::session::audit::LoginResult;

/// How often a verification code may be typed, in all.
const CODES: usize = 3;

/// The one prompt that sshpass, Ansible and terminal clients look for: one line with this at its end.
const PASSWORD: &str = "Password: ";

/// The same where there is another way.
const PASSWORD_OR_LINK: &str = "Press Enter alone to sign in by link. Password: ";

impl Session {
    /// Signs somebody in, by a password or by link.
    pub(super) fn authenticate(
        &mut self,
        hello: &LoginRequest,
        key: AttemptKey,
        whose: PlexRef,
    ) -> Result<LoginResult, Disconnected> {
        let link = self.context.offers_link(hello.service.as_deref());
        if hello.link {
            return if link { self.link(hello, &key, &whose) } else { Ok(Err(Reason::LinkNotOffered)) };
        }
        // Everybody who is managed is asked, so that a refusal to come looks like a wrong password.
        // Where pam_unix asks the others, nothing may tell them apart.
        let prompt = if link && !hello.plex_only { PASSWORD_OR_LINK } else { PASSWORD };
        let asked = self.ask(prompt, false, true, Deadline::after(PERSON))?;
        self.typed = Some(Instant::now());
        if link && asked.as_ref().is_ok_and(|typed| typed.expose().is_empty()) {
            return self.link(hello, &key, &whose);
        }
        let password = match asked.and_then(|password| policy::validate_password(password.expose()).map(|()| password))
        {
            Ok(password) => password,
            Err(why) => return Ok(Err(why)),
        };
        self.sign_in(&Attempt { key, whose, password })
    }

    fn sign_in(&mut self, attempt: &Attempt) -> Result<LoginResult, Disconnected> {
        let (mut code, mut codes_left) = (None, CODES);
        loop {
            if let Err(why) = self.wait_backoff(&attempt.key)? {
                return Ok(Err(why));
            }
            let (work, sent) = (attempt.clone(), code.take());
            let coded = sent.is_some();
            let answer =
                self.run_with_deadline(move |context, deadline| context.judge(&work, sent.as_ref(), deadline))?;
            match answer.unwrap_or_else(AuthResult::No) {
                AuthResult::Yes(id, by, token) => {
                    // Somebody with a second factor may have typed the code right behind the password, where nobody can tell.
                    let whole = |token: &Arc<IssuedToken>| coded || token.signed_in.two_factor == Some(false);
                    self.accepted = token.as_ref().filter(|token| whole(token)).map(|_| attempt.password.clone());
                    self.token = token;
                    return Ok(Ok((Some(id), by)));
                }
                AuthResult::No(why) => return Ok(Err(why)),
                AuthResult::Code => match self.ask_code(&mut codes_left)? {
                    Ok(typed) => code = Some(typed),
                    Err(why) => return Ok(Err(why)),
                },
            }
        }
    }

    /// Asks for six digits, until six digits are typed. Shown as they are typed: a program that answers every hidden prompt
    /// with the password would else send the password as a code. Nothing but six digits is ever taken for one.
    fn ask_code(&mut self, codes_left: &mut usize) -> Result<Result<Secret, Reason>, Disconnected> {
        let mut tried = *codes_left < CODES;
        while let Some(left) = codes_left.checked_sub(1) {
            *codes_left = left;
            match self.ask("Plex verification code: ", true, false, Deadline::after(PERSON))? {
                Ok(typed) => {
                    let digits = typed.expose().trim();
                    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Ok(Ok(Secret::from(digits)));
                    }
                    tried |= !digits.is_empty();
                }
                Err(Reason::PromptFailed) => return Ok(Err(Reason::CodeWanted)),
                Err(other) => return Ok(Err(other)),
            }
        }
        // ssh answers with nothing for a program of somebody's that shows no second prompt.
        Ok(Err(if tried { Reason::WrongCode } else { Reason::CodeWanted }))
    }
}
