//! Back-off of the machine while plex.tv gives no verdict on sign-ins: pages of HTML, errors of its servers, answers that
//! cannot be read. They are no rejections, so neither the back-off of a key nor the budget slows them down.
//!
//! After five in a row, sign-ins are sent one at a time, each 30 seconds after the latest such answer. Any verdict ends
//! this. What a user types may provoke such answers, so keys that have signed in before wait only for each other (R19).

use std::time::Duration;

use crate::{Admission, BootTime};

/// Answers in a row without a verdict that start the back-off.
pub const MAX_UNDECIDED: u32 = 5;

/// Back-off after each further one.
const PAUSE: Duration = Duration::from_secs(30);

/// Sign-ins that wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Keys that have signed in before.
    Known,
    /// All other keys.
    Other,
}

/// plex.tv's response to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInResponse {
    /// plex.tv judged the password or the code.
    Verdict,
    /// An answer that decides nothing.
    Undecided,
    /// No answer, or one that another rate limit counts.
    Uncounted,
}

/// Sign-ins in progress and answers without a verdict since the latest verdict.
#[derive(Debug, Clone, Default)]
pub(super) struct Undecided {
    in_a_row: u32,
    known: State,
    other: State,
}

/// State of a lane.
#[derive(Debug, Clone, Default)]
struct State {
    in_progress: u32,
    /// Time of the latest answer without a verdict.
    last: Option<BootTime>,
}

impl State {
    fn pause(&self, now: BootTime) -> Duration {
        self.last.map_or(Duration::ZERO, |last| PAUSE.saturating_sub(now.since(last)))
    }
}

impl Undecided {
    /// Admits a sign-in; [`Admission::Granted`] must be followed by [`Self::end`]. A password that plex.tv accepted lately is
    /// no guess and has no pause: plex.tv's own answer to it decides whether the offline cache opens (R69).
    ///
    /// # Errors
    /// The rest of the back-off.
    pub(super) fn start(&mut self, lane: Lane, is_cached: bool, now: BootTime) -> Result<Admission, Duration> {
        let pause = self.lane(lane).pause(now);
        let is_free = if self.is_backing_off() {
            if !is_cached && !pause.is_zero() {
                return Err(pause);
            }
            self.lane(lane).in_progress == 0
        } else {
            // After one such answer, those in progress may be the others.
            self.in_a_row == 0 || self.in_a_row + self.known.in_progress + self.other.in_progress < MAX_UNDECIDED
        };
        if !is_free {
            return Ok(Admission::Queued);
        }
        self.lane(lane).in_progress += 1;
        Ok(Admission::Granted)
    }

    /// Ends a sign-in.
    pub(super) fn end(&mut self, lane: Lane, response: SignInResponse, now: BootTime) {
        let state = self.lane(lane);
        state.in_progress = state.in_progress.saturating_sub(1);
        match response {
            SignInResponse::Verdict => {
                self.in_a_row = 0;
                (self.known.last, self.other.last) = (None, None);
            }
            SignInResponse::Undecided => {
                state.last = Some(now);
                self.in_a_row = self.in_a_row.saturating_add(1);
            }
            SignInResponse::Uncounted => {}
        }
    }

    /// The rest of the back-off, of the keys that wait longer; `None` if none does.
    pub(super) fn pause(&self, now: BootTime) -> Option<Duration> {
        let longest = self.known.pause(now).max(self.other.pause(now));
        Some(longest).filter(|pause| self.is_backing_off() && !pause.is_zero())
    }

    /// The latest five answers or more were no verdicts.
    pub(super) fn is_backing_off(&self) -> bool {
        self.in_a_row >= MAX_UNDECIDED
    }

    fn lane(&mut self, lane: Lane) -> &mut State {
        match lane {
            Lane::Known => &mut self.known,
            Lane::Other => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests;
