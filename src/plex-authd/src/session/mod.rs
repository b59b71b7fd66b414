//! One session: a connection from a PAM module, from its request to the verdict.

pub(crate) mod admin;
pub(crate) mod audit;
mod claim;
mod decisions;
pub(crate) mod delayed;
pub(crate) mod explained;
mod explanation;
mod link;
mod link_prompt;
mod notice;
mod password;
mod prompt;
mod request;
pub(crate) mod thread;
mod trace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{BootTime, Origin, Outcome, PlexId, Reason};
use protocol::{Connection, Deadline, LoginRequest, Peer, Phase, Reply, Request, Secret, Verdict};

use crate::auth::account;
use crate::auth::outcome::{Accepted, LoginResult, Refusal, Source};
use crate::auth::token_revoker::IssuedToken;
use crate::clock;
use crate::context::Context;
use crate::limits::connections::Slot;
use crate::limits::refusal_delay;
use crate::session::audit::{Report, outcome, sentence};
use crate::session::explained::Explained;

/// Time limit for a message to or from the module that involves no user.
const MODULE_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit for a user's reply to a prompt, for programs that have none themselves.
const USER_TIMEOUT: Duration = Duration::from_secs(300);

/// Reason for a login that a shutdown interrupts. systemd starts the daemon again for the next one.
const ENDING: &str = "plex-authd is stopping; try again";

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

/// The program that logs a user in, as its request describes it.
#[derive(Default)]
struct Program {
    /// The account's name, in the spelling that the program has.
    user: String,
    /// The stack has the argument `one_prompt`.
    one_prompt: bool,
}

