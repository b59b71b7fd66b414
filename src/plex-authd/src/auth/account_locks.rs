//! One sign-in per Plex account at a time. plex.tv keeps one token for each account and client identifier: a second sign-in
//! may end the first one's token, and so may a revocation, while that token is still needed to confirm who signed in.
//!
//! A link code cannot take a turn, since its token is made when a person approves it, at any time. Codes that are open for
//! the same account at once therefore get client identifiers of their own.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use policy::PlexId;

use crate::lock::lock;

/// How many client identifiers sign-ins have. All but the first are used only while a link code is open for the same
/// account, since each one that is new to an account sends its user a mail.
pub(crate) const SLOTS: usize = 4;

/// How long a sign-in waits for a revocation. One that plex.tv leaves without an answer must not keep people out: if plex.tv
/// hands out the token that is being revoked once more, the login finds that out and is unavailable.
const REVOKING: Duration = Duration::from_secs(1);

/// The Plex account that a sign-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockedAccount {
    /// This one.
    Account(PlexId),
    /// One that is not known before it has signed in, so it may be any.
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

/// All turns of this daemon, in the order in which they were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccountLocks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    /// Those whose turn it is, and behind them those that wait; and since when, where it is a revocation.
    turns: Vec<(u64, LockedAccount, Option<Instant>)>,
    /// The slots of open link codes.
    codes: Vec<(u64, LockedAccount, usize)>,
}

impl Queue {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// How long to wait before this one may have its turn without being woken; nothing when it has it.
    fn wait(&self, number: u64, whose: LockedAccount) -> Option<Duration> {
        let before = self.turns.iter().take_while(|(other, ..)| *other != number);
        let wait =
            |since: Option<Instant>| since.map_or(Duration::MAX, |since| REVOKING.saturating_sub(since.elapsed()));
        let waits = before.filter(|(_, other, _)| other.may_be(whose)).map(|(.., since)| wait(*since));
        waits.filter(|wait| !wait.is_zero()).min()
    }

    fn has_code(&self, whose: LockedAccount, slot: usize) -> bool {
        self.codes.iter().any(|(_, other, taken)| *taken == slot && other.may_be(whose))
    }

    /// The first slot without an open code. If there is none the first one serves: that is wrong only when somebody
    /// approves the code in it meanwhile.
    fn slot(&self, whose: LockedAccount) -> usize {
        (0..SLOTS).find(|slot| !self.has_code(whose, *slot)).unwrap_or_default()
    }
}

impl AccountLocks {
    /// Waits for an account's turn; nothing when it does not come before the deadline.
    pub(crate) fn take(&self, whose: LockedAccount, deadline: Instant) -> Option<AccountLock> {
        let mut queue = lock(&self.0.queue);
        let number = queue.number();
        queue.turns.push((number, whose, None));
        // Leaves the queue however this ends.
        let turn = AccountLock { turns: self.clone(), number, whose };
        while let Some(wait) = queue.wait(number, whose) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(queue);
                return None;
            }
            queue = self.0.moved.wait_timeout(queue, left.min(wait)).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(queue);
        Some(turn)
    }

    /// An account's turn to have a token revoked: only if nobody has it or waits for it, and no open link code could be
    /// approved into the same token.
    pub(crate) fn take_to_revoke(&self, whose: LockedAccount, slot: usize) -> Option<AccountLock> {
        let mut queue = lock(&self.0.queue);
        if queue.has_code(whose, slot) || queue.turns.iter().any(|(_, other, _)| other.may_be(whose)) {
            return None;
        }
        let number = queue.number();
        queue.turns.push((number, whose, Some(Instant::now())));
        Some(AccountLock { turns: self.clone(), number, whose })
    }
}

/// An account's turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct AccountLock {
    turns: AccountLocks,
    number: u64,
    whose: LockedAccount,
}

impl AccountLock {
    /// The slot to sign in with.
    pub(crate) fn slot(&self) -> usize {
        lock(&self.turns.0.queue).slot(self.whose)
    }

    /// The slot to open a link code with. It is the code's own for as long as the code is open.
    pub(crate) fn open_code(self) -> CodeSlot {
        let mut queue = lock(&self.turns.0.queue);
        let (number, slot) = (queue.number(), queue.slot(self.whose));
        queue.codes.push((number, self.whose, slot));
        drop(queue);
        CodeSlot { turns: self.turns.clone(), number, slot }
    }
}

impl Drop for AccountLock {
    fn drop(&mut self) {
        lock(&self.turns.0.queue).turns.retain(|(number, ..)| *number != self.number);
        self.turns.0.moved.notify_all();
    }
}

/// The slot of an open link code, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct CodeSlot {
    turns: AccountLocks,
    number: u64,
    /// Which one.
    pub slot: usize,
}

impl Drop for CodeSlot {
    fn drop(&mut self) {
        lock(&self.turns.0.queue).codes.retain(|(number, ..)| *number != self.number);
    }
}

#[cfg(test)]
mod tests;
