//! The friend list, refreshed by one thread with the owner's token.

mod login;
mod miss;
mod new_member;
mod reading;
mod refresher;
mod suspicion;
mod warm_up;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plex::{Client, Token};
use policy::{BootTime, FriendList, IdentityBinding, PlexId, PlexRef, PlexUser, Reason, Rules};
use protocol::FriendListStatus;

use crate::clock;
use crate::limits::Limits;
use crate::lock::lock;
use crate::log::Log;
use crate::state::members::Members;
use crate::state::store::Store;
use miss::Misses;
use suspicion::Check;
pub(crate) use suspicion::Suspicion;
use warm_up::WarmUp;

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
    /// The owner's rules, by which a list is compared with the one before it.
    pub rules: Rules,
    /// The group's members, whom a list is the first to decide about.
    pub members: Members,
    /// Called with every new list that is not in doubt.
    pub on_update: Box<dyn Fn(&FriendList) + Send + Sync>,
    /// Delays refusals by the duration of a refresh, which one of them may have waited for.
    pub limits: Arc<Limits>,
}

/// The friend list of an earlier run or configuration.
#[derive(Debug, Clone)]
pub(crate) struct SavedList {
    /// Identifies the configuration that it belongs to.
    pub scope_id: String,
    /// The last one that is not in doubt.
    pub list: FriendList,
    /// The one in doubt, which is in force.
    pub suspicion: Option<Suspicion>,
}

/// Doubt about a refusal: the person had access by the last list that is not in doubt.
pub(crate) struct Doubt {
    /// The second source agrees that they have none now.
    pub is_denial: bool,
    /// Text for the log.
    pub why: String,
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
    /// The list in force.
    list: Option<Arc<FriendList>>,
    /// The last list that is not in doubt.
    confirmed: Option<Arc<FriendList>>,
    /// The doubt about the list in force.
    suspicion: Option<Suspicion>,
    /// The owner's account, and the time at which it was fetched.
    owner: Option<(PlexUser, Instant)>,
    /// Why the last refresh failed, and the earliest time of the next.
    failure: Option<(Reason, Instant)>,
    /// A login waits for a fresh list, or none has been fetched since the start.
    wanted: bool,
    /// Refreshes because of accounts that are not on the list.
    misses: Misses,
    /// Refreshes at the beginning of a login.
    warm_up: WarmUp,
    /// Number of refreshes that have started, and that have ended.
    started: u64,
    ended: u64,
    /// When the last refresh started.
    started_at: Option<BootTime>,
    stopping: bool,
}

