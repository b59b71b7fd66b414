//! One login, step by step: what the policy wants to know is fetched here, and what it says is done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Source;
use plex::Error;
use policy::{Access, AttemptKey, ListState, PlexId, PlexRef, Reason, SignInTarget, may_remember};
use protocol::Secret;

use crate::auth::media_server::ServerAnswer;
use crate::auth::token_revoker::IssuedToken;
use crate::clock;
use crate::context::Context;
use crate::limits::rate_limiter::Permit;
use crate::lock::lock;
use crate::state::friend_list::person;
use crate::state::password_cache::Recalled;
use crate::state::store::Change;

/// How long a comparison with a cached password may take, and the wait for others' of the same account, once plex.tv has
/// not answered by the deadline.
pub(crate) const AFTER_DEADLINE: Duration = Duration::from_millis(1500);

/// A password that somebody typed.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub key: AttemptKey,
    /// Whom the account belongs to.
    pub whose: PlexRef,
    pub password: Secret,
}

impl Attempt {
    pub(crate) fn account(&self) -> &str {
        &self.key.account
    }
}

/// What becomes of an attempt.
#[derive(Debug, Clone)]
pub(crate) enum AuthResult {
    /// In. The token is signed out once nobody holds it any more, which is when the verdict is on its way.
    Yes(PlexId, Evidence, Option<Arc<IssuedToken>>),
    /// The password may be right, but a verification code must come with it, or another one than the one that did.
    Code,
    /// Not in.
    No(Reason),
}

/// Whose word a login went by, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// plex.tv's.
    Plex,
    /// plex.tv's and the media server's.
    PlexAndServer,
    /// plex.tv's, since the media server had nothing to say that counts.
    PlexAlone(String),
    /// The friend list's, which is all that the account phase asks.
    List,
    /// The configuration's: the account is the owner's own, which needs no list.
    Owner,
    /// That of an earlier sign-in which is remembered.
    CachedPassword,
    /// The same, since plex.tv could not be asked.
    Offline(Reason),
}

impl Context {
    /// Decides about a password, and a code if one was asked for, without any further question to the person.
    pub(crate) fn judge(&self, attempt: &Attempt, code: Option<&Secret>, deadline: Instant) -> AuthResult {
        match code {
            None => {
                let judge = || self.judge_alone(attempt, None, deadline);
                self.single_flight.join(&attempt.key, &attempt.password, deadline + AFTER_DEADLINE, judge)
            }
            // A code is good once, so nobody can share it.
            Some(_) => self.judge_alone(attempt, code, deadline),
        }
    }

    fn judge_alone(&self, attempt: &Attempt, code: Option<&Secret>, deadline: Instant) -> AuthResult {
        let who = match self.eligible(attempt.account(), &attempt.whose, false, deadline) {
            Ok(who) => who,
            Err(why) if why.is_outage() => return self.without_list(attempt, why),
            Err(why) => return self.deny(&attempt.key, why),
        };
        let permit = match self.limiter.ask(&attempt.key, deadline) {
            Ok(permit) => permit,
            Err(why) => return AuthResult::No(why),
        };
        let (account, password) = (attempt.account(), &attempt.password);
        let recalled = match code {
            None => self.memory.recall(account, &who, password, self.config.cache.remember, &permit),
            Some(_) => Recalled::Nothing,
        };
        if let Recalled::Same(id) = recalled {
            self.limiter.right(&attempt.key);
            return AuthResult::Yes(id, Evidence::CachedPassword, None);
        }
        match self.sign_in(attempt, &who, code, &permit, deadline) {
            AuthResult::No(why) if why.is_outage() => self.offline(attempt, why, recalled, &permit),
            other => other,
        }
    }

    /// Whether somebody would be let in with the right password, or by approving a link code; decided before a password goes
    /// anywhere.
    pub(crate) fn eligible(
        &self,
        account: &str,
        whose: &PlexRef,
        by_link: bool,
        deadline: Instant,
    ) -> Result<SignInTarget, Reason> {
        let pin = self.pin(account);
        // A list that was fresh when it was asked for is fresh, however long the answer took.
        let now = clock::now();
        let fetched = self.friends.as_ref().map(|friends| friends.fresh(deadline)).transpose()?;
        let list = fetched.as_deref().map_or(ListState::NoToken, ListState::Fetched);
        let access = Access { rules: &self.rules, list, now, max_age: self.config.timeouts.friend_list };
        let decide = if by_link { Access::sign_in_by_link } else { Access::sign_in };
        decide(&access, whose, pin.as_ref()).result()
    }

