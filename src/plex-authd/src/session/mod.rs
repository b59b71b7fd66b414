//! One session: a connection from a PAM module, from its request to the verdict.

pub(crate) mod admin;
pub(crate) mod audit;
mod link;
mod link_prompt;
mod password;
mod prompt;
mod request;
mod trace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Outcome, PlexId, Reason};
use protocol::{Connection, Deadline, Error, LoginRequest, Peer, Phase, Reply, Request, Secret, Verdict};

use crate::auth::account;
use crate::auth::outcome::{Accepted, LoginResult, Refusal, Source};
use crate::auth::token_revoker::IssuedToken;
use crate::context::Context;
use crate::session::audit::{Report, outcome, sentence};

/// Time limit for the module's request. It is sent at once, but a busy machine may delay it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limit for the request of a module without a slot.
const REQUEST_TIMEOUT_WITHOUT_SLOT: Duration = Duration::from_millis(500);

/// Time limit for a message to or from the module that involves no user.
const MODULE_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit for a user's reply to a prompt, for programs that have none themselves.
const USER_TIMEOUT: Duration = Duration::from_secs(300);

/// Why a login ends without being accepted.
enum Stop {
    /// The module has closed the connection, so there is no verdict.
    Disconnected,
    Refused(Reason),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(match refusal {
            Refusal::Denied(reason) => reason,
            Refusal::CodeRequired => Reason::WrongCode,
        })
    }
}

