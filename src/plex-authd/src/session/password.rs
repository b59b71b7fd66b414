//! Signs in with a password, and with a verification code if plex.tv requires one.

use policy::{AttemptKey, PlexRef, Reason};
use protocol::{Deadline, LoginRequest, Secret};

use super::{Session, Stop, USER_TIMEOUT};
use crate::auth::attempt::Attempt;
use crate::auth::decision::decide;
use crate::auth::outcome::{Refusal, Source};

/// The most prompts for a verification code in one login.
const CODE_PROMPTS: usize = 3;

/// The prompt that sshpass, Ansible and terminal clients recognise: one line with this at its end.
const PASSWORD: &str = "Password: ";

/// The prompt of a service that offers link sign-in.
const PASSWORD_OR_LINK: &str = "Press Enter alone to sign in by link. Password: ";

/// The prompt for a verification code, and those after a code that plex.tv rejects and after what is no code. All text is in
/// the prompt, because sshd shows nothing else before it waits for a reply.
const CODE: &str = "Plex verification code: ";
const CODE_REJECTED: &str = "Wrong code. Plex verification code: ";
const NO_CODE: &str = "The code has six digits. Plex verification code: ";

impl Session {
    /// Signs in with a password, or with a link code if the service offers it.
    pub(super) fn authenticate(
        &mut self,
        request: &LoginRequest,
        key: AttemptKey,
        mapped_to: PlexRef,
    ) -> Result<Source, Stop> {
        let link = self.context.settings.offers_link(request);
        if request.link {
            return if link { self.link(request, &key, &mapped_to) } else { Err(Reason::LinkNotOffered.into()) };
        }
        // Every managed account is prompted, so that a missing friend looks like a wrong password.
        // With `plex_only`, pam_unix prompts for the other accounts, and the prompts must not differ.
        let text = if link && !request.plex_only { PASSWORD_OR_LINK } else { PASSWORD };
        let reply = self.prompt(text, false, true, Deadline::after(USER_TIMEOUT));
        // Of a client that has left, nothing was typed, and no refusal is sent.
        if !matches!(reply, Err(Stop::Disconnected)) {
            self.record_typed(&key.account);
        }
        let password = reply?;
        if link && password.expose().is_empty() {
            return self.link(request, &key, &mapped_to);
        }
        policy::validate_password(password.expose())?;
        self.sign_in(&Attempt { key, mapped_to, password, began: self.began })
    }

    pub(super) fn sign_in(&mut self, attempt: &Attempt) -> Result<Source, Stop> {
        let (mut code, mut prompts_left) = (None, CODE_PROMPTS);
        loop {
            self.wait_backoff(&attempt.key)?;
            let sent = code.take();
            let work = |context: &_, deadline| Ok::<_, Stop>(decide(context, attempt, sent.as_ref(), deadline));
            match self.run_with_deadline(work)? {
                Ok(accepted) => {
                    // With 2FA, the code may have been appended to the password, which nothing shows.
                    let without_code = accepted
                        .token
                        .as_ref()
                        .is_some_and(|t| sent.is_some() || t.signed_in.two_factor == Some(false));
                    self.accepted_password = without_code.then(|| attempt.password.clone());
                    return Ok(self.accept(accepted));
                }
                Err(Refusal::Denied(reason)) => return Err(reason.into()),
                Err(Refusal::CodeRequired) => match self.prompt_code(attempt, &mut prompts_left) {
                    Ok(typed) => code = Some(typed),
                    Err(stop) => {
                        // The password may be right, and its codes must not be guessed without limit.
                        if is_failure(&stop) {
                            self.context.limits.rate_limiter.record_failure(&attempt.key);
                        }
                        return Err(stop);
                    }
                },
            }
        }
    }

    /// Prompts for a verification code until six digits are typed, in any groups. They are shown while being typed: programs answer every
    /// hidden prompt with the password, which would be sent as a code. Only six digits are ever sent as one. A program that answers
    /// with the name or the password shows one prompt only.
    fn prompt_code(&mut self, attempt: &Attempt, prompts_left: &mut usize) -> Result<Secret, Stop> {
        if self.program.one_prompt {
            return Err(Reason::CodeWanted.into());
        }
        let (account, password) = (attempt.key.account.as_str(), attempt.password.expose());
        let mut tried = *prompts_left < CODE_PROMPTS;
        let mut text = if tried { CODE_REJECTED } else { CODE };
        while let Some(left) = prompts_left.checked_sub(1) {
            *prompts_left = left;
            match self.prompt(text, true, false, Deadline::after(USER_TIMEOUT)) {
                Ok(typed) => {
                    if self.is_reply_of_program(&typed, account, password) {
                        break;
                    }
                    if let Some(code) = policy::verification_code(typed.expose()) {
                        // Not before: a program that answers with the password must not show that it is the right one.
                        self.record_typed(account);
                        return Ok(Secret::from(code));
                    }
                    tried |= !typed.expose().trim().is_empty();
                    text = NO_CODE;
                }
                Err(Stop::Refused(Reason::PromptFailed)) => return Err(Reason::CodeWanted.into()),
                Err(other) => return Err(other),
            }
        }
        // ssh sends an empty reply for a program that shows no second prompt.
        Err(if tried { Reason::WrongCode } else { Reason::CodeWanted }.into())
    }

    /// True if the program replied to an echoed prompt itself.
    pub(super) fn is_reply_of_program(&self, reply: &Secret, account: &str, password: &str) -> bool {
        policy::is_reply_of_program(reply.expose(), &[account, &self.program.user], password)
    }
}

/// A login that stops at the prompt for the code is a failed attempt of the user, unless the daemon is the reason.
fn is_failure(stop: &Stop) -> bool {
    match stop {
        Stop::Disconnected => true,
        Stop::Refused(reason) => !reason.is_outage(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ENDING;
    use super::*;

    #[test]
    fn r71_code_prompt_that_the_daemon_ends_is_no_failure_and_every_other_end_is_one() {
        assert!(!is_failure(&Reason::Unavailable(ENDING.into()).into()));
        for reason in [Reason::CodeWanted, Reason::WrongCode, Reason::NotUtf8, Reason::LongPassword] {
            assert!(is_failure(&Stop::Refused(reason.clone())), "{reason:?}");
        }
        assert!(is_failure(&Stop::Disconnected), "a program that leaves could guess codes without limit otherwise");
    }
}
