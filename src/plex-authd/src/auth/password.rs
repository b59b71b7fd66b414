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
use crate::limits::permit::Permit;
use crate::limits::rate_limiter::backing_off;
use crate::limits::sign_in::{NotSent, SignIn};
use crate::state::password_cache::Lookup;

/// Reason for a 401 without a code. It may be a wrong password or a fault of plex.tv, so it is no denial.
const REFUSED_WITHOUT_CODE: &str = "plex.tv: answered 401 without a code; counted as a failed attempt";

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
    let sign_in = start(context, attempt, target, permit, queued, deadline)?;
    let start = Instant::now();
    let device = plex_tv.device(account_lock.slot());
    let pending = plex_tv.reachability.begin();
    let password = attempt.password.expose();
    let result = device.client.sign_in(&target.login, password, code.map(Secret::expose), deadline);
    sign_in.record(&result);
    let signed_in = match result {
        Ok(signed_in) => signed_in,
        Err(error) => {
            match error {
                Error::Unreachable(_) | Error::ServerError(_) => pending.unanswered(),
                _ => pending.answered(),
            }
            if !matches!(
                error,
                Error::Unreachable(_) | Error::ServerError(_) | Error::Unavailable(_) | Error::RefusedWithoutCode
            ) {
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
            permit.record_login();
            record(context, &attempt.key, target, &token);
            if may_remember(two_factor, code.is_some()) {
                context.passwords.insert(attempt.account(), id, &attempt.password);
            }
            Ok(Accepted { id, evidence, token: Some(Arc::new(token)) })
        }
        Err(reason) if reason.is_outage() => {
            permit.record_unconfirmed();
            Err(reason.into())
        }
        // plex.tv has signed the right user in: for every limit this is a login, whatever the media server says.
        Err(reason) if reason.is_only_the_media_servers() => {
            permit.record_login();
            limits.rate_limiter.record_success(&attempt.key);
            Err(reason.into())
        }
        Err(reason) => {
            // Each try costs plex.tv a sign-in, unlike one of an account that is not on the list, for which nothing is sent.
            if !reason.is_about_the_password() {
                limits.rate_limiter.record_failure(&attempt.key);
            }
            Err(deny(context, &attempt.key, &attempt.mapped_to, reason))
        }
    }
}

/// Waits until the rate limits admit the sign-in, and leaves it enough time for an answer.
fn start<'a>(
    context: &Context,
    attempt: &Attempt,
    target: &SignInTarget,
    permit: &'a Permit,
    queued: Instant,
    deadline: Instant,
) -> Result<SignIn<'a>, Reason> {
    let limiter = &context.limits.rate_limiter;
    limiter.check_breaker()?;
    let latest = deadline.checked_sub(plex::FAIR).unwrap_or(deadline);
    let started = match permit.start_sign_in(false, latest) {
        Err(NotSent::BackingOff) if is_cached(context, attempt, target, permit) => permit.start_sign_in(true, latest),
        other => other,
    };
    let sign_in = started.map_err(|why| match why {
        NotSent::BackingOff => backing_off(),
        NotSent::Spent => Reason::SignInsSpent,
        NotSent::TimedOut => not_sent(context, queued),
    })?;
    // The sign-in that this one waited for may have opened it.
    limiter.check_breaker()?;
    Ok(sign_in)
}

/// True if plex.tv accepted this password within the time of the offline cache. Another one than that is a guess at it.
fn is_cached(context: &Context, attempt: &Attempt, target: &SignInTarget, permit: &Permit) -> bool {
    match context.passwords.check_offline(attempt.account(), target, &attempt.password, permit) {
        Lookup::Match(_) => true,
        Lookup::Mismatch => {
            permit.record_wrong_guess();
            false
        }
        Lookup::Absent => false,
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
        Error::RefusedWithoutCode => return Reason::Unavailable(REFUSED_WITHOUT_CODE.into()).into(),
        Error::UnknownCode => return Reason::Unavailable(format!("plex.tv: {error}")).into(),
        Error::Unreachable(why) | Error::ServerError(why) => {
            return Reason::Unreachable(format!("plex.tv: {why}")).into();
        }
        Error::Unavailable(why) => return Reason::Unavailable(format!("plex.tv: {why}")).into(),
        Error::Refused => Reason::WrongPassword,
        Error::EmailOnly => Reason::EmailOnly,
        Error::Forbidden(_) => Reason::Forbidden,
    };
    context.passwords.forget_refused(attempt.account(), &attempt.password);
    context.limits.rate_limiter.record_failure(&attempt.key);
    reason.into()
}
