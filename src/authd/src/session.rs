//! One conversation with a module: from its hello to the verdict.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use policy::{Account, Eligible, Outcome, PlexId, Reason, Reference};
use wire::{
    Answer, Ask, Connection, Deadline, HEARTBEAT, Hello, Peer, Phase, Reply, Request, Secret, Unusable, Verdict,
};

use crate::accounts;
use crate::login::{Desk, Said};
use crate::signout::Borrowed;
use crate::throttle::Throttle;

/// How long a module may take for a message that needs no person.
const MODULE: Duration = Duration::from_secs(2);

/// How long a person may take for a prompt. Programs have limits of their own; this one is for those that have none.
const PERSON: Duration = Duration::from_secs(300);

/// How often a verification code may be typed, in all.
const CODES: usize = 3;

/// Why a conversation ends without a verdict that anybody could receive.
pub(crate) struct Gone;

/// A conversation.
pub(crate) struct Session {
    pub desk: Arc<Desk>,
    pub throttle: Arc<Throttle>,
    pub connection: Connection,
    pub peer: Peer,
}

/// How a question was answered, for the log.
struct Ended {
    outcome: Result<PlexId, Reason>,
    /// Dropped, and so signed out of plex.tv, once the verdict is on its way.
    _token: Option<Borrowed>,
}

impl From<Result<PlexId, Reason>> for Ended {
    fn from(outcome: Result<PlexId, Reason>) -> Self {
        Self { outcome, _token: None }
    }
}

impl Session {
    /// Holds the conversation. Ends early, and silently, when the module leaves.
    pub(crate) fn run(mut self) {
        let start = Instant::now();
        let Ok(Request::Hello(hello)) = self.connection.receive(Deadline::after(MODULE)) else { return };
        if let Ok(ended) = self.answer(&hello) {
            let verdict = verdict(&ended.outcome);
            self.note(&hello, &ended.outcome, start);
            // A module that has left has had its own answer already.
            let _ = self.connection.send(&Reply::Verdict(verdict), Deadline::after(MODULE));
        }
    }

    fn answer(&mut self, hello: &Hello) -> Result<Ended, Gone> {
        if hello.version != wire::VERSION {
            let why = format!(
                "pam_plex.so speaks version {} of the protocol, this is {}; restart the program that holds the old one",
                hello.version,
                wire::VERSION
            );
            return Ok(Err(Reason::Unavailable(why)).into());
        }
        let (account, whose) = match self.look_up(hello) {
            Ok(found) => found,
            Err(why) => return Ok(Err(why).into()),
        };
        match hello.phase {
            Phase::Account => self.account(account.name, whose).map(Ended::from),
            Phase::Authenticate => self.authenticate(&account, whose),
        }
    }

    /// The account and whom it belongs to, if this caller may ask about it at all.
    fn look_up(&self, hello: &Hello) -> Result<(Account, Reference), Reason> {
        let config = &self.desk.config;
        let account = accounts::look_up(&hello.user, config.group.as_deref())
            .map_err(|error| Reason::Unavailable(format!("the local account database: {error}")))?;
        let whose = self.desk.managed(account.as_ref())?;
        let trusted = accounts::is_one_of(self.peer.uid, &config.trusted_callers);
        policy::may_ask(self.peer.uid, trusted, account.as_ref())?;
        account.map(|account| (account, whose)).ok_or(Reason::NoLocalAccount)
    }

    fn account(&mut self, account: String, whose: Reference) -> Result<Result<PlexId, Reason>, Gone> {
        self.within_time(move |desk, deadline| desk.account_today(&account, &whose, deadline))
    }

    fn authenticate(&mut self, account: &Account, whose: Reference) -> Result<Ended, Gone> {
        if self.peer.uid != 0 && !self.throttle.allows(self.peer.uid, Instant::now()) {
            return Ok(Err(Reason::TooManyTries).into());
        }
        // Everybody who is managed is asked, so that a refusal to come looks like a wrong password.
        let password = match self.ask("Password: ", false, true)? {
            Ok(password) => password,
            Err(why) => return Ok(Err(why).into()),
        };
        if let Err(why) = policy::acceptable(password.expose()) {
            return Ok(Err(why).into());
        }
        let name = account.name.clone();
        let eligible = self.within_time(move |desk, deadline| desk.eligible(&name, &whose, deadline))?;
        let ended = match eligible {
            Ok(who) => self.sign_in(account, &who, &password)?,
            Err(why) => Err(why).into(),
        };
        Ok(ended)
    }

