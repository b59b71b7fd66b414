//! The conversation with the daemon: it drives, this side shows what it asks for and waits, but never for long.

use std::cell::Cell;
use std::time::Instant;

use pam::constants::PamResultCode;
use pam::module::PamHandle;
use protocol::{
    Connection, Deadline, Error, LoginRequest, MAX_SILENCE, MODULE_DEADLINE, Phase, Prompt, PromptReply, Reply,
    Request, Secret, Verdict,
};

use crate::args::Args;
use crate::log::Log;
use crate::{ffi, prompt, return_code};

/// What is to be done when nobody could be asked.
const CHECK: &str = "is plex-authd running? See: systemctl status plex-authd";

/// Asks, and turns the verdict into a code. Nothing of PAM's is changed before the verdict is known. `prompted` is set when the
/// daemon has asked for anything.
pub(crate) fn run(
    pamh: &mut PamHandle,
    args: &Args,
    hello: &LoginRequest,
    log: &Log,
    prompted: &Cell<bool>,
) -> PamResultCode {
    let deadline = Deadline::after(MODULE_DEADLINE);
    let mut session = Session { args, phase: hello.phase, deadline, fresh: None, prompted, asked: false };
    match session.converse(pamh, hello, log) {
        Ok(verdict) => session.conclude(pamh, verdict, log),
        Err(Failure::Daemon(error)) => {
            log.error(&format!("{}: {error}; {CHECK}", args.socket.display()));
            let answered = matches!(error, Error::Malformed(_));
            if answered { return_code::not_understood(hello.phase) } else { PamResultCode::PAM_AUTHINFO_UNAVAIL }
        }
        Err(Failure::OutOfTurn) => {
            log.error(&format!(
                "{}: the daemon asked for something that this phase does not have",
                args.socket.display()
            ));
            return_code::not_understood(hello.phase)
        }
        Err(Failure::Prompt) => {
            log.notice("the prompt could not be shown or was cancelled");
            PamResultCode::PAM_CONV_ERR
        }
    }
}

struct Session<'a> {
    args: &'a Args,
    phase: Phase,
    /// When all waiting for the daemon ends; the person's own time does not count.
    deadline: Deadline,
    /// The password that was typed into our own prompt, for the modules that follow.
    fresh: Option<Secret>,
    /// Whether anything has been asked for already.
    prompted: &'a Cell<bool>,
    /// Whether the password has been asked for already.
    asked: bool,
}

enum Failure {
    Daemon(Error),
    OutOfTurn,
    Prompt,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Daemon(error)
    }
}

impl Session<'_> {
    fn converse(&mut self, pamh: &mut PamHandle, hello: &LoginRequest, log: &Log) -> Result<Verdict, Failure> {
        let mut connection = Connection::open(&self.args.socket)?;
        match connection.send(&Request::Login(hello.clone()), self.patience()) {
            // A daemon without room may have answered before it was asked, and that answer is still there.
            Ok(()) | Err(Error::Closed) => {}
            Err(other) => return Err(other.into()),
        }
        loop {
            match connection.receive(self.patience())? {
                Reply::Working => log.debug("the daemon is at work"),
                Reply::Verdict(verdict) => return Ok(verdict),
                Reply::Prompt(_) if self.phase != Phase::Authenticate => return Err(Failure::OutOfTurn),
                Reply::Admin(_) => return Err(Failure::OutOfTurn),
                Reply::Prompt(ask) => {
                    self.prompted.set(true);
                    let answer = self.answer(pamh, &ask);
                    let failed = answer == PromptReply::Failed;
                    connection.send(&Request::PromptReply(answer), self.patience())?;
                    if failed {
                        // The daemon writes down what was missing; for this side the case is clear.
                        return Err(Failure::Prompt);
                    }
                }
            }
        }
    }

    /// How long to wait for the daemon's next word.
    fn patience(&self) -> Deadline {
        self.deadline.at_most(MAX_SILENCE)
    }

    fn answer(&mut self, pamh: &mut PamHandle, ask: &Prompt) -> PromptReply {
        let first = ask.password && !std::mem::replace(&mut self.asked, true);
        let earlier = if first { prompt::first_pass(pamh) } else { None };
        let typed = match earlier {
            Some(typed) => typed,
            None if first && self.args.use_first_pass => return PromptReply::Failed,
            None => {
                let before = Instant::now();
                let typed = prompt::converse(pamh, ask);
                self.deadline = self.deadline.extended(before.elapsed());
                typed
            }
        };
        if let (true, true, PromptReply::Text(text)) = (ask.password, typed.fresh, &typed.answer) {
            self.fresh = Some(text.clone());
        }
        typed.answer
    }

    fn conclude(&self, pamh: &mut PamHandle, verdict: Verdict, log: &Log) -> PamResultCode {
        log.debug(&format!("verdict {verdict:?}"));
        if self.phase == Phase::Authenticate {
            match (verdict, &self.fresh) {
                // Best effort: a module that follows can ask for itself.
                (Verdict::Success, Some(password)) if !password.expose().is_empty() => {
                    ffi::set_authtok(pamh, password.expose());
                }
                (Verdict::WrongSecret | Verdict::NotAllowed, _) => ffi::fail_delay(pamh, return_code::FAIL_DELAY),
                _ => {}
            }
        }
        return_code::code(verdict, self.phase)
    }
}
