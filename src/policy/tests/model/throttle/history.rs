//! All events, from which every question is answered again.

use super::events::Case;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// An account and the origin of an attempt.
pub type Who = (&'static str, &'static str);

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// A sign-in was sent to plex.tv.
    Went(Who),
    /// It is over.
    Answered(Who),
    Rejected(Who),
    Wrong(Who),
    Right(Who),
    Limited(u64),
    Blocked,
    Restart,
}

/// Expected admission of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum May {
    Go,
    Wait,
    Spent,
    Limited,
    Blocked,
}

pub struct History<'a> {
    case: &'a Case,
    all: Vec<(u64, What)>,
}

impl<'a> History<'a> {
    pub fn new(case: &'a Case) -> Self {
        Self { case, all: Vec::new() }
    }

    pub fn note(&mut self, now: u64, what: What) {
        self.all.push((now, what));
    }

    /// The first wrong tries are free; the pause after the next is the first one, and each further one doubles it.
    pub fn pause(&self, who: Who, now: u64) -> u64 {
        let wrong = self.wrong(who, now);
        let Some(last) = wrong.last() else { return 0 };
        if wrong.len() < self.case.free_tries as usize {
            return 0;
        }
        let mut pause = self.case.first_pause;
        for _ in self.case.free_tries as usize..wrong.len() {
            pause = self.case.longest_pause.min(pause * 2);
        }
        (last + pause.min(self.case.longest_pause)).saturating_sub(now)
    }

    pub fn authorize_caller(&self, who: Who, now: u64) -> May {
        if let Some(why) = self.closed(now) {
            return why;
        }
        let rejected: Vec<Who> = self
            .all
            .iter()
            .filter(|(at, _)| now - at < HOUR)
            .filter_map(|(_, what)| if let What::Rejected(who) = what { Some(*who) } else { None })
            .collect();
        let under_way = self.under_way();
        let here = |pairs: &[Who]| pairs.iter().filter(|pair| pair.1 == who.1).count();

        // A third of the hour, rounded down, is for those who signed in before; a third, rounded up, is all that one
        // place may use of the rest.
        let all = self.case.rejected_per_hour as usize;
        let (most, most_here) = if self.signed_in_lately(who, now) {
            (all, all)
        } else {
            (all - all / 3, all / 3 + usize::from(!all.is_multiple_of(3)))
        };
        if rejected.len() >= most || here(&rejected) >= most_here {
            return May::Spent;
        }
        if rejected.len() + under_way.len() >= most || here(&rejected) + here(&under_way) >= most_here {
            return May::Wait;
        }
        let own = under_way.iter().filter(|pair| **pair == who).count();
        if own > 0 && own + self.wrong(who, now).len() >= self.case.free_tries as usize {
            return May::Wait;
        }
        May::Go
    }

    /// Whether a pair has signed in within thirty days.
    pub fn signed_in_lately(&self, who: Who, now: u64) -> bool {
        self.all.iter().any(|(at, what)| *what == What::Right(who) && now - at < 30 * DAY)
    }

    pub fn most_rejected_in_an_hour(&self) -> usize {
        let times: Vec<u64> =
            self.all.iter().filter(|(_, what)| matches!(what, What::Rejected(_))).map(|(at, _)| *at).collect();
        times
            .iter()
            .map(|start| times.iter().filter(|at| (*start..start + HOUR).contains(at)).count())
            .max()
            .unwrap_or(0)
    }

    /// When a pair's wrong tries were: those that no right one has followed, and that no day without a try lies behind.
    fn wrong(&self, who: Who, now: u64) -> Vec<u64> {
        let mut wrong: Vec<u64> = Vec::new();
        for (at, what) in &self.all {
            if wrong.last().is_some_and(|last| at - last >= DAY) || *what == What::Right(who) {
                wrong.clear();
            }
            if *what == What::Wrong(who) {
                wrong.push(*at);
            }
        }
        if wrong.last().is_some_and(|last| now - last >= DAY) {
            wrong.clear();
        }
        wrong
    }

    /// Why plex.tv is left alone. What ends last counts, and of two that end together the later one.
    fn closed(&self, now: u64) -> Option<May> {
        let mut latest: Option<(u64, May)> = None;
        for (at, what) in &self.all {
            let (end, why) = match what {
                What::Limited(span) => (at + span, May::Limited),
                What::Blocked => (at + self.case.blocked_pause, May::Blocked),
                _ => continue,
            };
            if latest.is_none_or(|(before, _)| end >= before) {
                latest = Some((end, why));
            }
        }
        latest.filter(|(end, _)| now < *end).map(|(_, why)| why)
    }

    fn under_way(&self) -> Vec<Who> {
        let mut under_way: Vec<Who> = Vec::new();
        for (_, what) in &self.all {
            match what {
                What::Went(who) => under_way.push(*who),
                What::Answered(who) => {
                    let done = under_way.iter().position(|pair| pair == who);
                    done.map(|done| under_way.remove(done));
                }
                What::Restart => under_way.clear(),
                _ => {}
            }
        }
        under_way
    }
}
