//! The account phase: decides from known state whether an account may be used. It also runs for SSH keys, cron and SMB, so it
//! waits only if there is no friend list that is new enough.

use std::time::{Duration, Instant};

use policy::{Access, BootTime, FriendList, ListState, PlexId, PlexRef, Reason};

use crate::auth::new_member;
use crate::auth::outcome::{Evidence, LoginResult};
use crate::clock;
use crate::context::Context;

/// The longest wait for a list when there is none that is new enough, as after a night without network, or for the jobs of a
/// machine that has just started.
const FIRST_LIST: Duration = Duration::from_secs(4);

/// Decides without waiting; `None` if a list would have to be waited for.
pub(crate) fn check_at_once(context: &Context, account: &str, mapped_to: &PlexRef) -> Option<LoginResult> {
    if context.is_owners(account, mapped_to) {
        return Some(Ok((context.owners_id(account, mapped_to), Evidence::Owner)));
    }
    if let Err(reason) = clock::check() {
        return Some(Err(reason));
    }
    let Some(friends) = &context.friends else {
        return Some(accepted(by_last_sign_in(context, account, mapped_to)));
    };
    if new_member::is_undecided(context, account, mapped_to) {
        return None;
    }
    let list = friends.latest().filter(|list| is_valid(context, list))?;
    let result = by_list(context, account, mapped_to, &list, clock::now_for(list.fetched_at));
    // The person may have been invited since.
    let may_change = result.as_ref().is_err_and(Reason::is_lookup_miss) && friends.can_be_newer();
    (!may_change).then(|| accepted(record_denial(context, account, mapped_to, result)))
}

/// Decides about an account that is not the owner's.
///
/// # Errors
/// The reason why it may not be used. A denial deletes its cached password.
pub(crate) fn check(context: &Context, account: &str, mapped_to: &PlexRef, deadline: Instant) -> LoginResult {
    let Some(friends) = &context.friends else { return accepted(by_last_sign_in(context, account, mapped_to)) };
    // The age of a new list counts from here, however long the refresh lasts.
    let called = clock::now();
    new_member::decide(context, account, mapped_to, deadline);
    let (list, now) = if let Some(list) = friends.latest().filter(|list| is_valid(context, list)) {
        let now = clock::now_for(list.fetched_at);
        (list, now)
    } else {
        // At the first start, or after a long time: a new list is worth a wait.
        (friends.awaited(deadline.min(Instant::now() + FIRST_LIST))?, called)
    };
    let mut result = by_list(context, account, mapped_to, &list, now);
    if result.as_ref().is_err_and(Reason::is_lookup_miss)
        && let Some(newer) = friends.newer(&list, called, deadline)
    {
        result = by_list(context, account, mapped_to, &newer, called);
    }
    let result = result.map_err(|reason| new_member::reason(context, account, mapped_to, reason));
    accepted(record_denial(context, account, mapped_to, result))
}

fn accepted(result: Result<PlexId, Reason>) -> LoginResult {
    result.map(|id| (Some(id), Evidence::List))
}

/// Decides without a friend list.
fn by_last_sign_in(context: &Context, account: &str, mapped_to: &PlexRef) -> Result<PlexId, Reason> {
    let last = context.identities.recent_sign_in(account);
    let now = last.map_or_else(clock::now, |(_, at)| clock::now_for(at));
    decide(context, account, mapped_to, ListState::NoToken, now, last)
}

fn by_list(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    list: &FriendList,
    now: BootTime,
) -> Result<PlexId, Reason> {
    decide(context, account, mapped_to, ListState::Fetched(list), now, None)
}

fn decide(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    list: ListState,
    now: BootTime,
    last_sign_in: Option<(PlexId, BootTime)>,
) -> Result<PlexId, Reason> {
    let binding = context.identities.binding(account);
    let access = Access { rules: &context.settings.rules, list, now, max_age: max_age(context) };
    access.account(mapped_to, binding.as_ref(), last_sign_in).result()
}

/// Deletes the cached password after a denial, unless the friend list is in doubt.
fn record_denial(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    result: Result<PlexId, Reason>,
) -> Result<PlexId, Reason> {
    result.map_err(|reason| match context.doubt(account, mapped_to) {
        Some(doubt) if reason.is_lookup_miss() && !doubt.is_denial => Reason::Unavailable(doubt.why),
        Some(_) => reason,
        None => {
            if !reason.is_outage() {
                context.passwords.forget(account);
            }
            reason
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
