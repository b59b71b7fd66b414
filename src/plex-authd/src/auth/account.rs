//! The account phase: decides from known state whether an account may be used. It also runs for SSH keys, cron and SMB, so it
//! waits only if there is no friend list that is new enough.

use std::time::{Duration, Instant};

use policy::{Access, FriendList, ListState, PlexId, PlexRef, Reason};

use crate::auth::outcome::{Evidence, LoginResult};
use crate::clock;
use crate::context::Context;

/// The longest wait for a list when there is none that is new enough.
const FIRST_LIST: Duration = Duration::from_secs(4);

/// Decides without waiting; `None` if a list would have to be waited for.
pub(crate) fn check_at_once(context: &Context, account: &str, mapped_to: &PlexRef) -> Option<LoginResult> {
    if is_owners(context, account, mapped_to) {
        let listed = || context.friend_list().map(|list| list.owner.id);
        return Some(Ok((context.settings.config.owner_id.or_else(listed), Evidence::Owner)));
    }
    let is_known = context.friends.is_none() || context.friend_list().is_some_and(|list| is_valid(context, &list));
    is_known.then(|| check(context, account, mapped_to, Instant::now()))
}

/// Decides about an account that is not the owner's.
///
/// # Errors
/// The reason why it may not be used. A denial deletes its cached password.
pub(crate) fn check(context: &Context, account: &str, mapped_to: &PlexRef, deadline: Instant) -> LoginResult {
    check_list(context, account, mapped_to, deadline).map(|id| (Some(id), Evidence::List))
}

/// The account is the owner's own, by configuration, bindings and the latest list.
pub(crate) fn is_owners(context: &Context, account: &str, mapped_to: &PlexRef) -> bool {
    let (list, binding) = (context.friend_list(), context.identities.binding(account));
    context.settings.rules.is_owners(list.as_deref(), mapped_to, binding.as_ref())
}

fn check_list(context: &Context, account: &str, mapped_to: &PlexRef, deadline: Instant) -> Result<PlexId, Reason> {
    let (max_age, binding) = (max_age(context), context.identities.binding(account));
    let rules = &context.settings.rules;
    let Some(friends) = &context.friends else {
        let last = context.identities.recent_sign_in(account);
        let now = last.map_or_else(clock::now, |(_, at)| clock::now_for(at));
        let access = Access { rules, list: ListState::NoToken, now, max_age };
        return access.account(mapped_to, binding.as_ref(), last).result();
    };
    // The age of a new list counts from here, however long the refresh lasts.
    let called = clock::now();
    let (list, now) = if let Some(list) = friends.latest().filter(|list| is_valid(context, list)) {
        let now = clock::now_for(list.fetched_at);
        (list, now)
    } else {
        // At the first start, or after a long time: a new list is worth a wait.
        (friends.fresh(deadline.min(Instant::now() + FIRST_LIST))?, called)
    };
    let access = Access { rules, list: ListState::Fetched(&list), now, max_age };
    access.account(mapped_to, binding.as_ref(), None).result().inspect_err(|reason| {
        if !reason.is_outage() {
            context.passwords.forget(account);
        }
    })
}

/// The greatest age of a list for the account phase: a user who can sign in during an outage must pass it too.
fn max_age(context: &Context) -> Duration {
    let config = &context.settings.config;
    config.timeouts.known_list.max(config.cache.offline.unwrap_or_default())
}

fn is_valid(context: &Context, list: &FriendList) -> bool {
    list.age(clock::now_for(list.fetched_at)) <= max_age(context)
}
