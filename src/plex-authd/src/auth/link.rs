//! Link sign-in at plex.tv: a code, its approval, and the identity of the user who approved it. A code gives the user who
//! approves it a login, so it is never logged, and nothing about the sign-in is cached.

use std::sync::Arc;
use std::time::Instant;

use plex::{Approval, LinkCode, SignedIn};
use policy::{AttemptKey, BootTime, PlexRef, Reason, Sent};

use crate::auth::account_locks::{CodeSlot, LockedAccount};
use crate::auth::attempt::{Method, deny, target};
use crate::auth::confirmation::{confirm, record};
use crate::auth::outcome::{Accepted, AuthResult};
use crate::auth::token_revoker::{Device, HeldToken};
use crate::clock;
use crate::context::Context;

/// A code that waits for approval.
pub(crate) struct OpenCode {
    pub code: LinkCode,
    /// The device that created it; only this one can fetch the token.
    device: Device,
    /// Keeps sign-ins and other codes of the account on other devices. `None` if no approval would be accepted.
    _slot: Option<CodeSlot>,
}

impl OpenCode {
    /// Creates a code. It draws on the budget of link codes alone: one that nobody approves is no failure (R80).
    ///
    /// # Errors
    /// [`Reason::ClockBehind`], [`Reason::AccountBusy`], [`Reason::LinkCodesSpent`], or an outage.
    pub(crate) fn create(
        context: &Context,
        key: &AttemptKey,
        mapped_to: &PlexRef,
        deadline: Instant,
    ) -> Result<Self, Reason> {
        clock::check()?;
        let (plex_tv, rate_limiter) = (&context.plex_tv, &context.limits.rate_limiter);
        rate_limiter.check_link_breaker()?;
        let slot = match approver(context, &key.account, mapped_to) {
            Some(account) => {
                Some(plex_tv.account_locks.acquire(account, deadline).ok_or(Reason::AccountBusy)?.open_code())
            }
            None => None,
        };
        let device = plex_tv.device(slot.as_ref().map_or(0, |slot| slot.slot)).clone();
        rate_limiter.admit_code(key)?;
        rate_limiter.count(Sent::LinkCode);
        let code = device.client.link_code(deadline).map_err(|error| rate_limiter.code_outage(error))?;
        Ok(Self { code, device, _slot: slot })
    }

    /// The token of the user who has approved the code; `None` while it is not approved.
    ///
    /// # Errors
    /// [`Reason::CodeExpired`], or an outage.
    pub(crate) fn approval(&self, context: &Context, deadline: Instant) -> Result<Option<HeldToken>, Reason> {
        context.limits.rate_limiter.check_link_breaker()?;
        context.limits.rate_limiter.count(Sent::Poll);
        match self.device.client.approval(&self.code, deadline) {
            Ok(Approval::Approved(token)) => Ok(Some(context.plex_tv.token_revoker.hold(&self.device, token))),
            Ok(Approval::Waiting) => Ok(None),
            Ok(Approval::Expired) => Err(Reason::CodeExpired),
            Err(error) => Err(context.limits.rate_limiter.code_outage(error)),
        }
    }
}

/// The Plex account whose approval would be accepted: with a friend list, only one that is on it.
fn approver(context: &Context, account: &str, mapped_to: &PlexRef) -> Option<LockedAccount> {
    let id = match mapped_to {
        PlexRef::Id(id) => Some(*id),
        _ => context.plex_id(account, mapped_to),
    };
    if id.is_none() && context.friends.is_some() { None } else { Some(id.into()) }
}

/// Decides about the user who approved a code in a login that began at `began`. plex.tv has signed that user in already.
pub(crate) fn decide(
    context: &Context,
    key: &AttemptKey,
    mapped_to: &PlexRef,
    held: HeldToken,
    began: BootTime,
    deadline: Instant,
) -> AuthResult {
    let rate_limiter = &context.limits.rate_limiter;
    rate_limiter.count(Sent::List);
    // Part of link sign-in: a 429 here is no reason to send no passwords.
    let account = held.client.account(&held.token, deadline).map_err(|error| rate_limiter.code_outage(error))?;
    let (id, token) = (account.id, held.token.clone());
    let token = held.belongs_to(SignedIn { account, token, two_factor: None });
    // Held until the identity is confirmed, as for a password.
    let locks = &context.plex_tv.account_locks;
    let _lock = locks.acquire(LockedAccount::Account(id), deadline).ok_or(Reason::AccountBusy)?;
    let target = match target(context, &key.account, mapped_to, Method::Link, began, deadline) {
        Ok(target) => target,
        Err(reason) if reason.is_outage() => return Err(reason.into()),
        Err(reason) => return Err(deny(context, key, mapped_to, reason)),
    };
    // Anyone can approve a code, so a failure does not delete the cached password of the account's own user.
    let (id, evidence) = confirm(context, &target, &token, deadline).inspect_err(|reason| {
        if reason.is_only_the_media_servers() {
            // The right user has approved the code.
            rate_limiter.record_success(key);
        } else if !reason.is_outage() {
            // The code may have been sent to someone else for approval.
            rate_limiter.record_failure(key);
        }
    })?;
    record(context, key, &target, &token);
    Ok(Accepted { id, evidence, token: Some(Arc::new(token)) })
}
