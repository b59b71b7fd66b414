//! One sign-in per Plex account at a time. plex.tv keeps one token for each account and client identifier: a second sign-in or
//! a revocation may end the first one's token while it is still needed to confirm the identity.
//!
//! A link code cannot hold a lock, since its token is created whenever a user approves it. Codes that are open for one
//! account at the same time therefore use different client identifiers.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use policy::PlexId;

use crate::lock::lock;

/// Number of client identifiers for sign-ins. All but the first are used only while a link code is open for the same
/// account, because plex.tv sends a mail for each one that is new to an account.
pub(crate) const SLOTS: usize = 4;

/// The longest wait of a sign-in for a revocation. Without this limit, a revocation that plex.tv does not answer would block
/// logins. If plex.tv issues the token that is being revoked again, the login notices that and is unavailable.
const REVOCATION_LIMIT: Duration = Duration::from_secs(1);

/// The Plex account of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockedAccount {
    Account(PlexId),
    /// Known only after the sign-in, so it may be any.
    Unknown,
}

impl From<Option<PlexId>> for LockedAccount {
    fn from(id: Option<PlexId>) -> Self {
        id.map_or(Self::Unknown, Self::Account)
    }
}

impl LockedAccount {
    fn may_be(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown
    }
}

/// All locks of the daemon, granted in the order of the requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccountLocks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    last_number: u64,
    /// Holders and, behind them, those that wait.
    entries: Vec<Entry>,
    /// Open link codes: number, account and slot.
    codes: Vec<(u64, LockedAccount, usize)>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    account: LockedAccount,
    /// Start of a revocation; `None` for a sign-in.
    revoking_since: Option<Instant>,
}

impl Queue {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn push(&mut self, account: LockedAccount, revoking_since: Option<Instant>) -> u64 {
        let number = self.number();
        self.entries.push(Entry { number, account, revoking_since });
        number
    }

    /// Time until the lock is granted without a wake-up; `None` if it is granted now.
    fn wait(&self, number: u64, account: LockedAccount) -> Option<Duration> {
        let before = self.entries.iter().take_while(|entry| entry.number != number);
        let wait = |entry: &Entry| {
            entry.revoking_since.map_or(Duration::MAX, |since| REVOCATION_LIMIT.saturating_sub(since.elapsed()))
        };
        let waits = before.filter(|entry| entry.account.may_be(account)).map(wait);
        waits.filter(|wait| !wait.is_zero()).min()
    }

    fn has_code(&self, account: LockedAccount, slot: usize) -> bool {
        self.codes.iter().any(|(_, of, used)| *used == slot && of.may_be(account))
    }

    /// The first slot without an open code. If all have one, it is slot 0, which fails only if a user approves that code
    /// at the same time.
    fn slot(&self, account: LockedAccount) -> usize {
        (0..SLOTS).find(|slot| !self.has_code(account, *slot)).unwrap_or_default()
    }
}

impl AccountLocks {
    /// Waits for the lock of an account; `None` at the deadline.
    pub(crate) fn acquire(&self, account: LockedAccount, deadline: Instant) -> Option<AccountLock> {
        let mut queue = lock(&self.0.queue);
        let number = queue.push(account, None);
        // Removes the entry on every return.
        let account_lock = AccountLock { locks: self.clone(), number, account };
        while let Some(wait) = queue.wait(number, account) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(queue);
                return None;
            }
            queue = self.0.released.wait_timeout(queue, left.min(wait)).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(queue);
        Some(account_lock)
    }

    /// The lock of an account for a revocation: only if nothing holds it or waits for it, and no open link code of `slot` could
    /// be approved into the same token.
    pub(crate) fn try_acquire_to_revoke(&self, account: LockedAccount, slot: Option<usize>) -> Option<AccountLock> {
        let mut queue = lock(&self.0.queue);
        if slot.is_some_and(|slot| queue.has_code(account, slot))
            || queue.entries.iter().any(|entry| entry.account.may_be(account))
        {
            return None;
        }
        let number = queue.push(account, Some(Instant::now()));
        Some(AccountLock { locks: self.clone(), number, account })
    }
}

/// Lock of an account, released on drop.
#[derive(Debug)]
pub(crate) struct AccountLock {
    locks: AccountLocks,
    number: u64,
    account: LockedAccount,
}

impl AccountLock {
    /// The slot of the client identifier to sign in with.
    pub(crate) fn slot(&self) -> usize {
        lock(&self.locks.0.queue).slot(self.account)
    }

    /// Exchanges the lock for a slot of its own for a link code.
    pub(crate) fn open_code(self) -> CodeSlot {
        let mut queue = lock(&self.locks.0.queue);
        let (number, slot) = (queue.number(), queue.slot(self.account));
        queue.codes.push((number, self.account, slot));
        drop(queue);
        CodeSlot { locks: self.locks.clone(), number, slot }
    }
}

impl Drop for AccountLock {
    fn drop(&mut self) {
        lock(&self.locks.0.queue).entries.retain(|entry| entry.number != self.number);
        self.locks.0.released.notify_all();
    }
}

/// Slot of an open link code, released on drop.
#[derive(Debug)]
pub(crate) struct CodeSlot {
    locks: AccountLocks,
    number: u64,
    pub slot: usize,
}

impl Drop for CodeSlot {
    fn drop(&mut self) {
        lock(&self.locks.0.queue).codes.retain(|(number, ..)| *number != self.number);
    }
}

#[cfg(test)]
mod tests;
