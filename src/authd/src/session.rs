//! One conversation with a module: from its hello to the verdict.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use policy::{Account, Key, Outcome, PlexId, Reason, Reference};
use wire::{
    Answer as Typed, Ask, Connection, Deadline, Error, HEARTBEAT, Hello, Peer, Phase, Reply, Request, Secret, Unusable,
    Verdict,
};

use crate::accounts;
use crate::desk::Desk;
use crate::login::{Answer, Attempt, By};
use crate::report::{Ended, Report};
use crate::signout::Borrowed;

/// How long a module may take to say what it is about. It does so at once, but a busy machine may let it wait.
const HELLO: Duration = Duration::from_secs(10);

/// How long a module may take for a message that needs no person.
const MODULE: Duration = Duration::from_secs(2);

/// How long a person may take for a prompt. Programs have limits of their own; this one is for those that have none.
const PERSON: Duration = Duration::from_secs(300);

/// How often a verification code may be typed, in all.
const CODES: usize = 3;

/// The longest pause that a try waits out; one that would have to wait longer is told so instead.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a decision may take beyond its requests: the hash of a password or two, on a busy machine.
const BEYOND: Duration = Duration::from_secs(2);

/// Why a conversation ends without a verdict that anybody could receive.
struct Gone;

/// A conversation.
pub(crate) struct Session {
    desk: Arc<Desk>,
    connection: Connection,
    peer: Peer,
    /// Whether the asking process may be believed about where the login comes from.
    believed: bool,
    /// What is left of the time for requests of this login.
    left: Duration,
    /// The Plex account that this is about, once it is known.
    id: Option<PlexId>,
    /// When the password was typed.
    typed: Option<Instant>,
    /// The token of a sign-in, until the verdict is on its way.
    token: Option<Arc<Borrowed>>,
}

impl Session {
    /// A conversation that is about to begin.
    pub(crate) fn new(desk: Arc<Desk>, connection: Connection, peer: Peer) -> Self {
        let left = desk.config.timeouts.login;
        let believed = peer.uid == 0;
        Self { desk, connection, peer, believed, left, id: None, typed: None, token: None }
    }

    /// Holds the conversation. Ends early, and silently, when the module leaves.
    pub(crate) fn run(mut self) {
        let start = Instant::now();
        let hello = match self.connection.receive(Deadline::after(HELLO)) {
            Ok(Request::Hello(hello)) => hello,
            Err(Error::TimedOut) => {
                return self.desk.log.warning(format!("uid {} connected and said nothing", self.peer.uid));
            }
            _ => return,
        };
        let Ok(ended) = self.answer(&hello) else { return };
        let (caller, took) = (self.peer.uid, start.elapsed());
        let report = Report { hello: &hello, id: self.id, caller, believed: self.believed, took };
        report.write(&ended, &self.desk.log);
        if self.hold_back(&ended).is_ok() {
            // A module that has left has had its own answer already.
            let _ = self.connection.send(&Reply::Verdict(verdict(&ended)), Deadline::after(MODULE));
        }
    }

    /// Lets a refusal take as long as any other, so that its time tells nothing about its reason.
    fn hold_back(&mut self, ended: &Ended) -> Result<(), Gone> {
        match (self.typed, verdict(ended)) {
            (Some(typed), Verdict::WrongSecret | Verdict::NotAllowed) => {
                let moment = self.desk.pace.refusal(typed);
                self.wait_until(moment)
            }
            _ => Ok(()),
        }
    }

