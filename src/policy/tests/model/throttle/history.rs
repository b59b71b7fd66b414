//! All events, from which every question is answered again.

use super::events::{Case, End};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// An account and the origin of an attempt.
pub type Who = (&'static str, &'static str);

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// A sign-in with this number was sent to plex.tv.
    Went(usize, Who),
    /// It is over.
    Finished(usize, End),
    /// A wrong guess at a cached password.
    Guessed(Who),
    /// A link code was requested.
    Code(Who),
    Wrong(Who),
    Right(Who),
    Limited(u64),
    CodesLimited(u64),
    Blocked,
    Restart,
}

/// Expected admission of a sign-in or a link code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum May {
    Go,
    Wait,
    Spent,
    SignInsSpent,
    CodesSpent,
    Limited,
    Blocked,
}

/// The share that a request draws on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Share {
    Strangers,
    KnownAccount,
    Service,
}

/// Something that draws on a budget: since when, by whom, on which share, and whether plex.tv decided nothing about it.
type Draw = (u64, Who, Share, bool);

/// The most requests within a period, and the users that count.
type Rule<'a> = (usize, u64, &'a dyn Fn(Who) -> bool);

/// A sign-in that was sent.
struct Sent {
    who: Who,
    share: Share,
    /// Position and time of its end; `None` while it is under way.
    end: Option<(usize, u64, End)>,
    /// The daemon ended before the answer.
    is_lost: bool,
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

    /// The first wrong tries are free; the pause after the next is the first one, and each further one doubles it. Where many
    /// people share an origin it ends at ten seconds.
    pub fn pause(&self, who: Who, now: u64) -> u64 {
        let wrong = self.wrong(who, now);
        let Some(last) = wrong.last() else { return 0 };
        if wrong.len() < self.case.free_tries as usize {
            return 0;
        }
        let longest = if is_service(who) { self.case.longest_pause.min(10 * SECOND) } else { self.case.longest_pause };
        let mut pause = self.case.first_pause;
        for _ in self.case.free_tries as usize..wrong.len() {
            pause = longest.min(pause * 2);
        }
        (last + pause.min(longest)).saturating_sub(now)
    }

    /// Whether a sign-in of this pair is sent.
    pub fn sign_in(&self, who: Who, now: u64) -> May {
        if let Some(why) = self.closed(now) {
            return why;
        }
        let guess = self.guess(who, now);
        if guess != May::Go {
            return guess;
        }
        // Each account has a number of sign-ins in each share, whatever their end. Without an answer they count for ten minutes.
        let share = self.share(who, self.all.len(), now);
        let is_counted = |sent: &Sent| sent.who.0 == who.0 && sent.share == share && !sent.is_lost;
        let of_share: Vec<Sent> = self.sent().into_iter().filter(is_counted).collect();
        let counts_for = |end: End| match end {
            End::Offline | End::Undecided | End::Limited(_) | End::Blocked => 10 * MINUTE,
            End::CodeRequired | End::Rejected | End::Right => HOUR,
        };
        let ended =
            of_share.iter().filter_map(|sent| sent.end).filter(|(_, at, end)| now - at < counts_for(*end)).count();
        let under_way = of_share.iter().filter(|sent| sent.end.is_none()).count();
        let most = (self.case.sign_ins_per_hour / self.case.hosts).max(2) as usize;
        if ended >= most {
            May::SignInsSpent
        } else if ended + under_way >= most {
            May::Wait
        } else {
            May::Go
        }
    }

    /// Whether a password of this pair is looked at, at plex.tv or in a cache.
    pub fn guess(&self, who: Who, now: u64) -> May {
        let under_way: Vec<Draw> = self
            .sent()
            .into_iter()
            .filter(|sent| sent.end.is_none() && !sent.is_lost)
            .map(|sent| (now, sent.who, sent.share, false))
            .collect();
        let drawn = self.drawn(now);
        match self.of_shares(self.case.rejected_per_hour, who, now, &drawn, &under_way) {
            May::Go => {
                let own = under_way.iter().filter(|(_, other, ..)| *other == who).count();
                let is_crowded = own > 0 && own + self.wrong(who, now).len() >= self.case.free_tries as usize;
                if is_crowded { May::Wait } else { May::Go }
            }
            other => other,
        }
    }

    /// Whether a link code is requested for this pair. What stops passwords stops codes.
    pub fn code(&self, who: Who, now: u64) -> May {
        if let Some(why) = self.closed(now) {
            return why;
        }
        let codes_closed = |(at, what): &(u64, What)| match what {
            What::CodesLimited(span) => now < at + demanded(*span),
            _ => false,
        };
        if self.all.iter().any(codes_closed) {
            return May::Limited;
        }
        let mut codes: Vec<Draw> = Vec::new();
        for (position, (at, what)) in self.all.iter().enumerate() {
            if let What::Code(who) = what
                && now - at < HOUR
            {
                codes.push((*at, *who, self.share(*who, position, *at), false));
            }
        }
        match self.of_shares(self.case.link_codes_per_hour, who, now, &codes, &[]) {
            May::Spent => May::CodesSpent,
            other => other,
        }
    }

