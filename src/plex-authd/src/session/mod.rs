//! One conversation with a module: from its hello to the verdict.

pub(crate) mod admin;
pub(crate) mod audit;
mod link;
mod link_prompt;
mod password;
mod prompt;

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Account, AttemptKey, Outcome, PlexId, PlexRef, Reason};
use protocol::{Connection, Deadline, Error, LoginRequest, Peer, Phase, Reply, Request, Secret, Verdict};

use crate::auth::password::Evidence;
use crate::auth::token_revoker::IssuedToken;
use crate::context::Context;
use crate::session::audit::{LoginResult, Report, outcome, why};
use system::accounts;

/// How long a module may take to say what it is about. It does so at once, but a busy machine may let it wait.
const HELLO: Duration = Duration::from_secs(10);

/// The same for a module that there is no slot for. Modules ask as soon as they are connected.
const HELLO_WITHOUT_SLOT: Duration = Duration::from_millis(500);

/// How long a module may take for a message that needs no person.
const MODULE: Duration = Duration::from_secs(2);

/// How long a person may take for a prompt. Programs have limits of their own; this one is for those that have none.
const PERSON: Duration = Duration::from_secs(300);

/// Why a conversation ends without a verdict that anybody could receive.
struct Disconnected;

/// A conversation.
pub(crate) struct Session {
    context: Arc<Context>,
    connection: Connection,
    peer: Peer,
    /// Whether the asking process may be believed about where the login comes from.
    believed: bool,
    /// What is left of the time for requests of this login.
    left: Duration,
    /// The Plex account that this is about, once it is known.
    id: Option<PlexId>,
    /// When it began.
    start: Instant,
    /// When the password was typed.
    typed: Option<Instant>,
    /// Whether somebody still sits before a prompt that is no longer waited for.
    reply_outstanding: bool,
    /// The token of a sign-in, until the verdict is on its way.
    token: Option<Arc<IssuedToken>>,
    /// The password that plex.tv accepted, if it is known to be nothing but the password.
    accepted: Option<Secret>,
}

impl Session {
    /// A conversation that is about to begin.
    pub(crate) fn new(context: Arc<Context>, connection: Connection, peer: Peer) -> Self {
        let left = context.config.timeouts.login;
        let believed = peer.uid == 0;
        let start = Instant::now();
        Self {
            context,
            connection,
            peer,
            believed,
            left,
            id: None,
            start,
            typed: None,
            reply_outstanding: false,
            token: None,
            accepted: None,
        }
    }

    /// Holds the conversation. Ends early, and silently, when the module leaves.
    pub(crate) fn run(mut self) {
        let (hello, explain) = match self.connection.receive(Deadline::after(HELLO)) {
            Ok(Request::Login(hello)) => (hello, false),
            Ok(Request::Admin(question)) => {
                let login = admin::answer(&self.context, &mut self.connection, self.peer, question);
                let Some(hello) = login else { return };
                (hello, true)
            }
            other => return self.refuse_unheard(&other),
        };
        let Ok(ended) = self.answer(&hello) else { return };
        self.note(&hello, &ended, explain);
        if self.delay_refusal(&hello, &ended).is_ok() {
            if explain {
                let _ = admin::because(&mut self.connection, &why(&ended));
            }
            // A module that has left has had its own answer already.
            let _ = self.connection.send(&Reply::Verdict(verdict(&ended, &hello)), Deadline::after(MODULE));
            self.keep_samba_in_step(&hello.user, &ended);
            if self.reply_outstanding {
                // Closed now, the connection would look broken to a module that first says what was typed.
                let _ = self.connection.receive::<Request>(Deadline::after(PERSON));
            }
        }
    }

    /// Holds the conversation without a slot: the module is heard for a moment, an account phase is decided by what is known
    /// already, and everything else is told that there is no room.
    pub(crate) fn run_without_slot(mut self) {
        let hello = match self.connection.receive(Deadline::after(HELLO_WITHOUT_SLOT)) {
            Ok(Request::Login(hello)) => hello,
            other => return self.refuse_unheard(&other),
        };
        let ended = match hello.phase {
            Phase::Account => self.look_up(&hello).and_then(|(account, whose, _)| {
                self.id = self.context.id_of(&account.name, &whose);
                self.context.account_at_once(&account.name, &whose).unwrap_or(Err(Reason::NoSlot))
            }),
            Phase::Authenticate | Phase::Password => Err(Reason::NoSlot),
        };
        if hello.phase == Phase::Account {
            self.note(&hello, &ended, false);
        }
        let _ = self.connection.send(&Reply::Verdict(verdict(&ended, &hello)), Deadline::after(MODULE));
    }

