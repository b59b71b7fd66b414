//! One login, step by step: what the policy wants to know is fetched here, and what it says is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use config::{Config, Source};
use plex::{Client, Error};
use policy::{Account, Circle, Eligible, Key, Moment, Pin, PlexId, Reason, Reference, Rules, may_remember};
use wire::Secret;

use crate::clock;
use crate::flights::Flights;
use crate::friends::{Friends, person};
use crate::gate::Gate;
use crate::log::Log;
use crate::media::{Media, Word};
use crate::memory::Memory;
use crate::pace::Pace;
use crate::signout::{Borrowed, SignOut};
use crate::state::{Change, Store};

/// How long the account phase waits for a list where there is none to go by. Keys, cron and SMB come through it, and none
/// of them waits for long.
const FIRST_LIST: Duration = Duration::from_secs(4);

/// Everything that a login needs and that all logins share.
pub(crate) struct Desk {
    pub config: Config,
    pub rules: Rules,
    pub uid_min: u32,
    pub client: Client,
    /// The list, where there is a token to read it with.
    pub friends: Option<Arc<Friends>>,
    /// The media server, where it is asked too.
    pub media: Option<Media>,
    pub gate: Arc<Gate>,
    pub memory: Arc<Memory>,
    pub flights: Flights,
    pub pace: Pace,
    pub sign_out: SignOut,
    pub store: Store,
    pub log: Log,
    /// Who each account belonged to at its first login.
    pub pins: Mutex<HashMap<String, Pin>>,
    /// Without a list: who signed in lately, which is then all that the account phase can go by.
    pub recent: Mutex<HashMap<String, (PlexId, Moment)>>,
}

/// A password that somebody typed.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub key: Key,
    /// Whom the account belongs to.
    pub whose: Reference,
    pub password: Secret,
}

impl Attempt {
    fn account(&self) -> &str {
        &self.key.account
    }
}

/// What becomes of an attempt.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// In. The token is signed out once nobody holds it any more, which is when the verdict is on its way.
    Yes(PlexId, By, Option<Arc<Borrowed>>),
    /// The password may be right, but a verification code must come with it, or another one than the one that did.
    Code,
    /// Not in.
    No(Reason),
}

/// Whose word a login went by, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// plex.tv's.
    Plex,
    /// plex.tv's and the media server's.
    PlexAndServer,
    /// plex.tv's, since the media server had nothing to say that counts.
    PlexAlone(String),
    /// The friend list's, which is all that the account phase asks.
    List,
    /// That of an earlier sign-in which is remembered.
    Remembered,
    /// The same, since plex.tv could not be asked.
    Offline(Reason),
}

impl Desk {
    /// Whom an account belongs to.
    ///
    /// # Errors
    /// Why this project has no say about it.
    pub(crate) fn managed(&self, account: Option<&Account>) -> Result<Reference, Reason> {
        policy::managed(account, self.uid_min, &self.config.users)
    }

    /// Decides about a password, and a code if one was asked for, without any further question to the person.
    pub(crate) fn judge(&self, attempt: &Attempt, code: Option<&Secret>, deadline: Instant) -> Answer {
        let who = match self.eligible(attempt, deadline) {
            Ok(who) => who,
            Err(why) if why.is_outage() => return self.offline(attempt, why),
            Err(why) => return self.deny(attempt, why),
        };
        let (account, password) = (attempt.account(), &attempt.password);
        if let Some(id) = self.memory.knows(account, &who, password, self.config.cache.remember) {
            self.gate.right(&attempt.key);
            return Answer::Yes(id, By::Remembered, None);
        }
        let answer = match code {
            None => self.flights.join(&attempt.key, password, deadline, || self.sign_in(attempt, &who, None, deadline)),
            // A code is good once, so nobody can share it.
            Some(_) => self.sign_in(attempt, &who, code, deadline),
        };
        match answer {
            Answer::No(why) if why.is_outage() => self.offline(attempt, why),
            other => other,
        }
    }

    /// Whether somebody would be let in with the right password; decided before the password goes anywhere.
    fn eligible(&self, attempt: &Attempt, deadline: Instant) -> Result<Eligible, Reason> {
        let pin = self.pin(attempt.account());
        let Some(friends) = &self.friends else {
            return policy::eligible_without_list(&attempt.whose, pin.as_ref());
        };
        // What was fresh when it was asked for is fresh, however long the answer took.
        let asked = clock::now();
        let circle = friends.fresh(deadline).map_err(Reason::Unavailable)?;
        let oldest = self.config.timeouts.friend_list;
        policy::eligible(&self.rules, &circle, &attempt.whose, pin.as_ref(), oldest, asked)
    }