/// A connection and the state of its login.
pub(crate) struct Session {
    context: Arc<Context>,
    connection: Connection,
    peer: Peer,
    /// The calling process is trusted to name the origin of the login.
    is_trusted: bool,
    /// Remaining time for requests to plex.tv.
    time_left: Duration,
    /// The Plex account, for the log, once it is known.
    id: Option<PlexId>,
    start: Instant,
    /// Time at which the password was typed.
    typed: Option<Instant>,
    /// A prompt timed out and its reply has not arrived yet.
    reply_outstanding: bool,
    /// The token of a sign-in, until the verdict has been sent.
    token: Option<Arc<IssuedToken>>,
    /// The password for Samba: one that plex.tv accepted, and that certainly contains no verification code.
    accepted_password: Option<Secret>,
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, connection: Connection, peer: Peer) -> Self {
        Self {
            time_left: context.settings.config.timeouts.login,
            context,
            connection,
            peer,
            is_trusted: peer.uid == 0,
            id: None,
            start: Instant::now(),
            typed: None,
            reply_outstanding: false,
            token: None,
            accepted_password: None,
        }
    }

    /// The user of the calling process.
    pub(crate) fn uid(&self) -> u32 {
        self.peer.uid
    }

    /// Handles the request. Ends early, without a log line, when the module disconnects.
    pub(crate) fn run(mut self) {
        let (request, explain) = match self.connection.receive(Deadline::after(REQUEST_TIMEOUT)) {
            Ok(Request::Login(request)) => (request, false),
            Ok(Request::Admin(request)) => {
                match admin::answer(&self.context, &mut self.connection, self.peer, request) {
                    Some(login) => (login, true),
                    None => return,
                }
            }
            other => return self.reject(&other),
        };
        let result = match self.decide(&request) {
            Ok(accepted) => Ok(accepted),
            Err(Stop::Refused(reason)) => Err(reason),
            Err(Stop::Disconnected) => return,
        };
        self.record(&request, &result, explain);
        if self.delay_refusal(&request, &result).is_err() {
            return;
        }
        if explain {
            let Ok(steps) = self.trace(&request) else { return };
            let _ = admin::explain(&mut self.connection, steps, &sentence(&result));
        }
        self.send_verdict(verdict(&result, &request), MODULE_TIMEOUT);
        self.sync_smb_password(&request.user, &result);
        if self.reply_outstanding {
            // The module sends the late reply before it reads the verdict; a closed connection would be an error to it.
            let _ = self.connection.receive::<Request>(Deadline::after(USER_TIMEOUT));
        }
    }

    /// Handles the request when all slots are in use: an account phase is decided from known state, everything else is
    /// refused.
    pub(crate) fn run_without_slot(mut self) {
        let request = match self.connection.receive(Deadline::after(REQUEST_TIMEOUT_WITHOUT_SLOT)) {
            Ok(Request::Login(request)) => request,
            other => return self.reject(&other),
        };
        let result = match request.phase {
            Phase::Account => self.resolve(&request).and_then(|(local, mapped_to, _)| {
                self.id = self.context.plex_id(&local.name, &mapped_to);
                account::check_at_once(&self.context, &local.name, &mapped_to).unwrap_or(Err(Reason::NoSlot))
            }),
            Phase::Authenticate | Phase::Password => Err(Reason::NoSlot),
        };
        if request.phase == Phase::Account {
            self.record(&request, &result, false);
        }
        self.send_verdict(verdict(&result, &request), MODULE_TIMEOUT);
    }

    /// Refuses without reading the request.
    pub(crate) fn refuse_unread(mut self) {
        self.send_verdict(Verdict::Unavailable, Duration::ZERO);
    }

    /// Ends a session without a valid request. The module still gets a verdict: without one, its account phase would fall
    /// back to the local group.
    fn reject(&mut self, received: &Result<Request, Error>) {
        match received {
            Err(Error::Closed) => return,
            Err(Error::TimedOut) => {
                self.context.log.warning(format!("uid {} connected and said nothing", self.peer.uid));
            }
            _ => self.context.log.debug(format!("uid {} said something that is no question", self.peer.uid)),
        }
        self.send_verdict(Verdict::Unavailable, Duration::ZERO);
    }

    /// A module that has disconnected by now has its result already.
    fn send_verdict(&mut self, verdict: Verdict, timeout: Duration) {
        let _ = self.connection.send(&Reply::Verdict(verdict), Deadline::after(timeout));
    }

    /// Writes the result to the log and the audit log.
    fn record(&self, request: &LoginRequest, result: &LoginResult, explain: bool) {
        let (caller, took) = (self.peer.uid, self.start.elapsed());
        let report = Report { request, id: self.id, caller, is_trusted: self.is_trusted, took };
        report.write(result, &self.context.log);
        if let Some(login) = report.login(result) {
            self.context.audit_log.add(login, explain);
        }
    }

    /// Queues the accepted password for Samba. The verdict has been sent and does not depend on it.
    fn sync_smb_password(&mut self, account: &str, result: &LoginResult) {
        if let (Ok(_), Some(password), Some(smb)) = (result, self.accepted_password.take(), &self.context.helpers.smb) {
            smb.set_password(account, password);
        }
    }

    /// Delays a refusal, so that its time does not reveal its reason.
    fn delay_refusal(&mut self, request: &LoginRequest, result: &LoginResult) -> Result<(), Stop> {
        let is_refusal = match result {
            // A list in doubt refuses some accounts only, and their refusal must not be faster than a wrong password's.
            Err(Reason::Unavailable(_)) => true,
            _ => matches!(verdict(result, request), Verdict::WrongSecret | Verdict::NotAllowed),
        };
        match self.typed {
            Some(typed) if is_refusal => {
                let send_at = self.context.limits.refusal_delay.send_at(typed);
                self.wait_until(send_at)
            }
            _ => Ok(()),
        }
    }

    /// Keeps the token of an accepted attempt until the verdict has been sent.
    fn accept(&mut self, Accepted { id, evidence, token }: Accepted) -> Source {
        self.token = token;
        (Some(id), evidence)
    }
}

fn verdict(result: &LoginResult, request: &LoginRequest) -> Verdict {
    match outcome(result, request.phase) {
        Outcome::Success => Verdict::Success,
        Outcome::WrongSecret => Verdict::WrongSecret,
        Outcome::NotAllowed => Verdict::NotAllowed,
        Outcome::NotManaged => Verdict::NotManaged,
        Outcome::LocalFirst => Verdict::LocalFirst,
        Outcome::Throttled => Verdict::Throttled,
        Outcome::Unavailable => Verdict::Unavailable,
        Outcome::ConversationFailed => Verdict::ConversationFailed,
    }
}
