//! What the owner's token shows about the people around the server, kept fresh by one thread.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use directory::person;
use plex::{Client, Error, Token};
use policy::{FriendList, PlexId, PlexUser, Reason};
use protocol::FriendListStatus;

use crate::clock;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store};

/// How long the owner's own account is believed to have kept its names.
const OWNER_AGE: Duration = Duration::from_secs(3600);

/// How long one refresh may take.
const REFRESH: Duration = Duration::from_secs(12);

/// After a failure nobody makes plex.tv fail again sooner than this.
const PAUSE: Duration = Duration::from_secs(1);

/// The same after plex.tv said that it has had too many requests and not when to come back.
const LIMITED_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that plex.tv may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// Whose lists to read, and how.
pub(crate) struct Source {
    /// The client.
    pub client: Client,
    /// The owner's token.
    pub token: Token,
    /// The server whose shares count, or `None` when every friend does.
    pub shares_of: Option<String>,
    /// The owner's id, when the configuration says it.
    pub owner_id: Option<PlexId>,
    /// How old the list may become.
    pub fresh: Duration,
    /// How long a login waits for an answer, and so how long one is worth waiting for here.
    pub patience: Duration,
    /// What tells lists apart that were read for another configuration.
    pub mark: String,
    /// Told of every new list.
    pub on_update: Box<dyn Fn(&FriendList) + Send + Sync>,
}

/// The list, and the thread that keeps it.
pub(crate) struct FriendListCache {
    source: Source,
    store: Store,
    log: Log,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    circle: Option<Arc<FriendList>>,
    owner: Option<(PlexUser, Instant)>,
    /// Why the last refresh failed, and when the next may be tried.
    failure: Option<(Reason, Instant)>,
    /// Somebody waits for a list that is fresh, or none has been read since the start.
    wanted: bool,
    stopping: bool,
}