impl FriendListCache {
    /// Starts the thread. `saved` is used if its scope is the same.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(
        source: Source,
        saved: Option<SavedList>,
        store: Store,
        log: Log,
    ) -> std::io::Result<Arc<Self>> {
        let saved = saved.filter(|saved| saved.scope_id == source.scope_id);
        let (confirmed, suspicion) = saved.map(|saved| (Arc::new(saved.list), saved.suspicion)).unzip();
        let suspicion = suspicion.flatten();
        let list = suspicion.as_ref().map(|suspicion| Arc::clone(&suspicion.list)).or_else(|| confirmed.clone());
        let state = Mutex::new(State { list, confirmed, suspicion, wanted: true, ..State::default() });
        let friends = Arc::new(Self { source, store, log, state, changed: Condvar::new() });
        let refresher = Arc::clone(&friends);
        std::thread::Builder::new().name("friends".into()).spawn(move || refresher.run())?;
        Ok(friends)
    }

    /// The latest list, of any age.
    pub(crate) fn latest(&self) -> Option<Arc<FriendList>> {
        self.lock().list.clone()
    }

    /// The list for the cache of the next configuration.
    pub(crate) fn saved(&self) -> Option<SavedList> {
        let state = self.lock();
        let list = FriendList::clone(state.confirmed.as_ref()?);
        Some(SavedList { scope_id: self.source.scope_id.clone(), list, suspicion: state.suspicion.clone() })
    }

    /// The doubt about a refusal of this account by the list in force.
    pub(crate) fn doubt(&self, mapped_to: &PlexRef, binding: Option<&IdentityBinding>) -> Option<Doubt> {
        let state = self.lock();
        let suspicion = state.suspicion.as_ref()?;
        let id = self.source.rules.resolve(state.confirmed.as_ref()?, mapped_to, binding).id().ok()?;
        suspicion.loss.missing.contains(&id).then(|| Doubt {
            is_denial: suspicion.check == Check::Agrees,
            why: format!("the friend list is in doubt: {}", suspicion.text()),
        })
    }

    /// Size and age of the list, for `plex-auth status`.
    pub(crate) fn status(&self) -> FriendListStatus {
        self.lock().status()
    }

    /// A list that is fresh enough for a sign-in, waiting for a refresh until the deadline if necessary.
    ///
    /// # Errors
    /// The reason of the failed refresh; [`Reason::Unreachable`] only if plex.tv itself does not answer.
    pub(crate) fn fresh(&self, deadline: Instant) -> Result<Arc<FriendList>, Reason> {
        self.wait_until_fresh(deadline, false).map(|(list, _)| list)
    }

    /// [`Self::fresh`], which waits until the deadline even if plex.tv could not be reached a moment ago.
    ///
    /// # Errors
    /// As [`Self::fresh`].
    pub(crate) fn awaited(&self, deadline: Instant) -> Result<Arc<FriendList>, Reason> {
        self.wait_until_fresh(deadline, true).map(|(list, _)| list)
    }

    /// [`Self::fresh`], and the status of that list.
    pub(crate) fn fresh_with_status(&self, deadline: Instant) -> Result<(Arc<FriendList>, FriendListStatus), Reason> {
        self.wait_until_fresh(deadline, false).map(|(list, state)| (list, state.status()))
    }

    fn wait_until_fresh(
        &self,
        deadline: Instant,
        is_patient: bool,
    ) -> Result<(Arc<FriendList>, MutexGuard<'_, State>), Reason> {
        let (called, started) = (clock::now(), Instant::now());
        let mut state = self.lock();
        loop {
            let is_fresh =
                |list: &&Arc<FriendList>| list.age(clock::adjusted(called, list.fetched_at)) <= self.source.max_age;
            if let Some(list) = state.list.as_ref().filter(is_fresh).map(Arc::clone) {
                return Ok((list, state));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let failure = state.failure.as_ref().filter(|(_, retry_at)| started < *retry_at);
            // A network may be there at the next attempt; any other answer of plex.tv stays.
            let is_worth_a_wait = |reason: &Reason| is_patient && matches!(reason, Reason::Unreachable(_));
            if let Some((reason, _)) = failure.filter(|(reason, _)| left.is_zero() || !is_worth_a_wait(reason)) {
                return Err(about_the_list(reason));
            }
            if left.is_zero() {
                let why = "the friend list did not arrive in time".to_owned();
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

    /// A list that was read because an account does not have access by `list`: a newer one, if there is one or this call may
    /// cause a refresh (see [`Misses`]). One that was read since the login began, at `began`, is new enough: it is not read twice
    /// for one login.
    pub(crate) fn newer(&self, list: &FriendList, began: BootTime, deadline: Instant) -> Option<Arc<FriendList>> {
        let now = Instant::now();
        let deadline = deadline.min(now + miss::MAX_WAIT);
        // A prompt may have waited for minutes.
        let age = list.age(clock::now_for(list.fetched_at));
        let is_new = list.fetched_at >= began && age < warm_up::INTERVAL;
        let mut state = self.lock();
        let has_newer = |state: &State| state.list.as_ref().is_some_and(|latest| latest.fetched_at > list.fetched_at);
        if !is_new
            && !has_newer(&state)
            && let Some(number) = state.reading_for(began, now)
        {
            self.changed.notify_all();
            while state.ended < number && !state.stopping && Instant::now() < deadline {
                let left = deadline.saturating_duration_since(Instant::now());
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        state.list.clone().filter(|_| has_newer(&state))
    }

    /// [`Self::newer`] would cause a refresh or wait for one.
    pub(crate) fn can_be_newer(&self) -> bool {
        self.lock().can_be_newer(Instant::now())
    }

    /// Ends the thread, after a refresh in progress.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// A refresh because of an account that is not on the list is possible, or in progress. While plex.tv does not give an
    /// answer, a refusal need not wait for the next attempt.
    fn can_be_newer(&self, now: Instant) -> bool {
        let is_paused = self.failure.as_ref().is_some_and(|(_, retry_at)| now < *retry_at);
        !self.stopping && !is_paused && (self.misses.is_available(now) || self.warm_up.due().is_some())
    }

    /// The number of the refresh that has what was true when a login began: one that started since then, one that a login has
    /// requested, or one that this call requests. `None` if there is none.
    fn reading_for(&mut self, began: BootTime, now: Instant) -> Option<u64> {
        if self.is_reading() && self.started_at.is_some_and(|at| at >= began) {
            return Some(self.started);
        }
        let is_requested = self.can_be_newer(now) && (self.warm_up.hurry(now) || self.misses.request(now));
        // A miss may have joined the refresh of another one.
        let is_next = self.warm_up.due().is_some() || self.misses.is_requested();
        is_requested.then_some(self.started + u64::from(is_next))
    }

    /// A refresh is in progress.
    fn is_reading(&self) -> bool {
        self.started > self.ended
    }

    /// A refresh begins, for every request until now.
    fn begin_reading(&mut self) {
        self.misses.begin();
        self.warm_up.begin();
        self.started += 1;
        self.started_at = Some(clock::now());
    }

    fn status(&self) -> FriendListStatus {
        let list = self.list.as_ref();
        FriendListStatus {
            people: list.map(|list| list.people()),
            age: list.map(|list| list.age(clock::now_for(list.fetched_at)).as_secs()),
            failing: self.failure.as_ref().map(|(why, _)| protocol::printable(&why.to_string(), 512)),
            second_source: list.and_then(|list| list.second_source.as_ref()).map(|why| protocol::printable(why, 512)),
            doubt: self.suspicion.as_ref().map(Suspicion::text),
        }
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

#[cfg(test)]
mod tests;
