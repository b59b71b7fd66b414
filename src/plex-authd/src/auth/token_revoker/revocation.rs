//! The thread that revokes tokens: one request each, several at once.

use std::sync::{Arc, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use plex::{Client, Error, Token};
use policy::Sent;

use super::registry::{Issued, Shared, Tokens, same};
use crate::auth::account_locks::{AccountLock, AccountLocks};
use crate::limits::rate_limiter::RateLimiter;
use crate::lock::lock;
use crate::log::Log;

/// The most requests at once. One after the other, a burst of logins would leave tokens that are valid for as long as plex.tv
/// needs to answer for each of them.
const MAX_AT_ONCE: usize = 8;

/// Time limit of one revocation. Sign-ins of the same account wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Interval between attempts to revoke a token whose account is locked.
const RETRY: Duration = Duration::from_millis(100);

/// Time after which an open link code of the account no longer postpones a revocation: strangers can keep codes open for it. If
/// plex.tv issues the same token for such a code, that login notices it and is unavailable.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(120);

/// Time at shutdown for the last requests to end, which have their own deadline.
pub(super) const LAST_REQUESTS: Duration = Duration::from_millis(500);

/// Wait when there is nothing to revoke.
const IDLE: Duration = Duration::from_secs(3600);

/// State of the thread.
pub(super) struct Revocation {
    pub shared: Arc<Shared>,
    pub account_locks: AccountLocks,
    pub rate_limiter: Arc<RateLimiter>,
    pub log: Log,
}

/// A token that is being revoked, until this is dropped.
pub(super) struct Revoking {
    pub token: Token,
    client: Client,
    deadline: Instant,
    shared: Arc<Shared>,
    /// Released after the token has been removed from the registry. `None` only at shutdown.
    _account_lock: Option<AccountLock>,
}

impl Revoking {
    /// Sends the request.
    fn send(&self) -> Result<(), Error> {
        match self.client.sign_out(&self.token, self.deadline) {
            // A later sign-in of the account has ended it already.
            Err(Error::Refused) => Ok(()),
            other => other,
        }
    }
}

impl Drop for Revoking {
    fn drop(&mut self) {
        lock(&self.shared.tokens).end_revocation(&self.token);
        self.shared.changed.notify_all();
    }
}

impl Revocation {
    /// Revokes tokens until the end of the daemon.
    pub(super) fn run(self: Arc<Self>) {
        let mut tokens = lock(&self.shared.tokens);
        loop {
            while let Some(revoking) = self.next(&mut tokens) {
                drop(tokens);
                self.start(revoking);
                tokens = lock(&self.shared.tokens);
            }
            let now = Instant::now();
            if tokens.end.is_some_and(|end| tokens.left() == 0 || now >= end + LAST_REQUESTS) {
                return self.report(&mut tokens);
            }
            let pause = pause(&tokens, now);
            tokens = self.shared.changed.wait_timeout(tokens, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Revokes a token in a thread of its own; without one, in this thread.
    fn start(self: &Arc<Self>, revoking: Revoking) {
        let (this, token) = (Arc::clone(self), Arc::new(revoking));
        let own = Arc::clone(&token);
        let run = move || this.revoke(&own);
        if Builder::new().name("signout".into()).spawn(run).is_err() {
            self.revoke(&token);
        }
    }

    fn revoke(&self, revoking: &Revoking) {
        self.rate_limiter.count(Sent::Revocation);
        let sent = revoking.send();
        let is_first = lock(&self.shared.tokens).end_request(&revoking.token);
        if let (true, Err(why)) = (is_first, sent) {
            self.log.warning(format!(
                "a token could not be revoked at plex.tv and expires by itself in a few weeks: {why}"
            ));
        }
    }

    /// A token that can be revoked now, with the lock of its account. At shutdown, every token can, even one that a login holds.
    pub(super) fn next(&self, tokens: &mut Tokens) -> Option<Revoking> {
        let (now, end) = (Instant::now(), tokens.end);
        let Tokens { owners, issued, running, .. } = tokens;
        // It may have become the owner's since. One that a login holds may be looked for once more.
        issued.retain(|issued| issued.holders > 0 || !owners.iter().any(|owners| same(owners, &issued.token)));
        if *running >= MAX_AT_ONCE || end.is_some_and(|end| now >= end) {
            return None;
        }
        let can_be_revoked = |issued: &&mut Issued| {
            let is_due = end.is_some() || (issued.holders == 0 && issued.due <= now);
            is_due && !issued.is_revoking && !owners.iter().any(|owners| same(owners, &issued.token))
        };
        let (issued, account_lock) = issued.iter_mut().filter(can_be_revoked).find_map(|issued| {
            let slot = (now < issued.due + LONGEST_DELAY).then_some(issued.device.slot);
            let account_lock = self.account_locks.try_acquire_to_revoke(issued.account.into(), slot);
            (end.is_some() || account_lock.is_some()).then_some((issued, account_lock))
        })?;
        issued.is_revoking = true;
        *running += 1;
        let deadline = end.map_or(now + TIMEOUT, |end| end.min(now + TIMEOUT));
        let (token, client) = (issued.token.clone(), issued.device.client.clone());
        Some(Revoking { token, client, deadline, shared: Arc::clone(&self.shared), _account_lock: account_lock })
    }

    /// Logs how many tokens were not sent at shutdown.
    fn report(&self, tokens: &mut Tokens) {
        tokens.is_reported = true;
        match tokens.left() {
            0 => {}
            left => self.log.warning(format!(
                "tokens that were not revoked at plex.tv before the end: {left}; they expire by themselves in a few weeks"
            )),
        }
    }
}

/// Time until the next attempt.
fn pause(tokens: &Tokens, now: Instant) -> Duration {
    let end = tokens.end.map_or(IDLE, |end| (end + LAST_REQUESTS).saturating_duration_since(now));
    if tokens.running >= MAX_AT_ONCE {
        return end;
    }
    let waits = tokens.issued.iter().filter(|issued| issued.holders == 0 && !issued.is_revoking);
    // One that is due waits for the lock of its account.
    let pauses = waits.map(|issued| if issued.due > now { issued.due - now } else { RETRY });
    pauses.min().unwrap_or(IDLE).min(end)
}
