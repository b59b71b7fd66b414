//! Password sign-in at plex.tv.

use std::sync::Arc;
use std::time::Instant;

use plex::Error;
use policy::{Reason, SignInTarget, may_remember};
use protocol::Secret;

use crate::auth::attempt::{Attempt, deny};
use crate::auth::confirmation::{confirm, record};
use crate::auth::outcome::{Accepted, AuthResult, Refusal};
use crate::context::Context;
use crate::limits::rate_limiter::Permit;

/// Signs in at plex.tv and confirms the identity.
pub(super) fn sign_in(
    context: &Context,
    attempt: &Attempt,
    target: &SignInTarget,
    code: Option<&Secret>,
    permit: &Permit,
    deadline: Instant,
) -> AuthResult {
    let (plex_tv, limits) = (&context.plex_tv, &context.limits);
    let queued = Instant::now();
    // Held until the identity is confirmed: another sign-in could end this one's token.
    let account_lock = plex_tv.account_locks.acquire(target.plex_id().into(), deadline);
    let left = deadline.saturating_duration_since(Instant::now());
    let Some(account_lock) = account_lock.filter(|_| left >= plex::FAIR) else {
        return Err(not_sent(context, queued).into());
    };
    limits.rate_limiter.check_breaker()?;
    let start = Instant::now();
    let device = plex_tv.device(account_lock.slot());
    let pending = plex_tv.reachability.begin();
    let password = attempt.password.expose();
    let signed_in = match device.client.sign_in(&target.login, password, code.map(Secret::expose), deadline) {
        Ok(signed_in) => signed_in,
        Err(error) => {
            match error {
                Error::Unreachable(_) => pending.unanswered(),
                _ => pending.answered(),
            }
            permit.record_error(&error);
            if !matches!(error, Error::Unreachable(_) | Error::Unavailable(_) | Error::RefusedWithoutCode) {
                limits.refusal_delay.record(start.elapsed());
            }
            return Err(refused(context, attempt, error));
        }
    };
    pending.answered();
    limits.refusal_delay.record(start.elapsed());
    let held = plex_tv.token_revoker.hold(device, signed_in.token.clone());
    let (two_factor, token) = (signed_in.two_factor, held.belongs_to(signed_in));
    match confirm(context, target, &token, deadline) {
        Ok((id, evidence)) => {
            record(context, &attempt.key, target, &token);
            if may_remember(two_factor, code.is_some()) {
                context.passwords.insert(attempt.account(), id, &attempt.password);
            }
            Ok(Accepted { id, evidence, token: Some(Arc::new(token)) })
        }
        Err(reason) if reason.is_outage() => Err(reason.into()),
        Err(reason) => Err(deny(context, &attempt.key, reason)),
    }
}

/// Reason for a sign-in that was not sent by the deadline: plex.tv does not answer the one before it, or too many wait.
fn not_sent(context: &Context, queued: Instant) -> Reason {
    if context.plex_tv.reachability.is_silent_since(queued) {
        Reason::Unreachable("plex.tv: no answer to the sign-in before this one".into())
    } else {
        Reason::AccountBusy
    }
}

/// Meaning of an error of plex.tv. Only a refusal of the password itself counts as a failure.
fn refused(context: &Context, attempt: &Attempt, error: Error) -> Refusal {
    let reason = match error {
        Error::CodeWanted => return Refusal::CodeRequired,
        Error::WrongCode => {
            context.limits.rate_limiter.record_failure(&attempt.key);
            return Refusal::CodeRequired;
        }
        Error::AddressBlocked => return Reason::AddressBlocked.into(),
        Error::RateLimited(_) => return Reason::RateLimited.into(),
        Error::UnknownCode | Error::RefusedWithoutCode => {
            return Reason::Unavailable(format!("plex.tv: {error}")).into();
        }
        Error::Unreachable(why) => return Reason::Unreachable(format!("plex.tv: {why}")).into(),
        Error::Unavailable(why) => return Reason::Unavailable(format!("plex.tv: {why}")).into(),
        Error::Refused => Reason::WrongPassword,
        Error::EmailOnly => Reason::EmailOnly,
        Error::Forbidden(_) => Reason::Forbidden,
    };
    context.passwords.forget_refused(attempt.account(), &attempt.password);
    context.limits.rate_limiter.record_failure(&attempt.key);
    reason.into()
}
