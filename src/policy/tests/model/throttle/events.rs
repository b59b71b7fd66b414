//! Sequences of events: few pairs and small numbers, so that every bound is reached; waits that end right at them.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;

use super::history::Who;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const MONTH: u64 = 30 * DAY;

const ACCOUNTS: [&str; 3] = ["alice", "bob", "carol"];
const ORIGINS: [&str; 5] = ["192.0.2.1", "203.0.113.9", "198.51.100.7", "local:bob", "service:radiusd"];

/// The owner's numbers, and what happens.
#[derive(Debug, Clone)]
pub struct Case {
    pub free_tries: u32,
    pub first_pause: u64,
    pub longest_pause: u64,
    pub rejected_per_hour: u32,
    pub sign_ins_per_hour: u32,
    pub link_codes_per_hour: u32,
    pub blocked_pause: u64,
    pub hosts: u32,
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Copy)]
pub enum Event {
    Wait(Wait),
    /// A pair wants to ask plex.tv.
    Admit(Who),
    /// One of the sign-ins that are under way ends.
    Finish(usize, End),
    /// A wrong guess at a cached password.
    WrongGuess(Who),
    /// A pair wants a link code.
    Code(Who),
    /// plex.tv refuses link codes for so long.
    CodesLimited(u64),
    /// A wrong try that plex.tv had nothing to do with.
    Wrong(Who),
    /// A right one, likewise.
    Right(Who),
    Restart,
}

#[derive(Debug, Clone, Copy)]
pub enum Wait {
    For(u64),
    /// Until a pair's pause is over.
    Out(Who),
    AlmostOut(Who),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// No answer, and the password is the cached one.
    Offline,
    Undecided,
    CodeRequired,
    Rejected,
    Right,
    Limited(u64),
    Blocked,
}

pub fn all() -> impl Iterator<Item = Who> {
    ACCOUNTS.into_iter().flat_map(|account| ORIGINS.into_iter().map(move |origin| (account, origin)))
}

pub fn cases() -> impl Strategy<Value = Case> {
    let limits = (
        1..4_u32,
        select(&[1_000, 2_500][..]),
        select(&[1_000, 6_000, HOUR][..]),
        // Small numbers, so that all three are reached in one case.
        (prop_oneof![3..5_u32, 3..10_u32], prop_oneof![Just(0_u32), 0..6_u32], 3..10_u32),
        select(&[60_000, DAY][..]),
        prop_oneof![4 => Just(1_u32), 1 => 2..4_u32],
    );
    (limits, vec(event(), 0..120)).prop_map(|((free, first, longest, numbers, blocked, hosts), events)| Case {
        free_tries: free,
        first_pause: first,
        longest_pause: longest.max(first),
        rejected_per_hour: numbers.0,
        sign_ins_per_hour: numbers.0 + numbers.1,
        link_codes_per_hour: numbers.2,
        blocked_pause: blocked,
        hosts,
        events,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let end = prop_oneof![
        6 => Just(End::Offline),
        4 => Just(End::Undecided),
        4 => Just(End::CodeRequired),
        16 => Just(End::Rejected),
        10 => Just(End::Right),
        1 => select(&[60_000, 0, 1, 1_000, HOUR][..]).prop_map(End::Limited),
        1 => Just(End::Blocked),
    ];
    prop_oneof![
        20 => who().prop_map(Event::Admit),
        16 => (0..8_usize, end).prop_map(|(which, end)| Event::Finish(which, end)),
        6 => wait().prop_map(Event::Wait),
        4 => who().prop_map(Event::Wrong),
        2 => who().prop_map(Event::Right),
        2 => who().prop_map(Event::WrongGuess),
        6 => who().prop_map(Event::Code),
        1 => select(&[60_000, 0, 1_000, HOUR][..]).prop_map(Event::CodesLimited),
        1 => Just(Event::Restart),
    ]
}

fn wait() -> impl Strategy<Value = Wait> {
    let short = select(&[1, 500, 1_000, 60_000, 599_999, 600_000, 1_199_999, 1_200_000][..]);
    let long = select(&[HOUR, HOUR - 1, DAY, DAY - 1, MONTH, MONTH - 1, MONTH - DAY][..]);
    prop_oneof![
        6 => short.prop_map(Wait::For),
        2 => long.prop_map(Wait::For),
        2 => who().prop_map(Wait::Out),
        2 => who().prop_map(Wait::AlmostOut),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    let account = prop_oneof![2 => Just(ACCOUNTS[0]), 1 => select(&ACCOUNTS[..])];
    let origin = prop_oneof![2 => Just(ORIGINS[0]), 1 => select(&ORIGINS[..])];
    (account, origin)
}