/// A connection and the state of its login.
pub(crate) struct Session {
    context: Arc<Context>,
    connection: Connection,
    peer: Peer,
    /// The calling process is trusted to name the origin of the login, by the account database: before the look into it, only
    /// root's is, so that no other can name an address to the log and fail2ban.
    is_trusted: bool,
    /// root explains a login with `plex-auth test`.
    is_explained: bool,
    /// Where it would come from.
    explained: Explained,
    program: Program,
    /// Origin of the login.
    origin: Origin,
    /// `None` without a slot.
    slot: Option<Arc<Slot>>,
    /// Remaining time for requests to plex.tv.
    time_left: Duration,
    /// The Plex account, for the log, once it is known.
    id: Option<PlexId>,
    start: Instant,
    /// [`Self::start`], for the age of friend lists.
    began: BootTime,
    /// When the last answer was typed that decides about the login, and when a refusal of it may be sent.
    typed: Option<(Instant, Instant)>,
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
            is_explained: false,
            explained: Explained::default(),
            program: Program::default(),
            origin: policy::origin(peer.uid, false, None, None, None),
            slot: None,
            id: None,
            start: Instant::now(),
            began: clock::now(),
            typed: None,
            reply_outstanding: false,
            token: None,
            accepted_password: None,
        }
    }

    /// The configuration and the state that the session uses.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The user of the calling process.
    pub(crate) fn uid(&self) -> u32 {
        self.peer.uid
    }

    /// Handles the request in a slot. Ends early, without a log line, when the module disconnects.
    pub(crate) fn run(mut self, request: Request, slot: Arc<Slot>) {
        self.slot = Some(slot);
        let mut request = match request {
            Request::Login(request) => request,
            Request::Admin(request) => match admin::answer(&self.context, &mut self.connection, self.peer, request) {
                Some((login, explained)) => {
                    (self.is_explained, self.explained) = (true, explained);
                    login
                }
                None => return,
            },
            Request::PromptReply(_) => return self.send_verdict(Verdict::Unavailable, Duration::ZERO),
        };
        self.program = Program { user: request.user.clone(), one_prompt: request.one_prompt };
        self.origin = self.origin(&request);
        let result = match self.decide(&mut request) {
            Ok(accepted) => Ok(accepted),
            Err(Stop::Refused(reason)) => Err(reason),
            Err(Stop::Disconnected) => return,
        };
        self.record(&request, &result);
        if let (Ok(_), Some((_, end))) = (&result, self.typed) {
            self.context.limits.refusal_delay.signed_in(&request.user, end);
        }
        // Interrupted by a shutdown, the verdict is sent without a delay.
        if matches!(self.delay_refusal(&request, &result), Err(Stop::Disconnected)) {
            return;
        }
        self.notify(&request, &result);
        if self.is_explained {
            let Ok(steps) = self.trace(&request) else { return };
            let _ = admin::explain(&mut self.connection, steps, &sentence(&result));
        }
        self.send_verdict(verdict(&result, &request), MODULE_TIMEOUT);
        self.sync_smb_password(&request.user, &result);
    }

    /// Handles the request of an account phase without a slot: it is decided from known state.
    pub(crate) fn run_without_slot(mut self, request: &mut LoginRequest) {
        self.origin = self.origin(request);
        let result = self.resolve(request).and_then(|(local, mapped_to, _)| {
            self.id = self.context.plex_id(&local.name, &mapped_to);
            account::check_at_once(&self.context, &local.name, &mapped_to).unwrap_or(Err(Reason::NoSlot))
        });
        self.record(request, &result);
        self.send_verdict(verdict(&result, request), MODULE_TIMEOUT);
    }

    /// Refuses a request for which there is no slot, without waiting for anything. Authentications have
    /// [`Self::refuse_later`].
    pub(crate) fn refuse(mut self, request: &Request) {
        match request {
            Request::Login(request) => {
                self.origin = self.origin(request);
                let result = Err(Reason::NoSlot);
                self.record(request, &result);
                self.send_verdict(verdict(&result, request), Duration::ZERO);
            }
            Request::Admin(_) if self.peer.uid != 0 => admin::deny(&mut self.connection),
            _ => self.send_verdict(Verdict::Unavailable, Duration::ZERO),
        }
    }

    /// A module that has disconnected by now has its result already.
    fn send_verdict(&mut self, verdict: Verdict, timeout: Duration) {
        let _ = self.connection.send(&Reply::Verdict(verdict), Deadline::after(timeout));
    }

    /// Writes the result to the log and the audit log.
    fn record(&self, request: &LoginRequest, result: &LoginResult) {
        let (caller, took) = (self.peer.uid, self.start.elapsed());
        let Self { id, is_trusted, is_explained, .. } = *self;
        let report = Report { request, id, caller, is_trusted, is_explained, took };
        report.write(result, &self.origin, &self.context.log);
        if let Some(login) = report.login(result) {
            self.context.audit_log.add(login, self.origin.as_str());
        }
    }

    /// Queues the accepted password for Samba. The verdict has been sent and does not depend on it.
    fn sync_smb_password(&mut self, account: &str, result: &LoginResult) {
        if let (Ok(_), Some(password), Some(smb)) = (result, self.accepted_password.take(), &self.context.helpers.smb) {
            smb.set_password(account, password);
        }
    }

    /// Delays a refused authentication, so that its time does not reveal its reason: from the time at which the password was
    /// typed, or from the start of a login without a prompt.
    fn delay_refusal(&mut self, request: &LoginRequest, result: &LoginResult) -> Result<(), Stop> {
        self.refusal_time(request, result).map_or(Ok(()), |time| self.wait_until(time))
    }

    /// The time until which a refused authentication is delayed. One in a slot for which nothing was typed has its turn now.
    fn refusal_time(&self, request: &LoginRequest, result: &LoginResult) -> Option<Instant> {
        if request.phase != Phase::Authenticate {
            return None;
        }
        let is_delayed = match outcome(result, request.phase) {
            // After a prompt that failed, nothing was typed that could have been wrong.
            Outcome::Success | Outcome::ConversationFailed => false,
            Outcome::WrongSecret | Outcome::NotAllowed => true,
            // With `plex_only`, the module leaves the login to the rest of the stack.
            Outcome::NotManaged | Outcome::LocalFirst | Outcome::Throttled | Outcome::Unavailable => {
                !request.plex_only || self.typed.is_some()
            }
        };
        is_delayed.then(|| {
            let delay = &self.context.limits.refusal_delay;
            let (typed, end) = self.typed.unwrap_or_else(|| match &self.slot {
                Some(_) => (self.start, self.end_in_turn(&request.user, self.start)),
                // Without a slot, no account waits for another sign-in.
                None => (self.start, delay.end(self.start)),
            });
            refusal_delay::send_at(typed, end)
        })
    }

    /// Notes that an answer was typed that decides about the login.
    fn record_typed(&mut self, account: &str) {
        let now = Instant::now();
        self.typed = Some((now, self.end_in_turn(account, now)));
    }

    fn end_in_turn(&self, account: &str, typed: Instant) -> Instant {
        let limit = self.context.settings.config.timeouts.login;
        self.context.limits.refusal_delay.end_in_turn(account, typed, limit)
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
