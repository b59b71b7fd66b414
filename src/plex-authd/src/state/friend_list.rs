//! The friend list, refreshed by one thread with the owner's token.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use directory::{Error, Reader};
use plex::{Client, Token};
use policy::{FriendList, PlexId, PlexUser, Reason};
use protocol::FriendListStatus;

use crate::clock;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store};

/// Age at which the owner's own account is fetched again.
const OWNER_AGE: Duration = Duration::from_secs(3600);

/// The longest duration of one refresh.
const REFRESH: Duration = Duration::from_secs(12);

/// The shortest pause after a failed refresh.
const PAUSE: Duration = Duration::from_secs(1);

/// Pause after a 429 from plex.tv without a `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that a `Retry-After` can cause.
const MAX_PAUSE: Duration = Duration::from_secs(900);

/// Source of the list, from the configuration.
pub(crate) struct Source {
    pub client: Client,
    /// The owner's token.
    pub token: Token,
    /// `machine_id`, if it is configured.
    pub machine_id: Option<String>,
    /// `strict_friends`.
    pub strict: bool,
    /// `owner_id`, if it is configured.
    pub owner_id: Option<PlexId>,
    /// `client_identifier` is configured.
    pub has_identity: bool,
    /// The greatest age of a list for sign-ins.
    pub max_age: Duration,
    /// Time limit of each request: a login waits no longer.
    pub timeout: Duration,
    /// Identifies the configuration that the list belongs to.
    pub scope_id: String,
    /// Called with every new list.
    pub on_update: Box<dyn Fn(&FriendList) + Send + Sync>,
}

/// The latest friend list, shared with the thread that refreshes it.
pub(crate) struct FriendListCache {
    source: Source,
    store: Store,
    log: Log,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    list: Option<Arc<FriendList>>,
    /// The owner's account, and the time at which it was fetched.
    owner: Option<(PlexUser, Instant)>,
    /// Why the last refresh failed, and the earliest time of the next.
    failure: Option<(Reason, Instant)>,
    /// A login waits for a fresh list, or none has been fetched since the start.
    wanted: bool,
    stopping: bool,
}