    fn answer(&mut self, hello: &Hello) -> Result<Ended, Gone> {
        if hello.version != wire::VERSION {
            return Ok(Err(Reason::Unavailable(format!(
                "pam_plex.so speaks version {} of the protocol, this is {}; restart the program that holds the old one",
                hello.version,
                wire::VERSION
            ))));
        }
        let (account, whose, origin) = match self.look_up(hello) {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        self.id = self.desk.id_of(&account.name, &whose);
        match hello.phase {
            Phase::Account => self.account(account.name, whose),
            Phase::Authenticate => self.authenticate(Key { account: account.name, origin }, whose),
        }
    }

    /// The account, whom it belongs to and where the question comes from, if this caller may ask it at all.
    fn look_up(&mut self, hello: &Hello) -> Result<(Account, Reference, String), Reason> {
        let (config, uid) = (&self.desk.config, self.peer.uid);
        // Whoever stands in [users] is managed whatever the group says.
        let group = config.group.as_deref().filter(|_| !config.users.contains_key(&hello.user));
        let account = accounts::look_up(&hello.user, group, self.desk.uid_min)
            .map_err(|error| Reason::Unavailable(format!("the local account database: {error}")))?;
        let whose = self.desk.managed(account.as_ref())?;
        let trusted = accounts::is_one_of(uid, &config.trusted_callers);
        policy::may_ask(uid, trusted, account.as_ref())?;
        self.believed = uid == 0 || trusted;
        let origin = policy::origin(uid, self.believed, hello.rhost.as_deref(), hello.ruser.as_deref());
        account.map(|account| (account, whose, origin)).ok_or(Reason::NoLocalAccount)
    }

    fn account(&mut self, account: String, whose: Reference) -> Result<Ended, Gone> {
        let desk = Arc::clone(&self.desk);
        if desk.has_list() {
            // Nothing is waited for, so a thread to wait for would cost more than the work.
            return Ok(desk.account_today(&account, &whose, Instant::now()).map(|id| (id, By::List)));
        }
        let today = self.within_time(move |desk, deadline| desk.account_today(&account, &whose, deadline))?;
        Ok(today.and_then(|today| today).map(|id| (id, By::List)))
    }

    fn authenticate(&mut self, key: Key, whose: Reference) -> Result<Ended, Gone> {
        // Everybody who is managed is asked, so that a refusal to come looks like a wrong password.
        let asked = self.ask("Password: ", false, true)?;
        self.typed = Some(Instant::now());
        let password = match asked.and_then(|password| policy::acceptable(password.expose()).map(|()| password)) {
            Ok(password) => password,
            Err(why) => return Ok(Err(why)),
        };
        self.sign_in(&Attempt { key, whose, password })
    }

    fn sign_in(&mut self, attempt: &Attempt) -> Result<Ended, Gone> {
        let mut code = None;
        for codes_left in (0..=CODES).rev() {
            let pause = self.desk.gate.pause(&attempt.key);
            if pause > PATIENCE {
                return Ok(Err(Reason::TooManyTries));
            }
            self.wait_until(Instant::now() + pause)?;
            let (attempt, sent) = (attempt.clone(), code.take());
            let answer = self.within_time(move |desk, deadline| desk.judge(&attempt, sent.as_ref(), deadline))?;
            match answer.unwrap_or_else(Answer::No) {
                Answer::Yes(id, by, token) => {
                    self.token = token;
                    return Ok(Ok((id, by)));
                }
                Answer::No(why) => return Ok(Err(why)),
                Answer::Code if codes_left == 0 => break,
                Answer::Code => match self.ask_code()? {
                    Ok(typed) => code = Some(typed),
                    Err(why) => return Ok(Err(why)),
                },
            }
        }
        Ok(Err(Reason::WrongCode))
    }

    /// Asks for six digits. Shown as they are typed: a program that answers every hidden prompt with the password
    /// would else send the password as a code. Nothing but six digits is ever taken for one.
    fn ask_code(&mut self) -> Result<Result<Secret, Reason>, Gone> {
        Ok(match self.ask("Plex verification code: ", true, false)? {
            Ok(typed) => {
                let digits = typed.expose().trim();
                let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
                if is_code { Ok(Secret::from(digits)) } else { Err(Reason::WrongCode) }
            }
            Err(Reason::PromptFailed) => Err(Reason::CodeWanted),
            Err(other) => Err(other),
        })
    }

    fn ask(&mut self, text: &str, echo: bool, password: bool) -> Result<Result<Secret, Reason>, Gone> {
        let ask = Reply::Ask(Ask { text: text.into(), echo, password });
        self.connection.send(&ask, Deadline::after(MODULE)).map_err(|_| Gone)?;
        match self.connection.receive(Deadline::after(PERSON)).map_err(|_| Gone)? {
            Request::Answer(Typed::Text(text)) => Ok(Ok(text)),
            Request::Answer(Typed::Unusable(Unusable::NotUtf8)) => Ok(Err(Reason::NotUtf8)),
            Request::Answer(Typed::Unusable(Unusable::TooLong)) => Ok(Err(Reason::LongPassword)),
            Request::Answer(Typed::Failed) => Ok(Err(Reason::PromptFailed)),
            Request::Hello(_) | Request::Manage(_) => Err(Gone),
        }
    }

    /// Does work that may take a while, telling the module meanwhile that it is being done. What is not done by the
    /// deadline is an outage; it ends by its own limits, and nobody looks at what it brings.
    fn within_time<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Desk, Instant) -> T + Send + 'static,
    ) -> Result<Result<T, Reason>, Gone> {
        let desk = Arc::clone(&self.desk);
        let start = Instant::now();
        let deadline = start + self.left;
        let (done, outcome) = channel();
        let worker = std::thread::Builder::new().name("login".into()).spawn(move || {
            // Nobody listens any more when the deadline has passed.
            let _ = done.send(work(&desk, deadline));
        });
        if let Err(error) = worker {
            return Ok(Err(Reason::Unavailable(format!("no thread: {error}"))));
        }
        let outcome = loop {
            let wait = (deadline + BEYOND).saturating_duration_since(Instant::now());
            match outcome.recv_timeout(wait.min(HEARTBEAT)) {
                Ok(outcome) => break Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(Reason::Unavailable("the login's own work broke off".into()));
                }
                Err(RecvTimeoutError::Timeout) if wait.is_zero() => {
                    break Err(Reason::Unavailable("plex.tv did not answer in time".into()));
                }
                Err(RecvTimeoutError::Timeout) => self.still_there()?,
            }
        };
        self.left = self.left.saturating_sub(start.elapsed());
        Ok(outcome)
    }

    /// Waits, telling the module meanwhile that it is not forgotten.
    fn wait_until(&mut self, moment: Instant) -> Result<(), Gone> {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(HEARTBEAT));
            self.still_there()?;
        }
    }

    /// Tells the module that its question is being worked on, if it is still there.
    fn still_there(&mut self) -> Result<(), Gone> {
        if self.connection.is_over() {
            return Err(Gone);
        }
        self.connection.send(&Reply::Working, Deadline::after(MODULE)).map_err(|_| Gone)
    }
}

/// The verdict that an outcome is to the module.
fn verdict(ended: &Ended) -> Verdict {
    let outcome = match ended {
        Ok(_) => Outcome::Success,
        Err(why) => why.outcome(),
    };
    match outcome {
        Outcome::Success => Verdict::Success,
        Outcome::WrongSecret => Verdict::WrongSecret,
        Outcome::NotAllowed => Verdict::NotAllowed,
        Outcome::NotManaged => Verdict::NotManaged,
        Outcome::Throttled => Verdict::Throttled,
        Outcome::Unavailable => Verdict::Unavailable,
        Outcome::ConversationFailed => Verdict::ConversationFailed,
    }
}
