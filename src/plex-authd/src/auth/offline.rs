//! The offline cache: decides about passwords while plex.tv is unreachable.

use std::time::{Duration, Instant};

use policy::{Access, ListState, Reason, SignInTarget};

use crate::auth::attempt::{AFTER_DEADLINE, Attempt, deny, owner_sign_in};
use crate::auth::new_member;
use crate::auth::outcome::{Accepted, AuthResult, Evidence};
use crate::clock;
use crate::context::Context;
use crate::limits::permit::Permit;
use crate::state::password_cache::Lookup;

/// Decides when plex.tv is unreachable for the friend list. The last known list still applies.
pub(super) fn without_list(context: &Context, attempt: &Attempt, reason: Reason) -> AuthResult {
    if context.settings.config.cache.offline.is_none() || !reason.opens_offline_cache() {
        return Err(reason.into());
    }
    let permit = context.limits.rate_limiter.acquire(&attempt.key, Instant::now() + AFTER_DEADLINE)?;
    decide(context, attempt, reason, Lookup::Absent, &permit)
}

/// Decides about an attempt that plex.tv did not answer. `cached` is the result for the remembered password.
pub(super) fn decide(
    context: &Context,
    attempt: &Attempt,
    reason: Reason,
    cached: Lookup,
    permit: &Permit,
) -> AuthResult {
    let max_age = context.settings.config.cache.offline.filter(|_| reason.opens_offline_cache());
    let offline = match max_age.map(|max_age| (max_age, target(context, attempt, max_age))) {
        Some((_, Err(denial))) if !denial.is_outage() && !is_open(context, attempt) => {
            return Err(deny(context, &attempt.key, &attempt.mapped_to, denial));
        }
        Some((_, Ok(target))) => context.passwords.check_offline(attempt.account(), &target, &attempt.password, permit),
        _ => Lookup::Absent,
    };
    if let Lookup::Match(id) = offline {
        permit.record_offline_login();
        context.limits.rate_limiter.record_success(&attempt.key);
        return Ok(Accepted { id, evidence: Evidence::Offline(reason), token: None });
    }
    // The password may be right, but a guess at the cached one must count.
    if [cached, offline].contains(&Lookup::Mismatch) {
        permit.record_wrong_guess();
    }
    Err(reason.into())
}

/// The last list is in doubt, and denies nothing.
fn is_open(context: &Context, attempt: &Attempt) -> bool {
    context.doubt(attempt.account(), &attempt.mapped_to).is_some_and(|doubt| !doubt.is_denial)
}

fn target(context: &Context, attempt: &Attempt, max_age: Duration) -> Result<SignInTarget, Reason> {
    let latest = context.friends.as_ref().map(|friends| friends.latest());
    let (list, now) = match &latest {
        None => (ListState::NoToken, clock::now()),
        Some(None) => (ListState::NotFetched, clock::now()),
        Some(Some(list)) => (ListState::Fetched(list), clock::now_for(list.fetched_at)),
    };
    let fresh_age = context.settings.config.timeouts.friend_list;
    let is_fresh = latest.iter().flatten().any(|list| list.age(now) <= fresh_age);
    // As for a sign-in, the owner needs no list.
    if latest.is_some()
        && !is_fresh
        && let Some(decision) = owner_sign_in(context, attempt.account(), &attempt.mapped_to)
    {
        return decision.result();
    }
    // An outage does not make a list too old that is fresh enough for a sign-in.
    let max_age = max_age.max(fresh_age);
    let access = Access { rules: &context.settings.rules, list, now, max_age };
    let decision = access.sign_in(&attempt.mapped_to, context.identities.binding(attempt.account()).as_ref());
    decision.result().map_err(|reason| new_member::reason(context, attempt.account(), &attempt.mapped_to, reason))
}