    /// Asks plex.tv.
    fn sign_in(
        &self,
        attempt: &Attempt,
        who: &SignInTarget,
        code: Option<&Secret>,
        permit: &Permit,
        deadline: Instant,
    ) -> AuthResult {
        let asked = Instant::now();
        // Until the sign-in is confirmed: another one could end its token.
        let turn = self.turns.take(who.plex_id().into(), deadline);
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(turn) = turn.filter(|_| left >= plex::FAIR) else {
            return AuthResult::No(self.without_turn(asked));
        };
        if let Err(why) = self.limiter.open() {
            return AuthResult::No(why);
        }
        let start = Instant::now();
        let password = attempt.password.expose();
        let device = self.device(turn.slot());
        let sent = self.reach.send();
        let signed_in = match device.client.sign_in(&who.login, password, code.map(Secret::expose), deadline) {
            Ok(signed_in) => signed_in,
            Err(error) => {
                match error {
                    Error::Unreachable(_) => sent.unanswered(),
                    _ => sent.answered(),
                }
                permit.refused_with(&error);
                if !matches!(error, Error::Unreachable(_) | Error::Unavailable(_)) {
                    self.pace.note(start.elapsed());
                }
                return self.refused(attempt, error);
            }
        };
        sent.answered();
        self.pace.note(start.elapsed());
        let hold = self.sign_out.hold(device, signed_in.token.clone());
        let (two_factor, token) = (signed_in.two_factor, hold.belongs_to(signed_in));
        match self.confirm(who, &token, deadline) {
            Ok((id, by)) => {
                self.learn(&attempt.key, who, &token);
                if may_remember(two_factor, code.is_some()) {
                    self.memory.keep(attempt.account(), id, &attempt.password);
                }
                AuthResult::Yes(id, by, Some(Arc::new(token)))
            }
            Err(why) if why.is_outage() => AuthResult::No(why),
            Err(why) => self.deny(&attempt.key, why),
        }
    }

    /// Why a sign-in was not sent in time: plex.tv does not answer the one before it, or there were too many.
    fn without_turn(&self, asked: Instant) -> Reason {
        if self.reach.is_silent_since(asked) {
            Reason::Unreachable("plex.tv: no answer to the sign-in before this one".into())
        } else {
            Reason::AccountBusy
        }
    }

    fn refused(&self, attempt: &Attempt, error: Error) -> AuthResult {
        let why = match error {
            Error::CodeWanted => return AuthResult::Code,
            Error::WrongCode => {
                self.limiter.wrong(&attempt.key);
                return AuthResult::Code;
            }
            Error::AddressBlocked => return AuthResult::No(Reason::AddressBlocked),
            Error::RateLimited(_) => return AuthResult::No(Reason::RateLimited),
            // No answer to a password.
            Error::UnknownCode => return AuthResult::No(Reason::Unavailable(format!("plex.tv: {error}"))),
            Error::Unreachable(why) => return AuthResult::No(Reason::Unreachable(format!("plex.tv: {why}"))),
            Error::Unavailable(why) => return AuthResult::No(Reason::Unavailable(format!("plex.tv: {why}"))),
            Error::Refused => Reason::WrongPassword,
            Error::EmailOnly => Reason::EmailOnly,
            Error::Forbidden(_) => Reason::Forbidden,
        };
        self.memory.forget_if(attempt.account(), &attempt.password);
        self.limiter.wrong(&attempt.key);
        AuthResult::No(why)
    }

    /// Whether the one who signed in is the one who was meant and, where that is asked after the sign-in, reaches the
    /// server.
    pub(crate) fn confirm(
        &self,
        who: &SignInTarget,
        token: &IssuedToken,
        deadline: Instant,
    ) -> Result<(PlexId, Evidence), Reason> {
        let account = person(token.signed_in.account.clone());
        who.confirm(&account)?;
        let reach = || self.reach(account.id, token, deadline);
        let without_list = matches!(self.config.source, Source::Resources { .. });
        let reached = if without_list { Some(reach()?) } else { None };
        let Some(media) = &self.media else { return Ok((account.id, Evidence::Plex)) };
        match media.ask(token.client(), deadline, || reached.map_or_else(reach, Ok))? {
            ServerAnswer::Accepts => Ok((account.id, Evidence::PlexAndServer)),
            ServerAnswer::Rejects => Err(Reason::ServerRefuses),
            ServerAnswer::NoOpinion(why) => Ok((account.id, Evidence::PlexAlone(why))),
        }
    }

    /// The person's own token for the server, if their own list shows that they reach it.
    fn reach(&self, id: PlexId, token: &IssuedToken, deadline: Instant) -> Result<Option<plex::Token>, Reason> {
        let (machine_id, owner_id) = self.server().ok_or(Reason::NoAccess)?;
        let resources = token.client().resources(&token.signed_in.token, deadline);
        let rows = resources.map_err(|error| self.no_answer(error))?;
        let found = rows.into_iter().find_map(|row| {
            let shown = server_row(&row)?;
            policy::reaches(&machine_id, owner_id, id, &[shown]).ok().map(|()| row.access_token)
        });
        found.ok_or(Reason::NoAccess)
    }

    /// Denies: nothing about this account is remembered any longer.
    pub(crate) fn deny(&self, key: &AttemptKey, why: Reason) -> AuthResult {
        self.memory.forget(&key.account);
        self.limiter.wrong(key);
        AuthResult::No(why)
    }

    /// Notes who signed in.
    pub(crate) fn learn(&self, key: &AttemptKey, who: &SignInTarget, token: &IssuedToken) {
        self.limiter.right(key);
        let (account, person) = (key.account.clone(), person(token.signed_in.account.clone()));
        if self.friends.is_none() {
            let now = clock::now();
            lock(&self.recent).insert(account.clone(), (person.id, now));
            self.store.write(Change::RecentSignIn(account.clone(), person.id, now));
        }
        let pin = who.binding(&person);
        let before = lock(&self.pins).insert(account.clone(), pin.clone());
        if before.as_ref() != Some(&pin) {
            self.store.write(Change::Binding(account, pin));
        }
    }
}

fn server_row(resource: &plex::Resource) -> Option<policy::ServerRow> {
    Some(policy::ServerRow {
        machine_id: resource.client_identifier.clone()?,
        is_server: resource.is_server(),
        owned: resource.owned,
        owner_id: resource.owner_id.map(PlexId),
    })
}
