//! The throttle against its model, in any sequence of events.

mod events;
mod history;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use policy::{
    Admission, AttemptKey, BootTime, BreakerOpen, Counted, Ending, Entry, Failures, Hold, Lane, Limits, Reason,
    Recorded, SavedLimits, SignInResponse, Throttle, Ticket,
};
use proptest::test_runner::{TestCaseError, TestError};

use crate::tally::Tally;
use events::{Case, End, Event, Wait, cases};
use history::{History, May, What, Who};

const OFTEN: [&str; 23] = [
    "ask: Go",
    "ask: Wait",
    "ask: Spent",
    "ask: Limited",
    "ask: Blocked",
    "ask: SignInsSpent",
    "guess: Go",
    "guess: Spent",
    "code: Go",
    "code: CodesSpent",
    "code: Limited",
    "code: Blocked",
    "a pair signed in before",
    "end: Offline",
    "end: Undecided",
    "end: CodeRequired",
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
    let mut runner = crate::runner(10_000);
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
    asking: Vec<(usize, Who, Ticket)>,
    number: usize,
    /// State that a restart finds, as the throttle asked for it to be stored.
    tries: HashMap<AttemptKey, Failures>,
    entries: Vec<Entry>,
    closed: Option<BreakerOpen>,
    codes_closed: Option<BreakerOpen>,
    now: u64,
}

impl<'a> Run<'a> {
    fn new(case: &'a Case, tally: &'a Tally) -> Self {
        let limits = Limits {
            free_tries: case.free_tries,
            first_pause: Duration::from_millis(case.first_pause),
            longest_pause: Duration::from_millis(case.longest_pause),
            rejected_per_hour: case.rejected_per_hour,
            sign_ins_per_hour: case.sign_ins_per_hour,
            link_codes_per_hour: case.link_codes_per_hour,
            blocked_pause: Duration::from_millis(case.blocked_pause),
            hosts: case.hosts,
        };
        Self {
            throttle: Throttle::new(limits.clone(), SavedLimits::default()),
            history: History::new(case),
            alone: BTreeMap::new(),
            asking: Vec::new(),
            number: 0,
            tries: HashMap::new(),
            entries: Vec::new(),
            closed: None,
            codes_closed: None,
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
        let (most, all) = (self.history.most_rejected_in_an_hour(), self.case.rejected_per_hour as usize);
        let strangers = (all - all / 3) / self.case.hosts as usize;
        if most > strangers {
            return Err(format!("{most} sign-ins of strangers were rejected within an hour"));
        }
        if most > 0 && most == strangers {
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
                let (number, who, ticket) = self.asking.remove(which % self.asking.len());
                self.answer(number, who, ticket, end);
            }
            Event::Finish(..) => {}
            Event::WrongGuess(who) => self.guess(who)?,
            Event::Code(who) => self.code(who)?,
            Event::CodesLimited(span) => {
                self.codes_closed =
                    Some(self.throttle.codes_rate_limited(Some(Duration::from_millis(span)), self.moment()));
                self.history.note(self.now, What::CodesLimited(span));
            }
            Event::Wrong(who) => self.wrong(who),
            Event::Right(who) => self.right(who),
            Event::Restart => {
                self.tally.note("restart");
                // A daemon that ends hears none of the answers that were under way.
                self.asking.clear();
                self.history.note(self.now, What::Restart);
                let saved = SavedLimits {
                    failures: self.tries.clone(),
                    entries: self.entries.clone(),
                    breaker: self.closed,
                    link_breaker: self.codes_closed,
                };
                self.throttle = Throttle::new(self.limits.clone(), saved);
            }
        }
        Ok(())
    }

    /// The daemon's steps before it sends a password.
    fn ask(&mut self, who: Who) -> Result<(), String> {
        let expected = self.history.sign_in(who, self.now);
        let said = match self.throttle.open_breaker(self.moment()) {
            Some(closed) => Err(closed.reason()),
            None => self.throttle.admit(&key(who), self.moment()),
        };
        let (said, ticket) = match said {
            Err(why) => (self.refusal(&why)?, None),
            Ok(None) => (May::Wait, None),
            Ok(Some(ticket)) => match self.throttle.start_sign_in(ticket, Lane::Known, false, self.moment()) {
                Ok(Admission::Granted) => (May::Go, Some(ticket)),
                not_sent => {
                    let stored = self.throttle.settle(ticket, Ending::Undecided, self.moment());
                    if stored.is_some() {
                        return Err("what was not sent counts".into());
                    }
                    match not_sent {
                        Ok(_) => (May::Wait, None),
                        Err(Hold::SignInsSpent) => (May::SignInsSpent, None),
                        Err(Hold::BackingOff(_)) => return Err("a back-off".into()),
                    }
                }
            },
        };
        self.agree("ask", who, said, expected)?;
        if self.history.signed_in_lately(who, self.now) {
            self.tally.note("a pair signed in before");
        }
        if let Some(ticket) = ticket {
            self.number += 1;
            self.asking.push((self.number, who, ticket));
            self.history.note(self.now, What::Went(self.number, who));
        }
        Ok(())
    }

