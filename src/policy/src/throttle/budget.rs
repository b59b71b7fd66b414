//! Hourly budget of one kind of request, divided into shares so that nobody can use up what others need.
//!
//! Keys that have not signed in before draw on a common pool, of which one origin and one account can use a part. Each
//! account has a share of its own for the origins that it is known at, and another one for services that name no remote
//! host. So the reserve grows with the number of people who are known here.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use strum::{EnumString, IntoStaticStr};

use super::hourly::Hourly;
use super::{AttemptKey, Share};
use crate::BootTime;

/// Period of the budget.
const HOUR: Duration = Duration::from_secs(3600);

/// Time for which a sign-in counts that plex.tv decided nothing about: an outage must not be followed by an hour of refusals.
const OUTAGE: Duration = Duration::from_secs(10 * 60);

/// Period in which a service that names no remote host can use a third of an account's share, so that a stranger behind it
/// keeps the account's own user out for no longer than that.
const SHARED_PERIOD: Duration = Duration::from_secs(20 * 60);

/// Kind of a counted request. The text form is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Counted {
    /// A sign-in that ended in a login.
    Accepted,
    /// plex.tv requires a verification code.
    CodeRequired,
    /// Likewise, and a login of the key followed.
    FirstStep,
    /// A sign-in that plex.tv rejected, or that ended in a refusal.
    Rejected,
    /// plex.tv decided nothing.
    Undecided,
    /// Likewise, and the offline cache accepted the password, or a login of the key followed.
    Offline,
    /// A wrong guess at a cached password; nothing was sent.
    WrongGuess,
    /// A code for plex.tv/link, requested and perhaps never approved.
    LinkCode,
}

impl Counted {
    /// Kinds before and after a success of the key: what was a step to it draws on the budget no longer.
    pub const TAKEN_BACK: [(Self, Self); 2] = [(Self::CodeRequired, Self::FirstStep), (Self::Undecided, Self::Offline)];

    /// Time for which it draws on the budget.
    fn span(self) -> Duration {
        match self {
            Self::Accepted | Self::FirstStep | Self::Offline => Duration::ZERO,
            Self::Undecided => OUTAGE,
            Self::CodeRequired | Self::Rejected | Self::WrongGuess | Self::LinkCode => HOUR,
        }
    }

    /// [`Self::span`] in the shorter period, in which an outage does not count.
    fn guess_span(self) -> Duration {
        if self == Self::Undecided { Duration::ZERO } else { self.span() }
    }

    /// Time for which it counts in the number of sign-ins, which includes the accepted ones.
    fn sign_in_span(self) -> Duration {
        match self {
            Self::WrongGuess | Self::LinkCode => Duration::ZERO,
            Self::Undecided | Self::Offline => OUTAGE,
            Self::Accepted | Self::CodeRequired | Self::FirstStep | Self::Rejected => HOUR,
        }
    }
}

/// A request of the last hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Time of its end.
    pub at: BootTime,
    /// Account and origin.
    pub key: AttemptKey,
    /// The key had signed in before.
    pub known: bool,
    /// Kind of the request.
    pub counted: Counted,
}

/// End of an attempt that was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// No guess: nothing was checked, or the offline cache accepted the password during an outage.
    Nothing,
    /// A login.
    Accepted,
    /// plex.tv requires a verification code.
    CodeRequired,
    /// A refusal of what was typed or of the user.
    Rejected,
    /// plex.tv decided nothing.
    Undecided,
}

/// Number of an attempt in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Requests that a bound counts, within a share.
#[derive(Debug, Clone, Copy)]
enum Scope {
    All,
    Origin,
    Account,
    /// All, for an account that has had its least share.
    AllButLeast,
}

/// An attempt that was admitted and has not ended.
#[derive(Debug, Clone)]
struct InProgress {
    key: AttemptKey,
    known: bool,
    /// A sign-in was sent to plex.tv.
    sent: bool,
}

/// The shares of an hourly number are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent;

/// Requests of the last hour, and attempts in progress, each of which may become one.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    entries: VecDeque<Entry>,
    in_progress: BTreeMap<Ticket, InProgress>,
    tickets: u64,
}

