//! Signs the fresh tokens out of plex.tv again, out of the way of any login.
//!
//! A token is known by its value: plex.tv may hand the same one to two sign-ins. It is revoked when no login holds it, which
//! is undone if it is handed out again, and never when it is the owner's own, which the configuration holds.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plex::{Client, Error, SignedIn, Token};
use policy::PlexId;
use subtle::ConstantTimeEq;

use crate::auth::account_locks::{AccountLock, AccountLocks};
use crate::lock::lock;
use crate::log::Log;
use crate::worker;

/// How long a sign-out waits after its login: what comes right behind the verdict, the account phase and the session, is not
/// to compete with it.
const AFTER: Duration = Duration::from_millis(100);

/// How long one sign-out may take. Sign-ins of the same account wait for it.
const ONE: Duration = Duration::from_secs(5);

/// When to look again whether a token can be revoked whose account is signing in.
const AGAIN: Duration = Duration::from_millis(100);

/// When to look again without any reason.
const IDLE: Duration = Duration::from_secs(3600);

/// A device that sign-ins use.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// plex.tv, asked as this device.
    pub client: Client,
    /// Which of the daemon's it is: see [`crate::auth::account_locks`].
    pub slot: usize,
}

/// Where tokens go that have served. All configurations share it.
#[derive(Debug, Clone)]
pub(crate) struct TokenRevoker {
    tokens: Arc<Mutex<Tokens>>,
    /// Wakes the worker; once nobody has one any more, the worker ends.
    wake: Sender<()>,
}

#[derive(Debug, Default)]
struct Tokens {
    /// Those of the owner that a configuration of this daemon holds or held.
    kept: Vec<Token>,
    issued: Vec<Issued>,
}

#[derive(Debug)]
struct Issued {
    token: Token,
    device: Device,
    /// The account that it belongs to, once that is known.
    account: Option<PlexId>,
    /// How many logins hold it.
    holders: usize,
    /// When it may be revoked, if nobody holds it.
    due: Instant,
}

/// The thread that does it.
pub(crate) struct Worker(JoinHandle<()>);

/// A fresh token in the hands of one login. Whatever becomes of that, accepted, refused, or given up because the answer came
/// too late: once no login holds the token any more, it is revoked.
#[derive(Debug)]
pub(crate) struct HeldToken {
    /// The token.
    pub token: Token,
    /// plex.tv, asked as the device that the token was given to.
    pub client: Client,
    sign_out: TokenRevoker,
}

/// A sign-in whose token is held.
#[derive(Debug)]
pub(crate) struct IssuedToken {
    /// The sign-in.
    pub signed_in: SignedIn,
    hold: HeldToken,
}

impl IssuedToken {
    /// plex.tv, asked as the device that signed in.
    pub(crate) fn client(&self) -> &Client {
        &self.hold.client
    }
}

impl HeldToken {
    /// Says whose sign-in it is.
    pub(crate) fn belongs_to(self, signed_in: SignedIn) -> IssuedToken {
        if let Some(issued) = lock(&self.sign_out.tokens).find(&self.token) {
            issued.account = Some(PlexId(signed_in.account.id));
        }
        IssuedToken { signed_in, hold: self }
    }
}

impl Drop for HeldToken {
    fn drop(&mut self) {
        if let Some(issued) = lock(&self.sign_out.tokens).find(&self.token) {
            issued.holders = issued.holders.saturating_sub(1);
            issued.due = Instant::now() + AFTER;
        }
        // The worker ends only after the last of these.
        let _ = self.sign_out.wake.send(());
    }
}

impl Tokens {
    fn find(&mut self, token: &Token) -> Option<&mut Issued> {
        self.issued.iter_mut().find(|issued| same(&issued.token, token))
    }

    /// Forgets a token, unless a login holds it.
    fn forget(&mut self, token: &Token) {
        self.issued.retain(|issued| issued.holders > 0 || !same(&issued.token, token));
    }
}

impl TokenRevoker {
    /// Starts the worker.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(turns: AccountLocks, log: Log) -> std::io::Result<(Self, Worker)> {
        let (wake, woken) = channel();
        let tokens = Arc::<Mutex<Tokens>>::default();
        let work = Work { tokens: Arc::clone(&tokens), turns, log };
        let worker = std::thread::Builder::new().name("signout".into()).spawn(move || work.run(&woken))?;
        Ok((Self { tokens, wake }, Worker(worker)))
    }

    /// Never revokes this token: it is the owner's, from the configuration.
    pub(crate) fn keep(&self, token: &Token) {
        let mut tokens = lock(&self.tokens);
        if !tokens.kept.iter().any(|kept| same(kept, token)) {
            tokens.kept.push(token.clone());
        }
    }

    /// Takes charge of a token that a device was given just now. If the same one is about to be revoked, it is not.
    pub(crate) fn hold(&self, device: &Device, token: Token) -> HeldToken {
        let mut tokens = lock(&self.tokens);
        if let Some(issued) = tokens.find(&token) {
            issued.holders += 1;
        } else {
            let (token, device) = (token.clone(), device.clone());
            tokens.issued.push(Issued { token, device, account: None, holders: 1, due: Instant::now() });
        }
        drop(tokens);
        HeldToken { token, client: device.client.clone(), sign_out: self.clone() }
    }
}

impl Worker {
    /// Waits for what is still to be done, once nobody can add to it any more.
    pub(crate) fn finish(self) {
        worker::wait_for(&self.0);
    }
}

struct Work {
    tokens: Arc<Mutex<Tokens>>,
    turns: AccountLocks,
    log: Log,
}

impl Work {
    fn run(&self, woken: &Receiver<()>) {
        loop {
            let ending = woken.recv_timeout(self.pause()) == Err(RecvTimeoutError::Disconnected);
            while let Some((token, client, turn)) = self.next(ending) {
                self.revoke(&token, &client);
                // Handed out again meanwhile, it is revoked again later.
                lock(&self.tokens).forget(&token);
                drop(turn);
            }
            if ending {
                return;
            }
        }
    }

    /// How long there is nothing to do.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let tokens = lock(&self.tokens);
        let waits = tokens.issued.iter().filter(|issued| issued.holders == 0);
        // One that is due and still there has to wait for its account.
        let pause = |issued: &Issued| if issued.due > now { issued.due - now } else { AGAIN };
        waits.map(pause).min().unwrap_or(IDLE)
    }

    /// A token that can be revoked now, with its account's turn. At the end of the daemon nobody holds any, and each can.
    fn next(&self, ending: bool) -> Option<(Token, Client, Option<AccountLock>)> {
        let now = Instant::now();
        let mut tokens = lock(&self.tokens);
        let Tokens { kept, issued } = &mut *tokens;
        issued.retain(|issued| issued.holders > 0 || !kept.iter().any(|kept| same(kept, &issued.token)));
        issued.iter().filter(|issued| issued.holders == 0 && (ending || issued.due <= now)).find_map(|issued| {
            let turn = self.turns.take_to_revoke(issued.account.into(), issued.device.slot);
            (ending || turn.is_some()).then(|| (issued.token.clone(), issued.device.client.clone(), turn))
        })
    }

    fn revoke(&self, token: &Token, client: &Client) {
        match client.sign_out(token, Instant::now() + ONE) {
            // A later sign-in of the same account may have ended it already.
            Ok(()) | Err(Error::Refused) => {}
            Err(why) => self.log.warning(format!(
                "a token could not be signed out of plex.tv and lapses by itself in some weeks: {why}"
            )),
        }
    }
}

/// Compares two tokens, in a time that says nothing about how much of them is the same.
fn same(one: &Token, other: &Token) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests;
