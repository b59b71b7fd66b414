//! One attempt to sign in to an account: the Plex account that must sign in, and denials.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Access, AttemptKey, BootTime, Decision, FriendList, ListState, PlexRef, Reason, SignInTarget};
use protocol::Secret;

use crate::auth::new_member;
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
    /// When the login began.
    pub began: BootTime,
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

/// The decision before a sign-in, and what it is based on.
pub(crate) struct Basis {
    /// The friend list; `None` without a token, and for the owner where there is none that is new enough.
    pub list: Option<Arc<FriendList>>,
    /// Reason why the owner signs in without a list, if so.
    pub no_list: Option<Reason>,
    pub decision: Decision<SignInTarget>,
}

/// The Plex account that must sign in, if it has access. Decided before a password is sent anywhere.
pub(super) fn target(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    method: Method,
    began: BootTime,
    deadline: Instant,
) -> Result<SignInTarget, Reason> {
    decision(context, account, mapped_to, method, began, deadline)?.decision.result()
}

/// The decision about a sign-in, with its steps. A person without access by the friend list may have been invited since, so it
/// is read again, unless it was read since the login began.
///
/// # Errors
/// There is no list that is new enough, and the account is not known to be the owner's; or the list lacks a person and is in
/// doubt.
pub(crate) fn decision(
    context: &Context,
    account: &str,
    mapped_to: &PlexRef,
    method: Method,
    began: BootTime,
    deadline: Instant,
) -> Result<Basis, Reason> {
    // The age counts from here, however long a refresh lasts.
    let now = clock::now();
    let Some(friends) = &context.friends else {
        let decision = decide(context, account, mapped_to, method, ListState::NoToken, now);
        return Ok(Basis { list: None, no_list: None, decision });
    };
    let by = |list: Arc<FriendList>| {
        let decision = decide(context, account, mapped_to, method, ListState::Fetched(&list), now);
        (list, decision)
    };
    new_member::decide(context, account, mapped_to, deadline);
    let list = match friends.fresh(wait_for_list(context, account, mapped_to, deadline)) {
        Ok(list) => list,
        Err(why) => {
            let decision = owner_sign_in(context, account, mapped_to).ok_or_else(|| why.clone())?;
            return Ok(Basis { list: None, no_list: Some(why), decision });
        }
    };
    let (mut list, mut decision) = by(list);
    if decision.refusal().is_some_and(Reason::is_lookup_miss)
        && let Some(newer) = friends.newer(&list, began, deadline)
    {
        (list, decision) = by(newer);
    }
    // The owner does not depend on a list, nor on the names of the people on it.
    let of_names = |why: &&Reason| why.is_lookup_miss() || matches!(why, Reason::Ambiguous | Reason::Unbound);
    if let Some(why) = decision.refusal().filter(of_names).cloned()
        && let Some(decision) = owner_sign_in(context, account, mapped_to)
    {
        return Ok(Basis { list: None, no_list: Some(why), decision });
    }
    if decision.refusal().is_some_and(Reason::is_lookup_miss)
        && let Some(doubt) = context.doubt(account, mapped_to).filter(|doubt| !doubt.is_denial)
    {
        return Err(Reason::Unavailable(doubt.why));
    }
    if decision.refusal() == Some(&Reason::Unbound) && new_member::is_undecided(context, account, mapped_to) {
        return Err(new_member::reason(context, account, mapped_to, Reason::Unbound));
    }
    Ok(Basis { list: Some(list), no_list: None, decision })
}

/// Deadline for a list that is new enough. The owner can sign in without one, and needs the rest of the time for that.
fn wait_for_list(context: &Context, account: &str, mapped_to: &PlexRef, deadline: Instant) -> Instant {
    if context.owners_id(account, mapped_to).is_none() {
        return deadline;
    }
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 3
}

/// The decision about the owner's sign-in without a list that is new enough; `None` for every other account.
pub(super) fn owner_sign_in(context: &Context, account: &str, mapped_to: &PlexRef) -> Option<Decision<SignInTarget>> {
    let (last, binding) = (context.friend_list(), context.identities.binding(account));
    context.settings.rules.owner_sign_in(last.as_deref(), mapped_to, binding.as_ref())
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
/// guess, so only a refusal of what was typed counts as a failure. While the friend list is in doubt, the password is kept.
pub(super) fn deny(context: &Context, key: &AttemptKey, mapped_to: &PlexRef, reason: Reason) -> Refusal {
    if context.doubt(&key.account, mapped_to).is_none() {
        context.passwords.forget(&key.account);
    }
    if reason.is_about_the_password() {
        context.limits.rate_limiter.record_failure(key);
    }
    Refusal::Denied(reason)
}
