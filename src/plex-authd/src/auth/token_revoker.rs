//! Revokes the tokens of sign-ins at plex.tv, in the background.
//!
//! Tokens are compared by value, because plex.tv may issue the same one to two sign-ins. A token is revoked after the last login
//! that holds it has ended, and never if it is the owner's token from a configuration.

mod revocation;

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use plex::{Client, SignedIn, Token};
use policy::PlexId;
use subtle::ConstantTimeEq;

use crate::auth::account_locks::AccountLocks;
use crate::auth::token_revoker::revocation::Revocation;
use crate::limits::rate_limiter::RateLimiter;
use crate::lock::lock;
use crate::log::Log;
use crate::worker::Worker;

/// Delay after the login, so that a revocation does not compete with the account phase and the session that follow.
const DELAY: Duration = Duration::from_millis(100);

/// Time at shutdown for the tokens that are left. Eight at a time are sent, so some 260 if each request lasts 300 ms. Each of
/// [`policy::MAX_SESSIONS`] may leave one; those beyond are logged by their number, and lapse.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// Time at shutdown for the last requests to end, which have their own deadline.
const LAST_REQUESTS: Duration = Duration::from_millis(500);

/// The longest time of [`RevokerWorker::finish`].
pub(crate) const LONGEST_END: Duration = SHUTDOWN_LIMIT.saturating_add(LAST_REQUESTS).saturating_add(LAST_REQUESTS);

/// A device for sign-ins.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Client with this device's identifier.
    pub client: Client,
    /// Slot of the identifier; see [`crate::auth::account_locks`].
    pub slot: usize,
}

/// Registry of the tokens that logins hold. It survives a reload.
#[derive(Debug, Clone)]
pub(crate) struct TokenRevoker(Arc<Shared>);

/// Registry and wake-up of the thread that revokes.
#[derive(Debug, Default)]
struct Shared {
    tokens: Mutex<Tokens>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Tokens {
    /// Owner's tokens of all configurations so far.
    owners: Vec<Token>,
    issued: Vec<Issued>,
    /// Number of revocations in progress.
    running: usize,
    /// The daemon is shutting down: all tokens are revoked, until then.
    end: Option<Instant>,
    /// The tokens that are left have been counted.
    is_reported: bool,
}

#[derive(Debug)]
struct Issued {
    token: Token,
    device: Device,
    /// `None` until it is known.
    account: Option<PlexId>,
    /// Number of logins that hold it.
    holders: usize,
    /// Earliest time of the revocation, if no login holds it.
    due: Instant,
    /// Its revocation is in progress.
    is_revoking: bool,
    /// The request of that revocation has ended.
    is_sent: bool,
}

/// A token held by one login. When no login holds it any more, however they ended, it is revoked.
#[derive(Debug)]
pub(crate) struct HeldToken {
    pub token: Token,
    /// Client of the device that the token was issued to.
    pub client: Client,
    revoker: TokenRevoker,
}

/// A sign-in, with its token held.
#[derive(Debug)]
pub(crate) struct IssuedToken {
    pub signed_in: SignedIn,
    held: HeldToken,
}

impl IssuedToken {
    /// Client of the device that signed in.
    pub(crate) fn client(&self) -> &Client {
        &self.held.client
    }
}

impl HeldToken {
    /// Adds the account that has signed in.
    pub(crate) fn belongs_to(self, signed_in: SignedIn) -> IssuedToken {
        if let Some(issued) = lock(&self.revoker.0.tokens).find(&self.token) {
            issued.account = Some(signed_in.account.id);
        }
        IssuedToken { signed_in, held: self }
    }
}

impl Drop for HeldToken {
    fn drop(&mut self) {
        let shared = &self.revoker.0;
        if let Some(issued) = lock(&shared.tokens).find(&self.token) {
            issued.holders = issued.holders.saturating_sub(1);
            issued.due = Instant::now() + DELAY;
        }
        shared.changed.notify_all();
    }
}

impl Tokens {
    fn find(&mut self, token: &Token) -> Option<&mut Issued> {
        self.issued.iter_mut().find(|issued| same(&issued.token, token))
    }

    fn is_owners(&self, token: &Token) -> bool {
        self.owners.iter().any(|owners| same(owners, token))
    }

    /// Number of tokens that are yet to be revoked, or are being revoked.
    fn left(&self) -> usize {
        self.issued.iter().filter(|issued| !issued.is_sent && !self.is_owners(&issued.token)).count()
    }

    /// Notes that the request of a revocation has ended. False if the token is among those that were counted as left: it is
    /// logged once.
    fn end_request(&mut self, token: &Token) -> bool {
        if let Some(issued) = self.find(token).filter(|issued| issued.is_revoking) {
            issued.is_sent = true;
        }
        !self.is_reported
    }

    /// Ends a revocation. A token that was issued again meanwhile stays, and is revoked later.
    fn end_revocation(&mut self, token: &Token) {
        let is_ending = self.end.is_some();
        self.issued.retain(|issued| (issued.holders > 0 && !is_ending) || !same(&issued.token, token));
        if let Some(issued) = self.find(token) {
            (issued.is_revoking, issued.is_sent) = (false, false);
        }
        self.running = self.running.saturating_sub(1);
    }
}

impl TokenRevoker {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(
        account_locks: AccountLocks,
        rate_limiter: Arc<RateLimiter>,
        log: Log,
    ) -> std::io::Result<(Self, RevokerWorker)> {
        let shared = Arc::<Shared>::default();
        let revocation = Revocation { shared: Arc::clone(&shared), account_locks, rate_limiter, log };
        let worker = Worker::start("signout", move || Arc::new(revocation).run())?;
        Ok((Self(Arc::clone(&shared)), RevokerWorker { shared, worker }))
    }

    /// Protects the owner's token from the configuration.
    pub(crate) fn never_revoke(&self, token: &Token) {
        let mut tokens = lock(&self.0.tokens);
        if !tokens.is_owners(token) {
            tokens.owners.push(token.clone());
        }
    }

    /// Holds a token that plex.tv has just issued to a device. If the same one is about to be revoked, it no longer is.
    pub(crate) fn hold(&self, device: &Device, token: Token) -> HeldToken {
        let mut tokens = lock(&self.0.tokens);
        if let Some(issued) = tokens.find(&token) {
            issued.holders += 1;
        } else {
            let (token, device) = (token.clone(), device.clone());
            let due = Instant::now();
            tokens.issued.push(Issued {
                token,
                device,
                account: None,
                holders: 1,
                due,
                is_revoking: false,
                is_sent: false,
            });
        }
        drop(tokens);
        HeldToken { token, client: device.client.clone(), revoker: self.clone() }
    }
}

/// The thread that revokes tokens.
pub(crate) struct RevokerWorker {
    shared: Arc<Shared>,
    worker: Worker,
}

impl RevokerWorker {
    /// Revokes all tokens that are left, for up to [`SHUTDOWN_LIMIT`]. A login that is still in progress cannot end well any
    /// more, so its token is one of them.
    pub(crate) fn finish(self) {
        lock(&self.shared.tokens).end = Some(Instant::now() + SHUTDOWN_LIMIT);
        self.shared.changed.notify_all();
        self.worker.finish_within(LONGEST_END);
    }
}

/// Constant-time comparison.
fn same(one: &Token, other: &Token) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests;