impl FriendListCache {
    /// Starts keeping the list, with the last one that was written down to begin with.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(
        source: Source,
        kept: Option<(String, FriendList)>,
        store: Store,
        log: Log,
    ) -> std::io::Result<Arc<Self>> {
        let circle = kept.filter(|(mark, _)| *mark == source.mark).map(|(_, circle)| Arc::new(circle));
        let state = Mutex::new(State { circle, wanted: true, ..State::default() });
        let friends = Arc::new(Self { source, store, log, state, changed: Condvar::new() });
        let keeper = Arc::clone(&friends);
        std::thread::Builder::new().name("friends".into()).spawn(move || keeper.keep())?;
        Ok(friends)
    }

    /// The last list that was had, of any age.
    pub(crate) fn known(&self) -> Option<Arc<FriendList>> {
        self.lock().circle.clone()
    }

    /// The list with the mark of its configuration, for whoever keeps it next.
    pub(crate) fn kept(&self) -> Option<(String, FriendList)> {
        self.known().map(|circle| (self.source.mark.clone(), FriendList::clone(&circle)))
    }

    /// How the list is, for the owner.
    pub(crate) fn how(&self) -> FriendListStatus {
        let state = self.lock();
        let circle = state.circle.as_ref();
        let people =
            |circle: &Arc<FriendList>| circle.entries.iter().map(|e| e.person.id).collect::<BTreeSet<_>>().len();
        FriendListStatus {
            people: circle.map(people).map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            age: circle.map(|circle| circle.age(clock::now_for(circle.fetched_at)).as_secs()),
            failing: state.failure.as_ref().map(|(why, _)| protocol::printable(&why.to_string(), 512)),
        }
    }

    /// A list young enough for a sign-in: the one there is, or a new one, waited for until the deadline.
    ///
    /// # Errors
    /// Why there is none: [`Reason::Unreachable`] only where plex.tv itself does not answer.
    pub(crate) fn fresh(&self, deadline: Instant) -> Result<Arc<FriendList>, Reason> {
        let (asked, started) = (clock::now(), Instant::now());
        let mut state = self.lock();
        loop {
            let young =
                |circle: &&Arc<FriendList>| circle.age(clock::adjusted(asked, circle.fetched_at)) <= self.source.fresh;
            if let Some(circle) = state.circle.as_ref().filter(young) {
                return Ok(Arc::clone(circle));
            }
            if let Some((why, _)) = state.failure.as_ref().filter(|(_, again)| started < *again) {
                return Err(of_the_list(why));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why = "the friend list did not come in time".to_owned();
                // Less than what an answer takes was never enough for one.
                let fair = deadline.saturating_duration_since(started) >= plex::FAIR;
                return Err(if fair { Reason::Unreachable(why) } else { Reason::Unavailable(why) });
            }
            if !state.wanted {
                state.wanted = true;
                self.changed.notify_all();
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    fn keep(&self) {
        while self.wait_for_work() {
            let outcome = self.refresh().map(Arc::new);
            if let Ok(circle) = &outcome {
                (self.source.on_update)(circle);
                self.store.write(Change::FriendList(self.source.mark.clone(), Arc::clone(circle)));
            }
            let mut state = self.lock();
            state.wanted = false;
            match outcome {
                Ok(circle) => {
                    if state.failure.take().is_some() {
                        self.log.info("the friend list can be had again");
                    }
                    state.circle = Some(circle);
                }
                Err(error) => self.note_failure(&mut state, &error),
            }
            self.changed.notify_all();
        }
    }

    /// Waits until the list is about to grow old or somebody wants a new one; false when it is time to end.
    fn wait_for_work(&self) -> bool {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.stopping {
                return false;
            }
            let soonest = state.failure.as_ref().map_or(now, |(_, again)| *again);
            // A little early, so that no login finds the list too old.
            let early = self.source.fresh * 4 / 5;
            let regular =
                state.circle.as_ref().map_or(soonest, |circle| now + early.saturating_sub(circle.age(clock::now())));
            // After a failure the list is tried again at leisure; only a login makes it sooner.
            let patient = if state.failure.is_some() { soonest + self.source.fresh / 10 } else { soonest };
            let due = if state.wanted { soonest } else { regular.max(patient) };
            if now >= due {
                return true;
            }
            state = self.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn refresh(&self) -> Result<FriendList, Error> {
        let (fetched_at, now) = (clock::now(), Instant::now());
        // For each answer: one that hangs must not keep the next login waiting when plex.tv is well again.
        let deadline = || (Instant::now() + self.source.patience).min(now + REFRESH);
        let owner = self.owner(now, deadline())?;
        let Source { client, token, .. } = &self.source;
        let entries = match &self.source.shares_of {
            Some(machine_id) => directory::shares(client, token, machine_id, deadline())?,
            None => directory::friends(client, token, deadline())?,
        };
        // As old as its oldest part: what changed while it was read may be missing.
        Ok(FriendList { owner, entries, fetched_at })
    }

    fn owner(&self, now: Instant, deadline: Instant) -> Result<PlexUser, Error> {
        let kept = self.lock().owner.clone().filter(|(_, at)| now.saturating_duration_since(*at) < OWNER_AGE);
        if let Some((owner, _)) = kept {
            return Ok(owner);
        }
        let owner = person(self.source.client.account(&self.source.token, deadline)?);
        match self.source.owner_id {
            Some(expected) if expected != owner.id => Err(Error::Unavailable(format!(
                "the token belongs to Plex id {}, but owner_id is {expected}; mend one of them",
                owner.id
            ))),
            _ => {
                self.lock().owner = Some((owner.clone(), now));
                Ok(owner)
            }
        }
    }

    fn note_failure(&self, state: &mut State, error: &Error) {
        let why = match error {
            Error::Refused => Reason::Unavailable(
                "plex.tv does not take the owner's token; get a new one and put it into the configuration".into(),
            ),
            Error::RateLimited(_) => Reason::RateLimited,
            Error::AddressBlocked => Reason::AddressBlocked,
            Error::Unreachable(why) => Reason::Unreachable(format!("plex.tv: {why}")),
            other => Reason::Unavailable(format!("plex.tv: {other}")),
        };
        let pause = match error {
            Error::RateLimited(wait) => wait.unwrap_or(LIMITED_PAUSE).clamp(PAUSE, LONGEST_PAUSE),
            Error::AddressBlocked => LONGEST_PAUSE,
            _ => PAUSE,
        };
        if state.failure.as_ref().is_none_or(|(before, _)| *before != why) {
            self.log.warning(format!("the friend list cannot be had: {why}"));
        }
        state.owner = None;
        state.failure = Some((why, Instant::now() + pause));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Why a login has no list.
fn of_the_list(why: &Reason) -> Reason {
    match why {
        Reason::Unreachable(why) => Reason::Unreachable(format!("the friend list: {why}")),
        Reason::Unavailable(why) => Reason::Unavailable(format!("the friend list: {why}")),
        other => other.clone(),
    }
}