impl FriendListCache {
    /// Starts the thread. `saved` is the last list, with its scope; it is used if the scope is the same.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(
        source: Source,
        saved: Option<(String, FriendList)>,
        store: Store,
        log: Log,
    ) -> std::io::Result<Arc<Self>> {
        let list = saved.filter(|(scope_id, _)| *scope_id == source.scope_id).map(|(_, list)| Arc::new(list));
        let state = Mutex::new(State { list, wanted: true, ..State::default() });
        let friends = Arc::new(Self { source, store, log, state, changed: Condvar::new() });
        let refresher = Arc::clone(&friends);
        std::thread::Builder::new().name("friends".into()).spawn(move || refresher.run())?;
        Ok(friends)
    }

    /// The latest list, of any age.
    pub(crate) fn latest(&self) -> Option<Arc<FriendList>> {
        self.lock().list.clone()
    }

    /// The latest list with its scope, for the cache of the next configuration.
    pub(crate) fn with_scope(&self) -> Option<(String, FriendList)> {
        self.latest().map(|list| (self.source.scope_id.clone(), FriendList::clone(&list)))
    }

    /// Size and age of the list, for `plex-auth status`.
    pub(crate) fn status(&self) -> FriendListStatus {
        let state = self.lock();
        let list = state.list.as_ref();
        let people = |list: &Arc<FriendList>| list.entries.iter().map(|e| e.person.id).collect::<BTreeSet<_>>().len();
        FriendListStatus {
            people: list.map(people).map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            age: list.map(|list| list.age(clock::now_for(list.fetched_at)).as_secs()),
            failing: state.failure.as_ref().map(|(why, _)| protocol::printable(&why.to_string(), 512)),
        }
    }

    /// A list that is fresh enough for a sign-in, waiting for a refresh until the deadline if necessary.
    ///
    /// # Errors
    /// The reason of the failed refresh; [`Reason::Unreachable`] only if plex.tv itself does not answer.
    pub(crate) fn fresh(&self, deadline: Instant) -> Result<Arc<FriendList>, Reason> {
        let (called, started) = (clock::now(), Instant::now());
        let mut state = self.lock();
        loop {
            let is_fresh =
                |list: &&Arc<FriendList>| list.age(clock::adjusted(called, list.fetched_at)) <= self.source.max_age;
            if let Some(list) = state.list.as_ref().filter(is_fresh) {
                return Ok(Arc::clone(list));
            }
            if let Some((reason, _)) = state.failure.as_ref().filter(|(_, retry_at)| started < *retry_at) {
                return Err(about_the_list(reason));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why = "the friend list did not come in time".to_owned();
                // A deadline too short for any response says nothing about plex.tv.
                let was_fair = deadline.saturating_duration_since(started) >= plex::FAIR;
                return Err(if was_fair { Reason::Unreachable(why) } else { Reason::Unavailable(why) });
            }
            if !state.wanted {
                state.wanted = true;
                self.changed.notify_all();
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the thread, after a refresh in progress.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    fn run(&self) {
        while self.wait_for_work() {
            let outcome = self.refresh().map(Arc::new);
            if let Ok(list) = &outcome {
                (self.source.on_update)(list);
                self.store.write(Change::FriendList(self.source.scope_id.clone(), Arc::clone(list)));
            }
            let mut state = self.lock();
            state.wanted = false;
            match outcome {
                Ok(list) => {
                    if state.failure.take().is_some() {
                        self.log.info("the friend list can be had again");
                    }
                    state.list = Some(list);
                }
                Err(error) => self.record_failure(&mut state, &error),
            }
            self.changed.notify_all();
        }
    }

    /// Waits until the list is about to expire or a login wants a new one; false when the thread is to end.
    fn wait_for_work(&self) -> bool {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.stopping {
                return false;
            }
            let soonest = state.failure.as_ref().map_or(now, |(_, retry_at)| *retry_at);
            // Early, so that no login finds the list expired.
            let refresh_age = self.source.max_age * 4 / 5;
            let regular =
                state.list.as_ref().map_or(soonest, |list| now + refresh_age.saturating_sub(list.age(clock::now())));
            // After a failure, only a login causes a refresh at the earliest time.
            let unhurried = if state.failure.is_some() { soonest + self.source.max_age / 10 } else { soonest };
            let due = if state.wanted { soonest } else { regular.max(unhurried) };
            if now >= due {
                return true;
            }
            state = self.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn refresh(&self) -> Result<FriendList, Error> {
        let (fetched_at, now) = (clock::now(), Instant::now());
        let source = &self.source;
        let reader = Reader {
            client: &source.client,
            token: &source.token,
            owner_id: source.owner_id,
            has_identity: source.has_identity,
            machine_id: source.machine_id.as_deref(),
            strict: source.strict,
            // Per request: one that hangs must not keep the next login waiting when plex.tv is available again.
            timeout: source.timeout,
            deadline: Some(now + REFRESH),
        };
        reader.list(self.owner(now, &reader)?, fetched_at)
    }

    fn owner(&self, now: Instant, reader: &Reader) -> Result<PlexUser, Error> {
        let recent = self.lock().owner.clone().filter(|(_, at)| now.saturating_duration_since(*at) < OWNER_AGE);
        if let Some((owner, _)) = recent {
            return Ok(owner);
        }
        let owner = reader.owner()?;
        self.lock().owner = Some((owner.clone(), now));
        Ok(owner)
    }

    fn record_failure(&self, state: &mut State, error: &Error) {
        let reason = match error {
            Error::WrongOwner { .. } => Reason::Unavailable(format!("plex.tv: {error}; mend one of them")),
            Error::Plex(plex::Error::Refused) => Reason::Unavailable(
                "plex.tv does not take the owner's token; get a new one and put it into the configuration".into(),
            ),
            Error::Plex(plex::Error::RateLimited(_)) => Reason::RateLimited,
            Error::Plex(plex::Error::AddressBlocked) => Reason::AddressBlocked,
            Error::Plex(plex::Error::Unreachable(_)) => Reason::Unreachable(error.to_string()),
            Error::Plex(_) => Reason::Unavailable(error.to_string()),
        };
        let pause = match error {
            Error::Plex(plex::Error::RateLimited(retry_after)) => {
                retry_after.unwrap_or(DEFAULT_PAUSE).clamp(PAUSE, MAX_PAUSE)
            }
            Error::Plex(plex::Error::AddressBlocked) => MAX_PAUSE,
            _ => PAUSE,
        };
        if state.failure.as_ref().is_none_or(|(before, _)| *before != reason) {
            self.log.warning(format!("the friend list cannot be had: {reason}"));
        }
        state.owner = None;
        state.failure = Some((reason, Instant::now() + pause));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// The reason for a login, which names the list.
fn about_the_list(reason: &Reason) -> Reason {
    match reason {
        Reason::Unreachable(why) => Reason::Unreachable(format!("the friend list: {why}")),
        Reason::Unavailable(why) => Reason::Unavailable(format!("the friend list: {why}")),
        other => other.clone(),
    }
}