    fn sign_in(&mut self, account: &Account, who: &Eligible, password: &Secret) -> Result<Ended, Gone> {
        let mut code = None;
        for codes_left in (0..=CODES).rev() {
            let (name, who, password) = (account.name.clone(), who.clone(), password.clone());
            let said = self.within_time(move |desk, deadline| {
                let said = desk.sign_in(&who, &password, code.as_ref(), deadline);
                let Said::Yes(token) = said else { return Ok(said.into_step()) };
                let confirmed = desk.confirm(&who, &token, deadline);
                if confirmed.is_ok() {
                    desk.remember(&name, &who, &token);
                }
                Ok(Step::End(confirmed, Some(token)))
            })?;
            match said.unwrap_or_else(|why| Step::End(Err(why), None)) {
                Step::End(outcome, token) => return Ok(Ended { outcome, _token: token }),
                Step::Code if codes_left == 0 => break,
                Step::Code => match self.ask_code()? {
                    Ok(typed) => code = Some(typed),
                    Err(why) => return Ok(Err(why).into()),
                },
            }
        }
        Ok(Err(Reason::WrongCode).into())
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
            Request::Answer(Answer::Text(text)) => Ok(Ok(text)),
            Request::Answer(Answer::Unusable(Unusable::NotUtf8)) => Ok(Err(Reason::NotUtf8)),
            Request::Answer(Answer::Unusable(Unusable::TooLong)) => Ok(Err(Reason::LongPassword)),
            Request::Answer(Answer::Failed) => Ok(Err(Reason::PromptFailed)),
            Request::Hello(_) => Err(Gone),
        }
    }

    /// Does work that may take a while, telling the module meanwhile that it is being done. What is not done by the
    /// deadline is an outage; it ends by its own limits, and nobody looks at what it brings.
    fn within_time<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Desk, Instant) -> Result<T, Reason> + Send + 'static,
    ) -> Result<Result<T, Reason>, Gone> {
        let desk = Arc::clone(&self.desk);
        let deadline = Instant::now() + desk.config.timeouts.login;
        let (done, outcome) = channel();
        let worker = std::thread::Builder::new().name("login".into()).spawn(move || {
            // Nobody listens any more when the deadline has passed.
            let _ = done.send(work(&desk, deadline));
        });
        if let Err(error) = worker {
            return Ok(Err(Reason::Unavailable(format!("no thread: {error}"))));
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match outcome.recv_timeout(left.min(HEARTBEAT)) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(Reason::Unavailable("the login's own work broke off".into())));
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Ok(Err(Reason::Unavailable("plex.tv did not answer in time".into())));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.connection.is_over() {
                return Err(Gone);
            }
            self.connection.send(&Reply::Working, Deadline::after(MODULE)).map_err(|_| Gone)?;
        }
    }

    /// Logs the verdict and counts it. Accounts that are not managed are not this daemon's business, and its log would
    /// fill with every sudo of theirs.
    fn note(&self, hello: &Hello, outcome: &Result<PlexId, Reason>, start: Instant) {
        let uid = self.peer.uid;
        let verdict = verdict(outcome);
        if hello.phase == Phase::Authenticate && uid != 0 {
            match verdict {
                Verdict::Success => self.throttle.right(uid),
                Verdict::WrongSecret | Verdict::NotAllowed => self.throttle.wrong(uid, Instant::now()),
                _ => {}
            }
        }
        let phase = match hello.phase {
            Phase::Authenticate => "auth",
            Phase::Account => "account",
        };
        let text = |value: Option<&str>| quoted(value.unwrap_or("-"));
        let line = |what: &str| {
            format!(
                "{what} user={} phase={phase} service={} rhost={} caller={uid} ms={}",
                text(Some(&hello.user)),
                text(hello.service.as_deref()),
                text(hello.rhost.as_deref()),
                start.elapsed().as_millis()
            )
        };
        let log = &self.desk.log;
        match (outcome, verdict) {
            (Ok(id), _) => log.info(format!("{} plex_id={id}", line("accepted"))),
            (Err(why), Verdict::NotManaged) => log.debug(format!("{}: {why}", line("not managed"))),
            (Err(why), Verdict::Unavailable) => log.warning(format!("{}: {why}", line("unavailable"))),
            (Err(why), _) => log.notice(format!("{}: {why}", line("denied"))),
        }
    }
}

/// What follows from plex.tv's answer.
enum Step {
    End(Result<PlexId, Reason>, Option<Borrowed>),
    Code,
}

impl Said {
    fn into_step(self) -> Step {
        match self {
            Self::CodeWanted | Self::WrongCode => Step::Code,
            Self::No(why) => Step::End(Err(why), None),
            // Whoever signed in must still be confirmed; on this way nobody was.
            Self::Yes(token) => Step::End(Err(Reason::Unavailable("not confirmed".into())), Some(token)),
        }
    }
}

/// A value of the log, which cannot pass for anything but one value.
fn quoted(value: &str) -> String {
    format!("\"{}\"", wire::printable(value, 128).replace(['"', '\\'], "?"))
}

/// The verdict that an outcome is to the module.
fn verdict(outcome: &Result<PlexId, Reason>) -> Verdict {
    let outcome = match outcome {
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
