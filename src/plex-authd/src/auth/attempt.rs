//! One attempt to sign in to an account: the Plex account that must sign in, and denials.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Access, AttemptKey, Decision, FriendList, ListState, PlexRef, Reason, SignInTarget};
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

/// The decision about a sign-in with its steps, and the friend list that it is based on, if there is a token.
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
    let binding = context.identities.binding(account);
    // The age counts from here, however long a refresh lasts.
    let now = clock::now();
    let fetched = context.friends.as_ref().map(|friends| friends.fresh(deadline)).transpose()?;
    let list = fetched.as_deref().map_or(ListState::NoToken, ListState::Fetched);
    let max_age = context.settings.config.timeouts.friend_list;
    let access = Access { rules: &context.settings.rules, list, now, max_age };
    let decision = match method {
        Method::Password => access.sign_in(mapped_to, binding.as_ref()),
        Method::Link => access.sign_in_by_link(mapped_to, binding.as_ref()),
    };
    Ok((fetched, decision))
}

/// Denies an attempt, and deletes the account's cached password.
pub(super) fn deny(context: &Context, key: &AttemptKey, reason: Reason) -> Refusal {
    context.passwords.forget(&key.account);
    context.limits.rate_limiter.record_failure(key);
    Refusal::Denied(reason)
}
