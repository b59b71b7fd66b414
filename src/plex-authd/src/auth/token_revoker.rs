//! Revokes the tokens of sign-ins at plex.tv, in the background.
//!
//! Tokens are compared by value, because plex.tv may issue the same one to two sign-ins. A token is revoked after the last login
//! that holds it has ended, and never if it is the owner's token from a configuration.

mod registry;
mod revocation;

use std::sync::Arc;
use std::time::{Duration, Instant};

use plex::{Client, SignedIn, Token};

use crate::auth::account_locks::AccountLocks;
use crate::limits::rate_limiter::RateLimiter;
use crate::lock::lock;
use crate::log::Log;
use crate::worker::Worker;
pub(crate) use registry::Device;
use registry::{Issued, Shared};
use revocation::{LAST_REQUESTS, Revocation};

/// Delay after the login, so that a revocation does not compete with the account phase and the session that follow.
const DELAY: Duration = Duration::from_millis(100);

/// Time at shutdown for the tokens that are left. Eight at a time are sent, so some 260 if each request lasts 300 ms. Each of
/// [`policy::MAX_SESSIONS`] may leave one; those beyond are logged by their number, and lapse.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// The longest time of [`RevokerWorker::finish`].
pub(crate) const LONGEST_END: Duration = SHUTDOWN_LIMIT.saturating_add(LAST_REQUESTS).saturating_add(LAST_REQUESTS);

/// Registry of the tokens that logins hold. It survives a reload.
#[derive(Debug, Clone)]
pub(crate) struct TokenRevoker(Arc<Shared>);

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

#[cfg(test)]
mod tests;
