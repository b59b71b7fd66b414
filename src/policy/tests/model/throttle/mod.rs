//! The throttle against its model, in any sequence of events.

mod events;
mod history;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use policy::{Admission, AttemptKey, BootTime, BreakerOpen, Failures, Limits, Reason, Rejected, Throttle};
use proptest::test_runner::{TestCaseError, TestError};

use crate::tally::Tally;
use events::{Case, End, Event, Wait, cases};
use history::{History, May, What, Who};

const OFTEN: [&str; 14] = [
    "ask: Go",
    "ask: Wait",
    "ask: Spent",
    "ask: Limited",
    "ask: Blocked",
    "a pair signed in before",
    "end: Nothing",
    "end: Rejected",
    "end: Right",
    "end: Limited",
    "end: Blocked",
    "restart",
    "a pause",
    "a full hour",
];

#[test]
fn r19_r60_throttle_and_model_of_all_events_agree_at_every_step() {
    let mut runner = crate::runner(20_000);
    let tally = Tally::default();
    let outcome = runner.run(&cases(), |case| Run::new(&case, &tally).all().map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => panic!("{why}\n{case:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let cases = runner.config().cases;
    tally.print(cases);
    tally.demand(cases, 500, &OFTEN);
}

/// One sequence of events, as the throttle and its model take it.
struct Run<'a> {
    case: &'a Case,
    tally: &'a Tally,
    limits: Limits,
    throttle: Throttle,
    history: History<'a>,
    /// One throttle for each pair, which hears of nobody else.
    alone: BTreeMap<Who, Throttle>,
    /// Sign-ins that are under way.
    asking: Vec<Who>,
    /// State that a restart finds, as the throttle asked for it to be stored.
    tries: HashMap<AttemptKey, Failures>,
    rejected: Vec<Rejected>,
    closed: Option<BreakerOpen>,
    now: u64,
}

impl<'a> Run<'a> {
    fn new(case: &'a Case, tally: &'a Tally) -> Self {
        let limits = Limits {
            free_tries: case.free_tries,
            first_pause: Duration::from_millis(case.first_pause),
            longest_pause: Duration::from_millis(case.longest_pause),
            rejected_per_hour: case.rejected_per_hour,
            blocked_pause: Duration::from_millis(case.blocked_pause),
        };
        Self {
            throttle: Throttle::new(limits.clone(), HashMap::new(), Vec::new(), None),
            history: History::new(case),
            alone: BTreeMap::new(),
            asking: Vec::new(),
            tries: HashMap::new(),
            rejected: Vec::new(),
            closed: None,
            now: 0,
            case,
            tally,
            limits,
        }
    }

    fn all(mut self) -> Result<(), String> {
        for event in &self.case.events {
            self.step(*event)?;
            self.check_pauses()?;
        }
        let most = self.history.most_rejected_in_an_hour();
        if most > self.case.rejected_per_hour as usize {
            return Err(format!("{most} sign-ins were rejected within an hour"));
        }
        if most == self.case.rejected_per_hour as usize {
            self.tally.note("a full hour");
        }
        Ok(())
    }

    fn step(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Wait(wait) => {
                self.now += match wait {
                    Wait::For(span) => span,
                    Wait::Out(who) => self.history.pause(who, self.now),
                    Wait::AlmostOut(who) => self.history.pause(who, self.now).saturating_sub(1),
                };
            }
            Event::Admit(who) => self.ask(who)?,
            Event::Finish(which, end) if !self.asking.is_empty() => {
                let who = self.asking.remove(which % self.asking.len());
                self.answer(who, end);
            }
            Event::Finish(..) => {}
            Event::Wrong(who) => self.wrong(who),
            Event::Right(who) => self.right(who),
            Event::Restart => {
                self.tally.note("restart");
                // A daemon that ends hears none of the answers that were under way.
                self.asking.clear();
                self.history.note(self.now, What::Restart);
                let (tries, rejected) = (self.tries.clone(), self.rejected.clone());
                self.throttle = Throttle::new(self.limits.clone(), tries, rejected, self.closed);
            }
        }
        Ok(())
    }

    fn ask(&mut self, who: Who) -> Result<(), String> {
        let (said, expected) = (self.ask_plex(who), self.history.authorize_caller(who, self.now));
        let said = match said {
            Ok(Admission::Granted) => May::Go,
            Ok(Admission::Queued) => May::Wait,
            Err(Reason::BudgetSpent) => May::Spent,
            Err(Reason::RateLimited) => May::Limited,
            Err(Reason::AddressBlocked) => May::Blocked,
            Err(why) => return Err(format!("{who:?} at {}: {why:?}", self.now)),
        };
        self.tally.note(format!("ask: {said:?}"));
        if self.history.signed_in_lately(who, self.now) {
            self.tally.note("a pair signed in before");
        }
        if said != expected {
            return Err(format!("{who:?} asks at {}: the throttle says {said:?}, the model {expected:?}", self.now));
        }
        if said == May::Go {
            self.asking.push(who);
            self.history.note(self.now, What::Went(who));
        }
        Ok(())
    }

    /// The daemon's steps before it sends a password.
    fn ask_plex(&mut self, who: Who) -> Result<Admission, Reason> {
        match self.throttle.open_breaker(self.moment()) {
            Some(closed) => Err(closed.reason()),
            None => self.throttle.admit(&key(who), self.moment()),
        }
    }

    fn answer(&mut self, who: Who, end: End) {
        let end_of = format!("{end:?}");
        self.tally.note(format!("end: {}", end_of.split('(').next().unwrap_or_default()));
        let now = self.moment();
        match end {
            End::Nothing | End::Right => {}
            End::Rejected => {
                self.rejected.push(self.throttle.record_rejection(&key(who), now));
                self.history.note(self.now, What::Rejected(who));
            }
            End::Limited(span) => {
                self.closed = Some(self.throttle.rate_limited(Duration::from_millis(span), now));
                self.history.note(self.now, What::Limited(span));
            }
            End::Blocked => {
                self.closed = Some(self.throttle.address_blocked(now));
                self.history.note(self.now, What::Blocked);
            }
        }
        self.throttle.complete(&key(who));
        self.history.note(self.now, What::Answered(who));
        match end {
            End::Rejected => self.wrong(who),
            End::Right => self.right(who),
            End::Nothing | End::Limited(_) | End::Blocked => {}
        }
    }

    fn wrong(&mut self, who: Who) {
        let now = self.moment();
        self.tries.insert(key(who), self.throttle.record_failure(&key(who), now));
        self.alone(who).record_failure(&key(who), now);
        self.history.note(self.now, What::Wrong(who));
    }

    fn right(&mut self, who: Who) {
        let now = self.moment();
        self.tries.insert(key(who), self.throttle.record_success(&key(who), now));
        self.alone(who).record_success(&key(who), now);
        self.history.note(self.now, What::Right(who));
    }

    fn check_pauses(&mut self) -> Result<(), String> {
        for who in events::all() {
            let pause = self.throttle.backoff(&key(who), self.moment());
            let expected = Duration::from_millis(self.history.pause(who, self.now));
            if pause != expected {
                return Err(format!("{who:?} at {}: the pause is {pause:?}, the model's {expected:?}", self.now));
            }
            let now = self.moment();
            let alone = self.alone(who).backoff(&key(who), now);
            if pause != alone {
                return Err(format!("{who:?} at {}: {pause:?}, and {alone:?} without the others", self.now));
            }
            if !pause.is_zero() {
                self.tally.note("a pause");
            }
        }
        Ok(())
    }

    fn alone(&mut self, who: Who) -> &mut Throttle {
        let new = || Throttle::new(self.limits.clone(), HashMap::new(), Vec::new(), None);
        self.alone.entry(who).or_insert_with(new)
    }

    fn moment(&self) -> BootTime {
        BootTime::from_millis(0) + Duration::from_millis(self.now)
    }
}

fn key((account, origin): Who) -> AttemptKey {
    AttemptKey { account: account.into(), origin: origin.into() }
}
