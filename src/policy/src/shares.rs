//! Shares of the daemon's sessions (R70): how many requests may be in progress at once, by what they are for and where they
//! come from, so that no one uses up what others need.
//!
//! Each purpose has slots of its own. Within them, an origin has a share that depends on how many people are behind it, and an
//! account has one of the guesses at it. Slots of people who are known here grow with their number.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::Origin;

/// Slots of account phases. They are decided from memory within milliseconds, except while the first friend list is read;
/// without a slot they are still decided, but never wait.
const ACCOUNT: usize = 64;

/// Slots of authentications for accounts that have not signed in from their origin before.
const UNKNOWN: usize = 256;

/// Slots of authentications for accounts that have, with no known account at all, and their greatest number.
const KNOWN: (usize, usize) = (256, 512);

/// Slots that each known account adds.
const PER_KNOWN_ACCOUNT: usize = 8;

/// Slots of the `plex-auth` command.
const COMMAND: usize = 8;

/// The most sessions at once. Each has one descriptor and one thread, with a stack of 512 KiB of address space of which some 20 KiB
/// are used: all of them together need about 20 MB of memory.
pub const MAX_SESSIONS: usize = ACCOUNT + UNKNOWN + KNOWN.1 + COMMAND;

/// Slots of each purpose for one person: a local user, who is the origin of `su` and `sudo`.
const ONE: usize = 8;

/// Slots of each purpose for one address. A household, or an office, is behind it.
const HOUSEHOLD: usize = 16;

/// Slots of unknown accounts for one service that names no remote host, and of account phases.
const CROWD: (usize, usize) = (64, 32);

/// Slots of all processes together that are not believed, whatever their user ids: for account phases, and for accounts that
/// are not known there.
const PROCESSES: (usize, usize) = (16, 64);

/// Slots of known accounts that one such service leaves to others.
const LEFT_BY_CROWD: usize = 64;

/// Slots of guesses at one account, from all origins where it is unknown. Together with [`UNKNOWN`]: an attack from any number of
/// addresses needs eight accounts to keep others out.
const PER_ACCOUNT: usize = 32;

/// The purpose of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The account phase, or a change of the local password.
    Account,
    /// Authentication for an account that has signed in from this origin before.
    Known,
    /// Any other authentication.
    Unknown,
    /// A request of the `plex-auth` command.
    Command,
}

/// How many people are behind an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// One local user.
    One,
    /// The people at one address.
    Household,
    /// All users of a service that names no remote host.
    Many,
}

impl Crowd {
    /// The people behind an origin.
    #[must_use]
    pub fn behind(origin: &Origin) -> Self {
        let text = origin.as_str();
        if origin.is_shared() {
            Self::Many
        } else if text.ends_with("/64") || text.parse::<IpAddr>().is_ok() {
            Self::Household
        } else {
            Self::One
        }
    }
}

/// A request for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The purpose of the session.
    pub purpose: Purpose,
    /// The origin, from [`crate::origin`].
    pub origin: Origin,
    /// The people behind it.
    pub crowd: Crowd,
    /// The local account.
    pub account: String,
}

impl Claim {
    fn is_authentication(&self) -> bool {
        matches!(self.purpose, Purpose::Known | Purpose::Unknown)
    }

    /// The other claim draws on the same share of the origin. A local user has one share of all authentications.
    fn shares_origin(&self, other: &Self) -> bool {
        let same_purpose = self.purpose == other.purpose
            || (self.crowd == Crowd::One && self.is_authentication() && other.is_authentication());
        same_purpose && self.origin == other.origin
    }

    /// The other claim draws on the same share of the account. Strangers are behind a service that names no remote host; what they
    /// use up is not the account's own share at addresses where it is known.
    fn shares_account(&self, other: &Self) -> bool {
        let same_people = self.purpose != Purpose::Known || (self.crowd == Crowd::Many) == (other.crowd == Crowd::Many);
        same_people && self.purpose == other.purpose && self.account == other.account
    }

    /// The greatest number of slots of this origin.
    fn origin_share(&self, slots: usize) -> usize {
        match (self.purpose, self.crowd) {
            (Purpose::Command, _) => slots,
            (_, Crowd::One) => ONE,
            (_, Crowd::Household) => HOUSEHOLD,
            (Purpose::Known, Crowd::Many) => slots - LEFT_BY_CROWD,
            (Purpose::Unknown, Crowd::Many) => CROWD.0,
            (Purpose::Account, Crowd::Many) => CROWD.1,
        }
    }

    /// The greatest number of slots of this account, from all origins: one account may be known at dozens of them.
    fn account_share(&self, slots: usize) -> usize {
        match self.purpose {
            Purpose::Unknown | Purpose::Known => PER_ACCOUNT,
            Purpose::Account | Purpose::Command => slots,
        }
    }

    /// The greatest number of slots of processes that are not believed. A user who may have other user ids could have the share
    /// of each.
    fn process_share(&self, slots: usize) -> usize {
        match self.purpose {
            Purpose::Account => PROCESSES.0,
            Purpose::Unknown => PROCESSES.1,
            Purpose::Known | Purpose::Command => slots,
        }
    }
}

/// Slots of a purpose on a machine where this number of accounts has signed in.
fn slots(purpose: Purpose, known_accounts: usize) -> usize {
    match purpose {
        Purpose::Account => ACCOUNT,
        Purpose::Unknown => UNKNOWN,
        Purpose::Known => KNOWN.0.saturating_add(known_accounts.saturating_mul(PER_KNOWN_ACCOUNT)).min(KNOWN.1),
        Purpose::Command => COMMAND,
    }
}

/// A slot in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotId(u64);

/// The slots in use.
#[derive(Debug, Default)]
pub struct Shares {
    held: BTreeMap<SlotId, Claim>,
    next: u64,
}

impl Shares {
    /// A slot, or `None` if the purpose, the origin or the account has used up its share. `known_accounts` is the number of
    /// accounts that have signed in.
    pub fn acquire(&mut self, claim: Claim, known_accounts: usize) -> Option<SlotId> {
        if !self.has_room(&claim, known_accounts) {
            return None;
        }
        let slot = SlotId(self.next);
        self.next += 1;
        self.held.insert(slot, claim);
        Some(slot)
    }

    /// Replaces the claim of a slot by a more precise one. False if there is no room for that: the session is to end, and counts
    /// by its earlier claim until it has.
    pub fn replace(&mut self, slot: SlotId, claim: Claim, known_accounts: usize) -> bool {
        let before = self.held.remove(&slot);
        let has_room = self.has_room(&claim, known_accounts);
        if let Some(before) = before {
            self.held.insert(slot, if has_room { claim } else { before });
        }
        has_room
    }

    /// Releases a slot.
    pub fn release(&mut self, slot: SlotId) {
        self.held.remove(&slot);
    }

    /// Number of slots in use.
    #[must_use]
    pub fn count(&self) -> usize {
        self.held.len()
    }

    fn has_room(&self, claim: &Claim, known_accounts: usize) -> bool {
        let slots = slots(claim.purpose, known_accounts);
        let used = |shares: &dyn Fn(&Claim) -> bool| self.held.values().filter(|held| shares(held)).count();
        used(&|held| held.purpose == claim.purpose) < slots
            && used(&|held| claim.shares_origin(held)) < claim.origin_share(slots)
            && used(&|held| claim.shares_account(held)) < claim.account_share(slots)
            && (!claim.origin.is_process()
                || used(&|held| held.purpose == claim.purpose && held.origin.is_process()) < claim.process_share(slots))
    }
}

#[cfg(test)]
mod tests;
