//! The client's side of the protocol. The daemon leads the conversation; this side shows its prompts, and waits with a limit.

use std::cell::Cell;
use std::time::Instant;

use pam::constants::PamResultCode;
use pam::module::PamHandle;
use protocol::{
    Connection, Deadline, Error, LoginRequest, MAX_SILENCE, MODULE_DEADLINE, Phase, Prompt, PromptReply, Reply,
    Request, Verdict,
};

use crate::args::Args;
use crate::log::Log;
use crate::{ffi, prompt, return_code};

/// Advice for a daemon that does not answer.
const CHECK: &str = "is plex-authd running? See: systemctl status plex-authd";

/// Sends the request, and turns the verdict into a return code.
/// `prompted` is set at the daemon's first prompt.
pub(crate) fn ask(
    pamh: &mut PamHandle,
    args: &Args,
    request: &LoginRequest,
    log: &Log,
    prompted: &Cell<bool>,
    is_silent: bool,
) -> PamResultCode {
    let deadline = Deadline::after(MODULE_DEADLINE);
    let phase = request.phase;
    let mut client = Client { args, phase, is_silent, deadline, prompted, asked: false, read: false };
    match client.converse(pamh, request, log) {
        Ok(verdict) => {
            log.debug(&format!("verdict {verdict:?}"));
            return_code::code(verdict, phase)
        }
        Err(Failure::Daemon(error)) => {
            log.error(&format!("{}: {error}; {CHECK}", args.socket.display()));
            let answered = matches!(error, Error::Malformed(_));
            if answered { return_code::not_understood(request.phase) } else { PamResultCode::PAM_AUTHINFO_UNAVAIL }
        }
        Err(Failure::UnexpectedReply) => {
            log.error(&format!(
                "{}: the daemon asked for something that this phase does not have",
                args.socket.display()
            ));
            return_code::not_understood(request.phase)
        }
        Err(Failure::Prompt) => {
            log.notice("the prompt could not be shown or was cancelled");
            PamResultCode::PAM_CONV_ERR
        }
    }
}

struct Client<'a> {
    args: &'a Args,
    phase: Phase,
    /// The program wants no messages (`PAM_SILENT`).
    is_silent: bool,
    /// End of all waiting for the daemon; the user's typing time is added.
    deadline: Deadline,
    /// The daemon has sent a prompt.
    prompted: &'a Cell<bool>,
    /// The password has been requested once.
    asked: bool,
    /// It has been read.
    read: bool,
}

/// The conversation ended without a verdict.
enum Failure {
    /// The daemon did not answer, or not within the limits.
    Daemon(Error),
    /// The daemon sent a message that this phase does not have.
    UnexpectedReply,
    /// A prompt could not be shown, or was cancelled.
    Prompt,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Daemon(error)
    }
}

impl Client<'_> {
    fn converse(&mut self, pamh: &mut PamHandle, request: &LoginRequest, log: &Log) -> Result<Verdict, Failure> {
        let mut connection = Connection::open(&self.args.socket)?;
        match connection.send(&Request::Login(request.clone()), self.next_deadline()) {
            // A busy daemon may have answered and closed before the request arrived; the answer can still be read.
            Ok(()) | Err(Error::Closed) => {}
            Err(other) => return Err(other.into()),
        }
        loop {
            match connection.receive(self.next_deadline())? {
                Reply::Working => log.debug("the daemon is at work"),
                Reply::Verdict(verdict) => return Ok(verdict),
                Reply::Prompt(_) | Reply::Notice(_) if self.phase != Phase::Authenticate => {
                    return Err(Failure::UnexpectedReply);
                }
                Reply::Notice(text) => {
                    if !self.is_silent {
                        prompt::show_error(pamh, &text);
                    }
                }
                Reply::Prompt(prompt) => {
                    self.prompted.set(true);
                    let answer = self.answer(pamh, &prompt);
                    let failed = answer == PromptReply::Failed;
                    match connection.send(&Request::PromptReply(answer), self.next_deadline()) {
                        // A daemon that has ended meanwhile has left a verdict, which can still be read.
                        Ok(()) | Err(Error::Closed) => {}
                        Err(other) => return Err(other.into()),
                    }
                    if failed && !self.read {
                        // The daemon logs the reason; no verdict is needed.
                        return Err(Failure::Prompt);
                    }
                    // A code that is not given is a refusal, at the time of all others: a program without a second prompt
                    // would otherwise show that the password is right.
                }
            }
        }
    }

    /// Time limit for the daemon's next message.
    fn next_deadline(&self) -> Deadline {
        self.deadline.at_most(MAX_SILENCE)
    }

    fn answer(&mut self, pamh: &mut PamHandle, prompt: &Prompt) -> PromptReply {
        let first = prompt.password && !std::mem::replace(&mut self.asked, true);
        let earlier = if first { prompt::first_pass(pamh) } else { None };
        let typed = match earlier {
            Some(typed) => typed,
            None if prompt.password && self.args.use_first_pass => return PromptReply::Failed,
            None => {
                let before = Instant::now();
                let typed = prompt::converse(pamh, prompt);
                self.deadline = self.deadline.extended(before.elapsed());
                typed
            }
        };
        if prompt.password {
            self.read |= matches!(typed.answer, PromptReply::Text(_));
            // For the modules that follow, now: no error from here on must make them prompt for it again. Nothing that can be no
            // Plex password is left out, since it can be a local one; Enter alone is an answer to this module.
            if let Some(password) = typed.fresh.filter(|password| !password.is_empty()) {
                ffi::set_authtok(pamh, password.as_bytes());
            }
        }
        typed.answer
    }
}
