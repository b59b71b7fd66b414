//! Shares of the log (R70): a token bucket for each origin of lines that people outside can cause. Their own flood is left out
//! and counted; nobody else's lines are.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// The most buckets. Origins above it share one: an attacker who has thousands of addresses must not fill the memory.
const MAX_BUCKETS: usize = 4096;

/// Time between two lines about what was left out.
const SUMMARY: Duration = Duration::from_secs(60);

/// The least time between two removals of unused buckets.
const SWEEP: Duration = Duration::from_secs(1);

/// Origins that such a line names; the others are counted.
const NAMED: usize = 5;

/// Capacity of a bucket in lines, and its refill in lines a minute.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u32,
    per_minute: u32,
}

/// Guesses of one origin, and its other refusals. fail2ban must see each guesser, and needs a few lines for that.
const REFUSALS: Rate = Rate { burst: 30, per_minute: 12 };

/// Accepted logins of one account from one origin. A web server's pages each cause one.
const ACCEPTED: Rate = Rate { burst: 120, per_minute: 60 };

/// All processes of local users together that connect themselves. One user can have thousands of user ids.
const CALLERS: Rate = Rate { burst: 120, per_minute: 60 };

/// Origins without a bucket of their own, together.
const OTHERS: Rate = Rate { burst: 600, per_minute: 600 };

/// The share that a line draws on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    /// Guesses of an origin: logins that were denied or throttled. fail2ban counts them, so no other line hides them.
    WrongGuess(String),
    /// Other refused logins of an origin.
    Refused(String),
    /// Accepted logins of an account from an origin.
    Accepted { account: String, origin: String },
    /// Lines about processes of this user, other than root, that connect themselves.
    Caller(u32),
}

impl Share {
    /// The share of lines about a connection of this user.
    pub(crate) fn of_connection(uid: u32) -> Self {
        if uid == 0 { Self::Refused("root's connections".into()) } else { Self::Caller(uid) }
    }

    fn rate(&self) -> Rate {
        match self {
            Self::WrongGuess(_) | Self::Refused(_) | Self::Caller(_) => REFUSALS,
            Self::Accepted { .. } => ACCEPTED,
        }
    }

    /// The subject of the lines, for the line that counts those left out.
    fn subject(&self) -> String {
        match self {
            Self::WrongGuess(origin) | Self::Refused(origin) => origin.clone(),
            Self::Accepted { account, origin } => format!("logins to {account} from {origin}"),
            Self::Caller(uid) => format!("uid {uid}"),
        }
    }
}

/// Tokens left in a bucket at a time, in units of [`TOKEN`].
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    tokens: u64,
    at: Instant,
}

/// One line: a bucket with one line a minute is refilled by a unit each millisecond.
const TOKEN: u64 = 60_000;

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: u64::from(rate.burst) * TOKEN, at: now }
    }

    /// Refills the bucket; true if it is full.
    fn refill(&mut self, now: Instant) -> bool {
        let capacity = u64::from(self.rate.burst) * TOKEN;
        let passed = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        let refilled = passed.saturating_mul(u64::from(self.rate.per_minute));
        self.tokens = self.tokens.saturating_add(refilled).min(capacity);
        self.at = self.at.max(now);
        self.tokens == capacity
    }

    fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        let rest = self.tokens.checked_sub(TOKEN);
        self.tokens = rest.unwrap_or(self.tokens);
        rest.is_some()
    }
}

/// Buckets of one kind of lines.
#[derive(Debug, Default)]
struct Buckets {
    own: HashMap<Share, Bucket>,
    /// The bucket of the shares above [`MAX_BUCKETS`].
    others: Option<Bucket>,
    /// Time of the last removal of buckets that are full again.
    swept: Option<Instant>,
}

impl Buckets {
    fn take(&mut self, share: Share, now: Instant) -> bool {
        let is_new = !self.own.contains_key(&share);
        if is_new && self.own.len() >= MAX_BUCKETS {
            self.sweep(now);
            if self.own.len() >= MAX_BUCKETS {
                return self.others.get_or_insert_with(|| Bucket::full(OTHERS, now)).take(now);
            }
        }
        let rate = share.rate();
        self.own.entry(share).or_insert_with(|| Bucket::full(rate, now)).take(now)
    }

    /// Removes the buckets that are full again, at most once a second.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
            self.swept = Some(now);
            self.own.retain(|_, bucket| !bucket.refill(now));
        }
    }
}

/// The buckets, and what has been left out since the last line about it.
#[derive(Debug, Default)]
pub(super) struct LineShares {
    guesses: Buckets,
    refused: Buckets,
    accepted: Buckets,
    callers: Option<Bucket>,
    left_out: BTreeMap<String, u64>,
    since: Option<Instant>,
}

impl LineShares {
    /// True if a line of this share is written; otherwise it is counted.
    pub(super) fn admit(&mut self, share: Share, now: Instant) -> bool {
        let subject = share.subject();
        let admitted = match share {
            Share::Accepted { .. } => self.accepted.take(share, now),
            Share::WrongGuess(_) => self.guesses.take(share, now),
            Share::Refused(_) => self.refused.take(share, now),
            Share::Caller(_) => self.take_caller(share, now),
        };
        if !admitted {
            self.leave_out(subject, now);
        }
        admitted
    }

    /// A user's own share, and that of all users. A new user gets a bucket only within the latter.
    fn take_caller(&mut self, share: Share, now: Instant) -> bool {
        let callers = self.callers.get_or_insert_with(|| Bucket::full(CALLERS, now));
        let is_known = self.refused.own.contains_key(&share);
        let has_own = !is_known || self.refused.take(share.clone(), now);
        has_own && callers.take(now) && (is_known || self.refused.take(share, now))
    }

    fn leave_out(&mut self, subject: String, now: Instant) {
        self.since.get_or_insert(now);
        let known = self.left_out.len() < MAX_BUCKETS || self.left_out.contains_key(&subject);
        let subject = if known { subject } else { "other origins".to_owned() };
        *self.left_out.entry(subject).or_default() += 1;
    }

    /// A line about what has been left out, if there is anything and the last such line was a minute ago.
    pub(super) fn summary(&mut self, now: Instant) -> Option<String> {
        let is_due = self.since.is_some_and(|since| now.saturating_duration_since(since) >= SUMMARY);
        if is_due { self.last_summary() } else { None }
    }

    /// A line about what has been left out, if there is anything.
    pub(super) fn last_summary(&mut self) -> Option<String> {
        self.since = None;
        let mut counts: Vec<_> = std::mem::take(&mut self.left_out).into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let others = counts.split_off(counts.len().min(NAMED));
        let mut parts: Vec<_> = counts.iter().map(|(subject, count)| format!("{count} about {subject}")).collect();
        if !others.is_empty() {
            let count: u64 = others.iter().map(|(_, count)| count).sum();
            parts.push(format!("{count} about {}", protocol::counted(others.len(), "other", "others")));
        }
        (!parts.is_empty()).then(|| format!("lines left out because there were too many: {}", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests;
