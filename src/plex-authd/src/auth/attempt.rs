//! One attempt to sign in to an account: the Plex account that must sign in, and denials.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Access, AttemptKey, BootTime, Decision, FriendList, ListState, PlexRef, Reason, SignInTarget};
use protocol::Secret;

use crate::auth::outcome::Refusal;
use crate::clock;
use crate::context::Context;

/// Time after the deadline for a comparison with the cached password, and for an identical attempt to end.
pub(super) const AFTER_DEADLINE: Duration = Duration::from_millis(1500);

/// A password typed for an account.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub key: AttemptKey,
    pub mapped_to: PlexRef,
    pub password: Secret,
}

impl Attempt {
    /// The local account.
    pub(crate) fn account(&self) -> &str {
        &self.key.account
    }
}

/// Kind of sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Password,
    Link,
}

/// The Plex account that must sign in, if it has access. Decided before a password is sent anywhere.
pub(super) fn target(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    method: Method,
    deadline: Instant,
) -> Result<SignInTarget, Reason> {
    decision(context, account, mapped_to, method, deadline)?.1.result()
}

/// The decision about a sign-in with its steps, and the friend list that it is based on, if there is a token. A person without
/// access by the list may have been invited since, so it is read again.
///
/// # Errors
/// There is no list that is new enough.
pub(crate) fn decision(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    method: Method,
    deadline: Instant,
) -> Result<(Option<Arc<FriendList>>, Decision<SignInTarget>), Reason> {
    // The age counts from here, however long a refresh lasts.
    let now = clock::now();
    let Some(friends) = &context.friends else {
        return Ok((None, decide(context, account, mapped_to, method, ListState::NoToken, now)));
    };
    let by = |list: Arc<FriendList>| {
        let decision = decide(context, account, mapped_to, method, ListState::Fetched(&list), now);
        (list, decision)
    };
    let (mut list, mut decision) = by(friends.fresh(deadline)?);
    if decision.refusal().is_some_and(Reason::is_lookup_miss)
        && let Some(newer) = friends.newer(&list, deadline)
    {
        (list, decision) = by(newer);
    }
    Ok((Some(list), decision))
}

fn decide(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    method: Method,
    list: ListState,
    now: BootTime,
) -> Decision<SignInTarget> {
    let binding = context.identities.binding(account);
    let max_age = context.settings.config.timeouts.friend_list;
    let access = Access { rules: &context.settings.rules, list, now, max_age };
    match method {
        Method::Password => access.sign_in(mapped_to, binding.as_ref()),
        Method::Link => access.sign_in_by_link(mapped_to, binding.as_ref()),
    }
}

/// Denies an attempt, and deletes the account's cached password. A person without access who types the right password does not
/// guess, so only a refusal of what was typed counts as a failure.
pub(super) fn deny(context: &Context, key: &AttemptKey, reason: Reason) -> Refusal {
    context.passwords.forget(&key.account);
    if reason.is_about_the_password() {
        context.limits.rate_limiter.record_failure(key);
    }
    Refusal::Denied(reason)
}
