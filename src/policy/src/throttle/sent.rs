//! Counts of everything that was sent to plex.tv, by kind.

use std::collections::VecDeque;
use std::time::Duration;

use super::Counted;
use crate::BootTime;

/// Length of the intervals that counts are kept for.
const MINUTE: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(3600);

/// plex.tv's answer to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInStatus {
    /// Signed in.
    Accepted,
    /// The password, the code or the account is rejected.
    Rejected,
    /// A verification code is required.
    CodeRequired,
    /// No answer, one that decides nothing, or one that refuses this machine's requests.
    Undecided,
}

/// A request to plex.tv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// A sign-in with a password.
    SignIn(SignInStatus),
    /// A request for a link code.
    LinkCode,
    /// A poll for the approval of a link code.
    Poll,
    /// The revocation of a token.
    Revocation,
    /// A read of a friend list, of a user's servers, or of an account.
    List,
}

impl Sent {
    /// The request that an earlier process stored, if one was sent.
    pub(super) fn from_entry(counted: Counted) -> Option<Self> {
        Some(match counted {
            Counted::Accepted => Self::SignIn(SignInStatus::Accepted),
            Counted::Rejected => Self::SignIn(SignInStatus::Rejected),
            Counted::CodeRequired | Counted::FirstStep => Self::SignIn(SignInStatus::CodeRequired),
            Counted::Undecided | Counted::Offline => Self::SignIn(SignInStatus::Undecided),
            Counted::LinkCode => Self::LinkCode,
            Counted::WrongGuess => return None,
        })
    }
}

/// Requests to plex.tv within the last hour, to the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SentLastHour {
    /// Sign-ins that plex.tv accepted.
    pub accepted: u32,
    /// Sign-ins that plex.tv rejected.
    pub rejected: u32,
    /// Sign-ins that need a verification code.
    pub code_required: u32,
    /// Sign-ins without an answer that decides.
    pub undecided: u32,
    /// Requests for a link code.
    pub link_codes: u32,
    /// Polls for the approval of link codes.
    pub polls: u32,
    /// Revocations of tokens.
    pub revocations: u32,
    /// Reads of friend lists, servers and accounts.
    pub lists: u32,
}

impl SentLastHour {
    /// All sign-ins.
    #[must_use]
    pub fn sign_ins(&self) -> u32 {
        [self.accepted, self.rejected, self.code_required, self.undecided].into_iter().fold(0, u32::saturating_add)
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u32 {
        let others = [self.link_codes, self.polls, self.revocations, self.lists];
        others.into_iter().fold(self.sign_ins(), u32::saturating_add)
    }

    fn count(&mut self, sent: Sent) {
        let counter = match sent {
            Sent::SignIn(SignInStatus::Accepted) => &mut self.accepted,
            Sent::SignIn(SignInStatus::Rejected) => &mut self.rejected,
            Sent::SignIn(SignInStatus::CodeRequired) => &mut self.code_required,
            Sent::SignIn(SignInStatus::Undecided) => &mut self.undecided,
            Sent::LinkCode => &mut self.link_codes,
            Sent::Poll => &mut self.polls,
            Sent::Revocation => &mut self.revocations,
            Sent::List => &mut self.lists,
        };
        *counter = counter.saturating_add(1);
    }

    fn add(&mut self, other: &Self) {
        let Self { accepted, rejected, code_required, undecided, link_codes, polls, revocations, lists } = other;
        let pairs = [
            (&mut self.accepted, accepted),
            (&mut self.rejected, rejected),
            (&mut self.code_required, code_required),
            (&mut self.undecided, undecided),
            (&mut self.link_codes, link_codes),
            (&mut self.polls, polls),
            (&mut self.revocations, revocations),
            (&mut self.lists, lists),
        ];
        for (sum, further) in pairs {
            *sum = sum.saturating_add(*further);
        }
    }
}

/// Counts by minute, at most 61 of them.
#[derive(Debug, Clone, Default)]
pub(super) struct SentCounts(VecDeque<(BootTime, SentLastHour)>);

impl SentCounts {
    pub(super) fn count(&mut self, sent: Sent, now: BootTime) {
        self.expire(now);
        if let Some((_, counts)) = self.0.back_mut().filter(|(since, _)| now.since(*since) < MINUTE) {
            counts.count(sent);
        } else {
            let mut counts = SentLastHour::default();
            counts.count(sent);
            self.0.push_back((now, counts));
        }
    }

    pub(super) fn last_hour(&mut self, now: BootTime) -> SentLastHour {
        self.expire(now);
        let mut sum = SentLastHour::default();
        self.0.iter().for_each(|(_, counts)| sum.add(counts));
        sum
    }

    fn expire(&mut self, now: BootTime) {
        while self.0.front().is_some_and(|(since, _)| now.since(*since) >= HOUR) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r71_a_request_is_counted_for_an_hour_and_no_number_of_them_needs_more_than_61_places() {
        let at = |seconds| BootTime::from_millis(0) + Duration::from_secs(seconds);
        let mut sent = SentCounts::default();
        for _ in 0..1000 {
            sent.count(Sent::List, at(0));
        }
        assert_eq!((sent.0.len(), sent.last_hour(at(3599)).lists), (1, 1000));
        sent.count(Sent::List, at(59));
        sent.count(Sent::List, at(60));
        sent.count(Sent::List, at(3000));
        assert_eq!((sent.0.len(), sent.last_hour(at(3599)).lists), (3, 1003));
        // The minute that began an hour ago is over, and the later ones still count.
        assert_eq!(sent.last_hour(at(3600)).lists, 2);
        assert_eq!(sent.last_hour(at(3660)).lists, 1);
        for second in 3600..30_000 {
            sent.count(Sent::List, at(second));
            assert!(sent.0.len() <= 61);
        }
        assert_eq!(sent.last_hour(at(29_999)).lists, 3600);
    }
}
