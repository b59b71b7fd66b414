//! The account phase: whether an account may be used today, by what is known already. Keys, cron and SMB come through it,
//! so it waits for nothing that it can do without.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Access, FriendList, ListState, PlexId, PlexRef, Reason};

use crate::auth::password::Evidence;
use crate::clock;
use crate::context::Context;
use crate::lock::lock;
use crate::session::audit::LoginResult;

/// How long the account phase waits for a list where there is none to go by.
const FIRST_LIST: Duration = Duration::from_secs(4);

impl Context {
    /// Whether a managed account may be used today, as far as that can be said without waiting for anything; `None` when a list
    /// would have to be waited for.
    pub(crate) fn account_at_once(&self, account: &str, whose: &PlexRef) -> Option<LoginResult> {
        if self.is_owners(account, whose) {
            let listed = || self.friends.as_ref().and_then(|friends| friends.known()).map(|list| list.owner.id);
            return Some(Ok((self.config.owner_id.or_else(listed), Evidence::Owner)));
        }
        let by_list = |today: Result<PlexId, Reason>| today.map(|id| (Some(id), Evidence::List));
        self.has_list().then(|| by_list(self.account_today(account, whose, Instant::now())))
    }

    /// Whether an account is the owner's own, by what is known already.
    pub(crate) fn is_owners(&self, account: &str, whose: &PlexRef) -> bool {
        let list = self.friends.as_ref().and_then(|friends| friends.known());
        self.rules.is_owners(list.as_deref(), whose, self.pin(account).as_ref())
    }

    /// Whether a managed account may be used today, by what is known already.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn account_today(&self, account: &str, whose: &PlexRef, deadline: Instant) -> Result<PlexId, Reason> {
        let max_age = self.oldest_list();
        let Some(friends) = &self.friends else {
            let (pin, last) = (self.pin(account), lock(&self.recent).get(account).copied());
            let now = last.map_or_else(clock::now, |(_, at)| clock::now_for(at));
            let access = Access { rules: &self.rules, list: ListState::NoToken, now, max_age };
            return access.account(whose, pin.as_ref(), last).result();
        };
        // A daemon that starts for the first time has no list, and one that starts after a long while has an old one;
        // then a new one is worth a wait.
        // What was young when it was asked for is young, however long the answer took.
        let asked = clock::now();
        let (circle, now) = if let Some(circle) = friends.known().filter(|circle| age(circle) <= max_age) {
            let now = clock::now_for(circle.fetched_at);
            (circle, now)
        } else {
            let soon = deadline.min(Instant::now() + FIRST_LIST);
            (friends.fresh(soon)?, asked)
        };
        let access = Access { rules: &self.rules, list: ListState::Fetched(&circle), now, max_age };
        access.account(whose, self.pin(account).as_ref(), None).result().inspect_err(|why| {
            if !why.is_outage() {
                self.memory.forget(account);
            }
        })
    }

    /// Whether the account phase has all that it goes by.
    pub(crate) fn has_list(&self) -> bool {
        let young = |circle: Arc<FriendList>| age(&circle) <= self.oldest_list();
        self.friends.as_ref().is_none_or(|friends| friends.known().is_some_and(young))
    }

    /// How old a list the account phase goes by. Whoever may sign in during an outage must not be turned away right
    /// behind the door.
    fn oldest_list(&self) -> Duration {
        self.config.timeouts.known_list.max(self.config.cache.offline.unwrap_or_default())
    }
}

/// How old a list is, that of an earlier run included.
fn age(circle: &FriendList) -> Duration {
    circle.age(clock::now_for(circle.fetched_at))
}