    /// Two thirds of the number, rounded up, are for strangers, a third for one origin and a third for one account. A known
    /// account has a third of its own. So has an account at a service, of which a third, rounded up, within twenty minutes; only
    /// an hour's share is used up by what plex.tv did not decide. No share is smaller than two. All accounts at services together
    /// have twice the number, beyond two for each.
    /// Where several hosts share the number, each has its part: of a share that only its own user draws on, at least two, and of
    /// the others what the division leaves.
    fn of_shares(&self, number: u32, who: Who, now: u64, drawn: &[Draw], under_way: &[Draw]) -> May {
        let (number, hosts) = (number as usize, self.case.hosts as usize);
        let third = (number.div_ceil(3) / hosts).max(2);
        let share = self.share(who, self.all.len(), now);
        let count = |draws: &[Draw], period: u64, of_whom: &dyn Fn(Who) -> bool| {
            let in_time = |at: u64, undecided: bool| now - at < period && (period == HOUR || !undecided);
            let counts =
                |(at, other, of, undecided): &&Draw| *of == share && in_time(*at, *undecided) && of_whom(*other);
            draws.iter().filter(counts).count()
        };
        let (anyone, account, origin) = (|_: Who| true, |other: Who| other.0 == who.0, |other: Who| other.1 == who.1);
        let rules: Vec<Rule> = match share {
            Share::Strangers => {
                vec![((number - number / 3) / hosts, HOUR, &anyone), (third, HOUR, &account), (third, HOUR, &origin)]
            }
            Share::KnownAccount => vec![(third, HOUR, &account)],
            Share::Service => vec![(third, HOUR, &account), (third.div_ceil(3).max(2), 20 * MINUTE, &account)],
        };
        let mut rules = rules;
        if share == Share::Service && count(drawn, HOUR, &account) + count(under_way, HOUR, &account) >= 2 / hosts {
            rules.push((2 * number / hosts, HOUR, &anyone));
        }
        if rules.iter().any(|(most, period, of_whom)| count(drawn, *period, of_whom) >= *most) {
            return May::Spent;
        }
        let is_full = |most: usize, period: u64, of_whom: &dyn Fn(Who) -> bool| {
            count(drawn, period, of_whom) + count(under_way, period, of_whom) >= most
        };
        if rules.iter().any(|(most, period, of_whom)| is_full(*most, *period, of_whom)) { May::Wait } else { May::Go }
    }

    /// Whether a pair has signed in within thirty days.
    pub fn signed_in_lately(&self, who: Who, now: u64) -> bool {
        self.all.iter().any(|(at, what)| *what == What::Right(who) && now - at < 30 * DAY)
    }

    /// The most sign-ins of strangers that were rejected within any hour.
    pub fn most_rejected_in_an_hour(&self) -> usize {
        let mut times: Vec<u64> = Vec::new();
        for sent in self.sent() {
            if let (Share::Strangers, Some((_, at, End::Rejected))) = (sent.share, sent.end) {
                times.push(at);
            }
        }
        let of_hour = |start: &u64| times.iter().filter(|at| (*start..start + HOUR).contains(at)).count();
        times.iter().map(of_hour).max().unwrap_or(0)
    }

    /// The sign-ins that draw on the budget: those that did not end in a login.
    fn drawn(&self, now: u64) -> Vec<Draw> {
        let mut drawn = Vec::new();
        for sent in self.sent() {
            let Some((position, at, end)) = sent.end else { continue };
            // A login of the pair later on had those without a decision or a code as its steps.
            let led_to_login = || self.all.iter().skip(position).any(|(_, what)| *what == What::Right(sent.who));
            let counts_for = match end {
                End::Offline | End::Right => 0,
                End::Rejected => HOUR,
                _ if led_to_login() => 0,
                End::CodeRequired => HOUR,
                End::Undecided | End::Limited(_) | End::Blocked => 10 * MINUTE,
            };
            if now - at < counts_for {
                drawn.push((at, sent.who, sent.share, counts_for < HOUR));
            }
        }
        for (position, (at, what)) in self.all.iter().enumerate() {
            if let What::Guessed(who) = what
                && now - at < HOUR
            {
                drawn.push((*at, *who, self.share(*who, position, *at), false));
            }
        }
        drawn
    }

    /// The share that a pair draws on, by what had happened before this position.
    fn share(&self, who: Who, position: usize, now: u64) -> Share {
        let mut before = self.all.iter().take(position);
        if is_service(who) {
            Share::Service
        } else if before.any(|(at, what)| *what == What::Right(who) && now - at < 30 * DAY) {
            Share::KnownAccount
        } else {
            Share::Strangers
        }
    }

    fn sent(&self) -> Vec<Sent> {
        let went = |(position, (went_at, what)): (usize, &(u64, What))| {
            let What::Went(number, who) = *what else { return None };
            let mut sent = Sent { who, share: self.share(who, position, *went_at), end: None, is_lost: false };
            for (later, (at, what)) in self.all.iter().enumerate().skip(position) {
                match what {
                    What::Finished(ended, end) if *ended == number => {
                        sent.end = Some((later, *at, *end));
                        break;
                    }
                    What::Restart => {
                        sent.is_lost = true;
                        break;
                    }
                    _ => {}
                }
            }
            Some(sent)
        };
        self.all.iter().enumerate().filter_map(went).collect()
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
                What::Limited(span) => (at + demanded(*span), May::Limited),
                What::Blocked => (at + self.case.blocked_pause, May::Blocked),
                _ => continue,
            };
            if latest.is_none_or(|(before, _)| end >= before) {
                latest = Some((end, why));
            }
        }
        latest.filter(|(end, _)| now < *end).map(|(_, why)| why)
    }
}

/// The pause that plex.tv demands, followed from a second to a quarter of an hour.
fn demanded(span: u64) -> u64 {
    span.clamp(SECOND, 15 * MINUTE)
}

fn is_service(who: Who) -> bool {
    who.1.starts_with("service:")
}