    fn guess(&mut self, who: Who) -> Result<(), String> {
        let expected = self.history.guess(who, self.now);
        let (said, ticket) = match self.throttle.admit(&key(who), self.moment()) {
            Ok(ticket) => (if ticket.is_some() { May::Go } else { May::Wait }, ticket),
            Err(why) => (self.refusal(&why)?, None),
        };
        self.agree("guess", who, said, expected)?;
        if let Some(ticket) = ticket {
            self.entries.extend(self.throttle.settle(ticket, Ending::Rejected, self.moment()));
            self.history.note(self.now, What::Guessed(who));
            self.wrong(who);
        }
        Ok(())
    }

    fn code(&mut self, who: Who) -> Result<(), String> {
        let expected = self.history.code(who, self.now);
        let said = match self.throttle.admit_code(&key(who), self.moment()) {
            Ok(entry) => {
                self.entries.push(entry);
                May::Go
            }
            Err(why) => self.refusal(&why)?,
        };
        self.agree("code", who, said, expected)?;
        if said == May::Go {
            self.history.note(self.now, What::Code(who));
        }
        Ok(())
    }

    fn refusal(&self, why: &Reason) -> Result<May, String> {
        Ok(match why {
            Reason::BudgetSpent => May::Spent,
            Reason::LinkCodesSpent => May::CodesSpent,
            Reason::RateLimited => May::Limited,
            Reason::AddressBlocked => May::Blocked,
            why => return Err(format!("at {}: {why:?}", self.now)),
        })
    }

    fn agree(&self, what: &str, who: Who, said: May, expected: May) -> Result<(), String> {
        self.tally.note(format!("{what}: {said:?}"));
        if said == expected {
            return Ok(());
        }
        Err(format!("{what} {who:?} at {}: the throttle says {said:?}, the model {expected:?}", self.now))
    }

    fn answer(&mut self, number: usize, who: Who, ticket: Ticket, end: End) {
        let end_of = format!("{end:?}");
        self.tally.note(format!("end: {}", end_of.split('(').next().unwrap_or_default()));
        let now = self.moment();
        let ending = match end {
            End::Offline => Ending::Nothing,
            End::Undecided => Ending::Undecided,
            End::CodeRequired => Ending::CodeRequired,
            End::Rejected => Ending::Rejected,
            End::Right => Ending::Accepted,
            End::Limited(span) => {
                self.closed = Some(self.throttle.rate_limited(Some(Duration::from_millis(span)), now));
                self.history.note(self.now, What::Limited(span));
                Ending::Undecided
            }
            End::Blocked => {
                self.closed = Some(self.throttle.address_blocked(now));
                self.history.note(self.now, What::Blocked);
                Ending::Undecided
            }
        };
        self.throttle.end_sign_in(Lane::Known, SignInResponse::Uncounted, now);
        self.entries.extend(self.throttle.settle(ticket, ending, now));
        self.history.note(self.now, What::Finished(number, end));
        match end {
            End::Rejected => self.wrong(who),
            End::Right | End::Offline => self.right(who),
            End::CodeRequired | End::Undecided | End::Limited(_) | End::Blocked => {}
        }
    }

    fn wrong(&mut self, who: Who) {
        let now = self.moment();
        let Recorded { failures, .. } = self.throttle.record_failure(&key(who), now);
        self.tries.insert(key(who), failures);
        self.alone(who).record_failure(&key(who), now);
        self.history.note(self.now, What::Wrong(who));
    }

    fn right(&mut self, who: Who) {
        let now = self.moment();
        let Recorded { failures, .. } = self.throttle.record_success(&key(who), now);
        self.tries.insert(key(who), failures);
        if self.throttle.take_back(&key(who)) {
            for entry in self.entries.iter_mut().filter(|entry| entry.key == key(who)) {
                entry.counted = match entry.counted {
                    Counted::CodeRequired => Counted::FirstStep,
                    Counted::Undecided => Counted::Offline,
                    other => other,
                };
            }
        }
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
        let new = || Throttle::new(self.limits.clone(), SavedLimits::default());
        self.alone.entry(who).or_insert_with(new)
    }

    fn moment(&self) -> BootTime {
        BootTime::from_millis(0) + Duration::from_millis(self.now)
    }
}

fn key((account, origin): Who) -> AttemptKey {
    AttemptKey { account: account.into(), origin: origin.into() }
}
