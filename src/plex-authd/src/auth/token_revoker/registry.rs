//! Registry of issued tokens: who holds them, and what becomes of them.

use std::sync::{Condvar, Mutex};
use std::time::Instant;

use plex::{Client, Token};
use policy::PlexId;
use subtle::ConstantTimeEq;

/// A device for sign-ins.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Client with this device's identifier.
    pub client: Client,
    /// Slot of the identifier; see [`crate::auth::account_locks`].
    pub slot: usize,
}

/// Registry and wake-up of the thread that revokes.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub tokens: Mutex<Tokens>,
    pub changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Owner's tokens of all configurations so far.
    pub owners: Vec<Token>,
    pub issued: Vec<Issued>,
    /// Number of revocations in progress.
    pub running: usize,
    /// The daemon is shutting down: all tokens are revoked, until then.
    pub end: Option<Instant>,
    /// The tokens that are left have been counted.
    pub is_reported: bool,
}

#[derive(Debug)]
pub(super) struct Issued {
    pub token: Token,
    pub device: Device,
    /// `None` until it is known.
    pub account: Option<PlexId>,
    /// Number of logins that hold it.
    pub holders: usize,
    /// Earliest time of the revocation, if no login holds it.
    pub due: Instant,
    /// Its revocation is in progress.
    pub is_revoking: bool,
    /// The request of that revocation has ended.
    pub is_sent: bool,
}

impl Tokens {
    pub(super) fn find(&mut self, token: &Token) -> Option<&mut Issued> {
        self.issued.iter_mut().find(|issued| same(&issued.token, token))
    }

    pub(super) fn is_owners(&self, token: &Token) -> bool {
        self.owners.iter().any(|owners| same(owners, token))
    }

    /// Number of tokens that are yet to be revoked, or are being revoked.
    pub(super) fn left(&self) -> usize {
        self.issued.iter().filter(|issued| !issued.is_sent && !self.is_owners(&issued.token)).count()
    }

    /// Notes that the request of a revocation has ended. False if the token is among those that were counted as left: it is
    /// logged once.
    pub(super) fn end_request(&mut self, token: &Token) -> bool {
        if let Some(issued) = self.find(token).filter(|issued| issued.is_revoking) {
            issued.is_sent = true;
        }
        !self.is_reported
    }

    /// Ends a revocation. A token that was issued again meanwhile stays, and is revoked later.
    pub(super) fn end_revocation(&mut self, token: &Token) {
        let is_ending = self.end.is_some();
        self.issued.retain(|issued| (issued.holders > 0 && !is_ending) || !same(&issued.token, token));
        if let Some(issued) = self.find(token) {
            (issued.is_revoking, issued.is_sent) = (false, false);
        }
        self.running = self.running.saturating_sub(1);
    }
}

/// Constant-time comparison.
pub(super) fn same(one: &Token, other: &Token) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}