    /// Ends a conversation that did not begin with a question. A module is told so all the same: a connection that is
    /// closed without a word is one that nobody answered, and in the account phase that is the local group's to decide.
    fn refuse_unheard(&mut self, heard: &Result<Request, Error>) {
        match heard {
            Err(Error::Closed) => return,
            Err(Error::TimedOut) => {
                self.context.log.warning(format!("uid {} connected and said nothing", self.peer.uid));
            }
            _ => self.context.log.debug(format!("uid {} said something that is no question", self.peer.uid)),
        }
        let _ = self.connection.send(&Reply::Verdict(Verdict::Unavailable), Deadline::after(Duration::ZERO));
    }

    /// Writes the verdict down.
    fn note(&self, hello: &LoginRequest, ended: &LoginResult, explain: bool) {
        let (caller, took) = (self.peer.uid, self.start.elapsed());
        let report = Report { hello, id: self.id, caller, believed: self.believed, took };
        report.write(ended, &self.context.log);
        if let Some(login) = report.login(ended) {
            self.context.audit_log.add(login, explain);
        }
    }

    /// Lets Samba have the password that plex.tv accepted. The verdict is on its way, and nothing that comes of this changes it.
    fn keep_samba_in_step(&mut self, account: &str, ended: &LoginResult) {
        if let (Ok(_), Some(password), Some(samba)) = (ended, self.accepted.take(), &self.context.samba) {
            samba.accepted(account, password);
        }
    }

    /// Lets a refusal take as long as any other, so that its time tells nothing about its reason.
    fn delay_refusal(&mut self, hello: &LoginRequest, ended: &LoginResult) -> Result<(), Disconnected> {
        match (self.typed, verdict(ended, hello)) {
            (Some(typed), Verdict::WrongSecret | Verdict::NotAllowed) => {
                let moment = self.context.pace.refusal(typed);
                self.wait_until(moment)
            }
            _ => Ok(()),
        }
    }

    fn answer(&mut self, hello: &LoginRequest) -> Result<LoginResult, Disconnected> {
        // The account phase is the same in every version: see wire's documentation.
        if hello.version != protocol::VERSION && hello.phase != Phase::Account {
            return Ok(Err(Reason::OtherVersion(hello.version)));
        }
        let (account, whose, origin) = match self.look_up(hello) {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        self.id = self.context.id_of(&account.name, &whose);
        match hello.phase {
            Phase::Account => self.account(account.name, whose),
            Phase::Password => Ok(Err(Reason::ChangedAtPlex)),
            Phase::Authenticate if hello.plex_only && !self.context.shadow.has_no_password(&account.name) => {
                Ok(Err(Reason::LocalFirst))
            }
            Phase::Authenticate => self.authenticate(hello, AttemptKey { account: account.name, origin }, whose),
        }
    }

    /// The account, whom it belongs to and where the question comes from, if this caller may ask it at all.
    fn look_up(&mut self, hello: &LoginRequest) -> Result<(Account, PlexRef, String), Reason> {
        let (config, uid) = (&self.context.config, self.peer.uid);
        let managed = self.context.managed_accounts();
        let unreadable = |error: accounts::Error| Reason::AccountsUnreadable(error.to_string());
        let account = managed.look_up(&hello.user).map_err(unreadable)?;
        let whose = managed.resolve(account.as_ref())?;
        let database = |error: accounts::Error| Reason::Unavailable(format!("the local account database: {error}"));
        let trusted = uid != 0 && accounts::is_one_of(uid, &config.trusted_callers).map_err(database)?;
        policy::authorize_caller(uid, trusted, account.as_ref())?;
        self.believed = uid == 0 || trusted;
        let origin = policy::origin(uid, self.believed, hello.rhost.as_deref(), hello.ruser.as_deref());
        account.map(|account| (account, whose, origin)).ok_or(Reason::NoLocalAccount)
    }

    fn account(&mut self, account: String, whose: PlexRef) -> Result<LoginResult, Disconnected> {
        // Nothing is waited for, so a thread to wait for would cost more than the work.
        if let Some(today) = self.context.account_at_once(&account, &whose) {
            return Ok(today);
        }
        let today =
            self.run_with_deadline(move |context, deadline| context.account_today(&account, &whose, deadline))?;
        Ok(today.and_then(|today| today).map(|id| (Some(id), Evidence::List)))
    }
}

/// The verdict that an outcome is to the module.
fn verdict(ended: &LoginResult, hello: &LoginRequest) -> Verdict {
    match outcome(ended, hello.phase) {
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