    /// Asks plex.tv.
    fn sign_in(&self, attempt: &Attempt, who: &Eligible, code: Option<&Secret>, deadline: Instant) -> Answer {
        let permit = match self.gate.ask(&attempt.key, deadline) {
            Ok(permit) => permit,
            Err(why) => return Answer::No(why),
        };
        let start = Instant::now();
        let password = attempt.password.expose();
        let signed_in = match self.client.sign_in(&who.login, password, code.map(Secret::expose), deadline) {
            Ok(signed_in) => signed_in,
            Err(error) => {
                permit.refused_with(&error);
                if !matches!(error, Error::Unavailable(_)) {
                    self.pace.note(start.elapsed());
                }
                return self.refused(attempt, error);
            }
        };
        drop(permit);
        self.pace.note(start.elapsed());
        let (two_factor, token) = (signed_in.two_factor, self.sign_out.borrow(signed_in));
        match self.confirm(who, &token, deadline) {
            Ok((id, by)) => {
                self.learn(attempt, who, &token);
                if may_remember(two_factor, code.is_some()) {
                    self.memory.keep(attempt.account(), id, &attempt.password);
                }
                Answer::Yes(id, by, Some(Arc::new(token)))
            }
            Err(why) if why.is_outage() => Answer::No(why),
            Err(why) => self.deny(attempt, why),
        }
    }

    fn refused(&self, attempt: &Attempt, error: Error) -> Answer {
        let why = match error {
            Error::CodeWanted => return Answer::Code,
            Error::WrongCode => {
                self.gate.wrong(&attempt.key);
                return Answer::Code;
            }
            Error::AddressBlocked => return Answer::No(Reason::AddressBlocked),
            Error::RateLimited(_) => return Answer::No(Reason::RateLimited),
            Error::Unavailable(why) => return Answer::No(Reason::Unavailable(format!("plex.tv: {why}"))),
            Error::Refused => Reason::WrongPassword,
            Error::EmailOnly => Reason::EmailOnly,
            Error::Forbidden(_) => Reason::Forbidden,
        };
        self.memory.forget_if(attempt.account(), &attempt.password);
        self.gate.wrong(&attempt.key);
        Answer::No(why)
    }

    /// Whether the one who signed in is the one who was meant and, where that is asked after the sign-in, reaches the
    /// server.
    fn confirm(&self, who: &Eligible, token: &Borrowed, deadline: Instant) -> Result<(PlexId, By), Reason> {
        let account = person(token.signed_in.account.clone());
        who.confirm(&account)?;
        let reach = || self.reach(account.id, token, deadline);
        let without_list = matches!(self.config.source, Source::Resources { .. });
        let reached = if without_list { Some(reach()?) } else { None };
        let Some(media) = &self.media else { return Ok((account.id, By::Plex)) };
        match media.ask(&self.client, deadline, || reached.map_or_else(reach, Ok))? {
            Word::Yes => Ok((account.id, By::PlexAndServer)),
            Word::No => Err(Reason::ServerRefuses),
            Word::Nothing(why) => Ok((account.id, By::PlexAlone(why))),
        }
    }

    /// The person's own token for the server, if their own list shows that they reach it.
    fn reach(&self, id: PlexId, token: &Borrowed, deadline: Instant) -> Result<Option<plex::Token>, Reason> {
        let (machine_id, owner_id) = self.server().ok_or(Reason::NoAccess)?;
        let rows = self
            .client
            .resources(&token.signed_in.token, deadline)
            .map_err(|error| Reason::Unavailable(format!("plex.tv: {error}")))?;
        let found = rows.into_iter().find_map(|row| {
            let shown = server_row(&row)?;
            policy::reaches(&machine_id, owner_id, id, &[shown]).ok().map(|()| row.access_token)
        });
        found.ok_or(Reason::NoAccess)
    }

    /// The server that counts and whose it is.
    fn server(&self) -> Option<(String, PlexId)> {
        match &self.config.source {
            Source::Resources { machine_id, owner_id } => Some((machine_id.clone(), *owner_id)),
            Source::Token(_) => {
                let circle = self.friends.as_ref()?.known()?;
                Some((self.config.machine_id.clone()?, circle.owner.id))
            }
        }
    }

