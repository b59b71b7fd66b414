//! Revokes the tokens of sign-ins at plex.tv, in the background.
//!
//! Tokens are compared by value, because plex.tv may issue the same one to two sign-ins. A token is revoked after the last login
//! that holds it has ended, and never if it is the owner's token from a configuration.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plex::{Client, Error, SignedIn, Token};
use policy::PlexId;
use subtle::ConstantTimeEq;

use crate::auth::account_locks::{AccountLock, AccountLocks};
use crate::lock::lock;
use crate::log::Log;
use crate::worker::Worker;

/// Delay after the login, so that a revocation does not compete with the account phase and the session that follow.
const DELAY: Duration = Duration::from_millis(100);

/// Time limit of one revocation. Sign-ins of the same account wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Interval between attempts to revoke a token whose account is locked.
const RETRY: Duration = Duration::from_millis(100);

/// Wait when there is nothing to revoke.
const IDLE: Duration = Duration::from_secs(3600);

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
pub(crate) struct TokenRevoker {
    tokens: Arc<Mutex<Tokens>>,
    /// Wakes the worker, which ends when the last sender is dropped.
    wake: Sender<()>,
}

#[derive(Debug, Default)]
struct Tokens {
    /// Owner's tokens of all configurations so far.
    owners: Vec<Token>,
    issued: Vec<Issued>,
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
        if let Some(issued) = lock(&self.revoker.tokens).find(&self.token) {
            issued.account = Some(signed_in.account.id);
        }
        IssuedToken { signed_in, held: self }
    }
}

impl Drop for HeldToken {
    fn drop(&mut self) {
        if let Some(issued) = lock(&self.revoker.tokens).find(&self.token) {
            issued.holders = issued.holders.saturating_sub(1);
            issued.due = Instant::now() + DELAY;
        }
        // Fails only if the worker has panicked.
        let _ = self.revoker.wake.send(());
    }
}

impl Tokens {
    fn find(&mut self, token: &Token) -> Option<&mut Issued> {
        self.issued.iter_mut().find(|issued| same(&issued.token, token))
    }

    /// Removes a token, unless a login holds it.
    fn remove(&mut self, token: &Token) {
        self.issued.retain(|issued| issued.holders > 0 || !same(&issued.token, token));
    }
}

impl TokenRevoker {
    /// Starts the worker.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(account_locks: AccountLocks, log: Log) -> std::io::Result<(Self, Worker)> {
        let (wake, woken) = channel();
        let tokens = Arc::<Mutex<Tokens>>::default();
        let revocation = Revocation { tokens: Arc::clone(&tokens), account_locks, log };
        let worker = Worker::start("signout", move || revocation.run(&woken))?;
        Ok((Self { tokens, wake }, worker))
    }

    /// Protects the owner's token from the configuration.
    pub(crate) fn never_revoke(&self, token: &Token) {
        let mut tokens = lock(&self.tokens);
        if !tokens.owners.iter().any(|owners| same(owners, token)) {
            tokens.owners.push(token.clone());
        }
    }

    /// Holds a token that plex.tv has just issued to a device. If the same one is about to be revoked, it no longer is.
    pub(crate) fn hold(&self, device: &Device, token: Token) -> HeldToken {
        let mut tokens = lock(&self.tokens);
        if let Some(issued) = tokens.find(&token) {
            issued.holders += 1;
        } else {
            let (token, device) = (token.clone(), device.clone());
            tokens.issued.push(Issued { token, device, account: None, holders: 1, due: Instant::now() });
        }
        drop(tokens);
        HeldToken { token, client: device.client.clone(), revoker: self.clone() }
    }
}

/// The worker's state.
struct Revocation {
    tokens: Arc<Mutex<Tokens>>,
    account_locks: AccountLocks,
    log: Log,
}

impl Revocation {
    fn run(&self, woken: &Receiver<()>) {
        loop {
            let ending = woken.recv_timeout(self.pause()) == Err(RecvTimeoutError::Disconnected);
            while let Some((token, client, account_lock)) = self.next(ending) {
                self.revoke(&token, &client);
                // If it was issued again meanwhile, it stays and is revoked later.
                lock(&self.tokens).remove(&token);
                drop(account_lock);
            }
            if ending {
                return;
            }
        }
    }

    /// Time until the next attempt.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let tokens = lock(&self.tokens);
        let waits = tokens.issued.iter().filter(|issued| issued.holders == 0);
        // One that is due waits for the lock of its account.
        let pause = |issued: &Issued| if issued.due > now { issued.due - now } else { RETRY };
        waits.map(pause).min().unwrap_or(IDLE)
    }

    /// A token that can be revoked now, with the lock of its account. When the daemon ends, no login holds one, and all can.
    fn next(&self, ending: bool) -> Option<(Token, Client, Option<AccountLock>)> {
        let now = Instant::now();
        let mut tokens = lock(&self.tokens);
        let Tokens { owners, issued } = &mut *tokens;
        issued.retain(|issued| issued.holders > 0 || !owners.iter().any(|owners| same(owners, &issued.token)));
        issued.iter().filter(|issued| issued.holders == 0 && (ending || issued.due <= now)).find_map(|issued| {
            let account_lock = self.account_locks.try_acquire_to_revoke(issued.account.into(), issued.device.slot);
            (ending || account_lock.is_some())
                .then(|| (issued.token.clone(), issued.device.client.clone(), account_lock))
        })
    }

    fn revoke(&self, token: &Token, client: &Client) {
        match client.sign_out(token, Instant::now() + TIMEOUT) {
            // Refused: a later sign-in of the account has ended it already.
            Ok(()) | Err(Error::Refused) => {}
            Err(why) => self.log.warning(format!(
                "a token could not be signed out of plex.tv and lapses by itself in some weeks: {why}"
            )),
        }
    }
}

/// Constant-time comparison.
fn same(one: &Token, other: &Token) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests;