impl Budget {
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.at);
        Self { entries: entries.into(), ..Self::default() }
    }

    /// Checks the shares of a key. `None`: those in progress must end first.
    pub(super) fn check(
        &self,
        number: Hourly,
        key: &AttemptKey,
        known: bool,
        now: BootTime,
    ) -> Result<Option<()>, Spent> {
        let third = number.third();
        let share = Share::of(key, known);
        let bounds: &[(Scope, usize, Duration)] = match share {
            Share::Unknown => {
                &[(Scope::All, number.unknown(), HOUR), (Scope::Origin, third, HOUR), (Scope::Account, third, HOUR)]
            }
            Share::Known => &[(Scope::Account, third, HOUR)],
            // Strangers behind such a service can guess at every account. plex.tv must not see the sum of all shares.
            Share::Service => &[
                (Scope::Account, third, HOUR),
                (Scope::Account, number.ninth(), SHARED_PERIOD),
                (Scope::AllButLeast, number.services(), HOUR),
            ],
        };
        // Those that have ended, and those in progress.
        let count = |scope: Scope, period: Duration| {
            let counts = |other: &AttemptKey, known: bool| {
                Share::of(other, known) == share
                    && match scope {
                        Scope::All | Scope::AllButLeast => true,
                        Scope::Origin => other.origin == key.origin,
                        Scope::Account => other.account == key.account,
                    }
            };
            let is_drawn = |entry: &&Entry| {
                let span = if period == SHARED_PERIOD { entry.counted.guess_span() } else { entry.counted.span() };
                now.since(entry.at) < span.min(period) && counts(&entry.key, entry.known)
            };
            let pending = self.in_progress.values().filter(|other| counts(&other.key, other.known)).count();
            (self.entries.iter().filter(is_drawn).count(), pending)
        };
        let has_least = || {
            let (used, pending) = count(Scope::Account, HOUR);
            used + pending >= number.services_least()
        };
        let mut queued = false;
        for (scope, max, period) in bounds {
            if matches!(scope, Scope::AllButLeast) && !has_least() {
                continue;
            }
            let (used, pending) = count(*scope, *period);
            if used >= *max {
                return Err(Spent);
            }
            queued |= used + pending >= *max;
        }
        Ok((!queued).then_some(()))
    }

    /// Reserves a place for an attempt. [`Self::settle`] must follow.
    pub(super) fn reserve(
        &mut self,
        number: Hourly,
        key: &AttemptKey,
        known: bool,
        now: BootTime,
    ) -> Result<Option<Ticket>, Spent> {
        self.expire(now);
        if self.check(number, key, known, now)?.is_none() {
            return Ok(None);
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.in_progress.insert(ticket, InProgress { key: key.clone(), known, sent: false });
        Ok(Some(ticket))
    }

    /// Ends an attempt. Returns what is to be stored.
    pub(super) fn settle(&mut self, ticket: Ticket, ending: Ending, now: BootTime) -> Option<Entry> {
        let InProgress { key, known, sent } = self.in_progress.remove(&ticket)?;
        let counted = match (ending, sent) {
            (Ending::Nothing | Ending::Accepted | Ending::CodeRequired | Ending::Undecided, false) => return None,
            (Ending::Rejected, false) => Counted::WrongGuess,
            (Ending::Nothing, true) => Counted::Offline,
            (Ending::Rejected, true) => Counted::Rejected,
            (Ending::Accepted, true) => Counted::Accepted,
            (Ending::CodeRequired, true) => Counted::CodeRequired,
            (Ending::Undecided, true) => Counted::Undecided,
        };
        Some(self.push(Entry { at: now, key, known, counted }))
    }

    /// Counts a link code, before it is requested. Returns what is to be stored.
    pub(super) fn draw_code(
        &mut self,
        number: Hourly,
        key: &AttemptKey,
        known: bool,
        now: BootTime,
    ) -> Result<Entry, Spent> {
        self.expire(now);
        self.check(number, key, known, now)?.ok_or(Spent)?;
        Ok(self.push(Entry { at: now, key: key.clone(), known, counted: Counted::LinkCode }))
    }

    /// Number of attempts of a key in progress.
    pub(super) fn in_progress(&self, key: &AttemptKey) -> usize {
        self.in_progress.values().filter(|other| other.key == *key).count()
    }

    /// Marks the sign-in of an attempt as sent.
    pub(super) fn sent(&mut self, ticket: Ticket) {
        if let Some(attempt) = self.in_progress.get_mut(&ticket) {
            attempt.sent = true;
        }
    }

    /// Sign-ins of the account and the share of an attempt: those that have ended, and those that are sent and have not.
    pub(super) fn sign_ins(&mut self, ticket: Ticket, now: BootTime) -> (usize, usize) {
        self.expire(now);
        self.in_progress.get(&ticket).map_or((0, 0), |attempt| self.sign_ins_of(&attempt.key, attempt.known, now))
    }

    /// [`Self::sign_ins`] of a key.
    fn sign_ins_of(&self, key: &AttemptKey, known: bool, now: BootTime) -> (usize, usize) {
        let share = Share::of(key, known);
        let counts = |other: &AttemptKey, known: bool| other.account == key.account && Share::of(other, known) == share;
        let ended = self
            .entries
            .iter()
            .filter(|entry| now.since(entry.at) < entry.counted.sign_in_span() && counts(&entry.key, entry.known));
        let pending = self.in_progress.values().filter(|other| other.sent && counts(&other.key, other.known));
        (ended.count(), pending.count())
    }

    /// Time until the shares of a key have room again; `None` if they have now.
    pub(super) fn spent(&self, number: Hourly, key: &AttemptKey, known: bool, now: BootTime) -> Option<Duration> {
        self.first_time(now, |time| self.check(number, key, known, time).is_ok())
    }

    /// Time until a sign-in of a key may be sent again, of `all` within an hour; `None` if one may be now.
    pub(super) fn sign_ins_spent(&self, all: usize, key: &AttemptKey, known: bool, now: BootTime) -> Option<Duration> {
        self.first_time(now, |time| self.sign_ins_of(key, known, time).0 < all)
    }

    /// Time until a condition holds that only the age of the entries changes; `None` if it holds now.
    fn first_time(&self, now: BootTime, is_met: impl Fn(BootTime) -> bool) -> Option<Duration> {
        if is_met(now) {
            return None;
        }
        let ends = self.entries.iter().flat_map(|entry| [OUTAGE, SHARED_PERIOD, HOUR].map(|span| entry.at + span));
        let mut times: Vec<_> = ends.filter(|time| *time > now).collect();
        times.sort_unstable();
        // Once it holds it stays so, since entries only expire.
        let first = times.partition_point(|time| !is_met(*time));
        Some(times.get(first).map_or(HOUR, |time| time.since(now)))
    }

    /// The keys of the entries.
    pub(super) fn keys(&self) -> impl Iterator<Item = &AttemptKey> {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// Deletes the entries of these keys. Returns their number.
    pub(super) fn forget(&mut self, is_meant: impl Fn(&AttemptKey) -> bool) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| !is_meant(&entry.key));
        before - self.entries.len()
    }

    /// After a success of a key: its sign-ins that lacked a verification code, or that plex.tv did not decide, were steps to it
    /// and draw on the budget no longer. True if there were any.
    pub(super) fn take_back(&mut self, key: &AttemptKey) -> bool {
        let mut any = false;
        for entry in &mut self.entries {
            let taken_back = Counted::TAKEN_BACK.into_iter().find(|(before, _)| *before == entry.counted);
            if entry.key == *key
                && let Some((_, after)) = taken_back
            {
                (entry.counted, any) = (after, true);
            }
        }
        any
    }

    /// Number of rejected sign-ins and wrong guesses at cached passwords within the hour.
    pub(super) fn rejected(&mut self, now: BootTime) -> usize {
        self.expire(now);
        let is_rejected = |entry: &&Entry| matches!(entry.counted, Counted::Rejected | Counted::WrongGuess);
        self.entries.iter().filter(is_rejected).count()
    }

    fn push(&mut self, entry: Entry) -> Entry {
        self.entries.push_back(entry.clone());
        entry
    }

    fn expire(&mut self, now: BootTime) {
        while self.entries.front().is_some_and(|entry| now.since(entry.at) >= HOUR) {
            self.entries.pop_front();
        }
    }
}