    /// Lets the memory decide when plex.tv could not be asked. The last known list still has its say.
    fn offline(&self, attempt: &Attempt, why: Reason) -> Answer {
        let Some(limit) = self.config.cache.offline else { return Answer::No(why) };
        let pin = self.pin(attempt.account());
        let who = match &self.friends {
            None => policy::eligible_without_list(&attempt.whose, pin.as_ref()),
            Some(friends) => match friends.known() {
                Some(circle) => {
                    // A list that is fresh enough for a sign-in does not grow too old by an outage.
                    let oldest = limit.max(self.config.timeouts.friend_list);
                    let now = clock::now_for(circle.learnt);
                    policy::eligible(&self.rules, &circle, &attempt.whose, pin.as_ref(), oldest, now)
                }
                None => return Answer::No(why),
            },
        };
        let who = match who {
            Ok(who) => who,
            Err(denial) if denial.is_outage() => return Answer::No(why),
            Err(denial) => return self.deny(attempt, denial),
        };
        if let Some(id) = self.memory.knows(attempt.account(), &who, &attempt.password, Some(limit)) {
            self.gate.right(&attempt.key);
            return Answer::Yes(id, By::Offline(why), None);
        }
        // Nobody can say that the password is wrong; but a guess at the memory must not be free.
        self.gate.wrong(&attempt.key);
        Answer::No(why)
    }

    /// Denies: nothing about this account is remembered any longer.
    fn deny(&self, attempt: &Attempt, why: Reason) -> Answer {
        self.memory.forget(attempt.account());
        self.gate.wrong(&attempt.key);
        Answer::No(why)
    }

    /// Notes who signed in.
    fn learn(&self, attempt: &Attempt, who: &Eligible, token: &Borrowed) {
        self.gate.right(&attempt.key);
        let (account, person) = (attempt.account().to_owned(), person(token.signed_in.account.clone()));
        if self.friends.is_none() {
            let now = clock::now();
            lock(&self.recent).insert(account.clone(), (person.id, now));
            self.store.write(Change::Recent(account.clone(), person.id, now));
        }
        let pin = who.pin(&person);
        let before = lock(&self.pins).insert(account.clone(), pin.clone());
        if before.as_ref() != Some(&pin) {
            self.store.write(Change::Pin(account, pin));
        }
    }

    /// Whether a managed account may be used today, by what is known already.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn account_today(&self, account: &str, whose: &Reference, deadline: Instant) -> Result<PlexId, Reason> {
        let oldest = self.oldest_list();
        let Some(friends) = &self.friends else {
            let (pin, last) = (self.pin(account), lock(&self.recent).get(account).copied());
            let now = last.map_or_else(clock::now, |(_, at)| clock::now_for(at));
            return policy::account_today_without_list(whose, pin.as_ref(), last, oldest, now);
        };
        // A daemon that starts for the first time has no list, and one that starts after a long while has an old one;
        // then a new one is worth a wait.
        // What was young when it was asked for is young, however long the answer took.
        let asked = clock::now();
        let (circle, now) = if let Some(circle) = friends.known().filter(|circle| age(circle) <= oldest) {
            let now = clock::now_for(circle.learnt);
            (circle, now)
        } else {
            let soon = deadline.min(Instant::now() + FIRST_LIST);
            (friends.fresh(soon).map_err(Reason::Unavailable)?, asked)
        };
        policy::account_today(&self.rules, &circle, whose, self.pin(account).as_ref(), oldest, now).inspect_err(|why| {
            if !why.is_outage() {
                self.memory.forget(account);
            }
        })
    }

    /// Whether the account phase has all that it goes by.
    pub(crate) fn has_list(&self) -> bool {
        let young = |circle: Arc<Circle>| age(&circle) <= self.oldest_list();
        self.friends.as_ref().is_none_or(|friends| friends.known().is_some_and(young))
    }

    /// How old a list the account phase goes by. Whoever may sign in during an outage must not be turned away right
    /// behind the door.
    fn oldest_list(&self) -> Duration {
        self.config.timeouts.known_list.max(self.config.cache.offline.unwrap_or_default())
    }

    /// The Plex id that an account seems to belong to, for the log.
    pub(crate) fn id_of(&self, account: &str, whose: &Reference) -> Option<PlexId> {
        let pinned = || self.pin(account).map(|pin| pin.id);
        let circle = self.friends.as_ref().and_then(|friends| friends.known());
        circle.and_then(|circle| circle.id_of(whose)).or_else(pinned)
    }

    fn pin(&self, account: &str) -> Option<Pin> {
        lock(&self.pins).get(account).cloned()
    }
}

/// How old a list is, that of an earlier run included.
fn age(circle: &Circle) -> Duration {
    circle.age(clock::now_for(circle.learnt))
}

fn server_row(resource: &plex::Resource) -> Option<policy::ServerRow> {
    Some(policy::ServerRow {
        machine_id: resource.client_identifier.clone()?,
        is_server: resource.is_server(),
        owned: resource.owned,
        owner_id: resource.owner_id.map(PlexId),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
