//! The decision about one password, in order: access by the friend list, the rate limit, the password cache, plex.tv.

use std::time::Instant;

use policy::{Reason, SignInTarget};
use protocol::Secret;

use crate::auth::attempt::{AFTER_DEADLINE, Attempt, Method, deny, target};
use crate::auth::outcome::{Accepted, AuthResult, Evidence, PANICKED, Refusal, TIMED_OUT};
use crate::auth::single_flight::NoResult;
use crate::auth::{offline, password};
use crate::clock;
use crate::context::Context;
use crate::limits::permit::Permit;
use crate::state::password_cache::Lookup;

/// Decides about a password, with the verification code if one was required. Identical concurrent attempts share one
/// decision.
pub(crate) fn decide(context: &Context, attempt: &Attempt, code: Option<&Secret>, deadline: Instant) -> AuthResult {
    if code.is_some() {
        // A code is valid only once.
        return decide_unshared(context, attempt, code, deadline);
    }
    let key = (attempt.key.clone(), attempt.password.clone());
    let decide = || decide_unshared(context, attempt, None, deadline);
    context.plex_tv.in_flight.join(key, deadline + AFTER_DEADLINE, decide).unwrap_or_else(|error| {
        let why = match error {
            NoResult::TimedOut => TIMED_OUT,
            NoResult::Panicked => PANICKED,
        };
        Err(Reason::Unavailable(why.into()).into())
    })
}

fn decide_unshared(context: &Context, attempt: &Attempt, code: Option<&Secret>, deadline: Instant) -> AuthResult {
    // Before any cached password: with such a clock plex.tv seems to be unreachable.
    clock::check()?;
    let (account, began) = (attempt.account(), attempt.began);
    let target = match target(context, account, &attempt.mapped_to, Method::Password, began, deadline) {
        Ok(target) => target,
        Err(reason) if reason.is_outage() => return offline::without_list(context, attempt, reason),
        Err(reason) => return Err(deny(context, &attempt.key, &attempt.mapped_to, reason)),
    };
    let permit = context.limits.rate_limiter.acquire(&attempt.key, deadline)?;
    let cached = match code {
        None => match remembered(context, attempt, &target, &permit) {
            Ok(accepted) => return Ok(accepted),
            Err(lookup) => lookup,
        },
        Some(_) => Lookup::Absent,
    };
    match password::sign_in(context, attempt, &target, code, &permit, deadline) {
        Err(Refusal::Denied(reason)) if reason.is_outage() => {
            offline::decide(context, attempt, reason, cached, &permit)
        }
        other => other,
    }
}

/// Accepts a remembered password.
///
/// # Errors
/// [`Lookup::Mismatch`] or [`Lookup::Absent`]
fn remembered(
    context: &Context,
    attempt: &Attempt,
    target: &SignInTarget,
    permit: &Permit,
) -> Result<Accepted, Lookup> {
    match context.passwords.check_remembered(attempt.account(), target, &attempt.password, permit) {
        Lookup::Match(id) => {
            context.limits.rate_limiter.record_success(&attempt.key);
            Ok(Accepted { id, evidence: Evidence::CachedPassword, token: None })
        }
        other => Err(other),
    }
}
