//! A private machine on which one step goes wrong in every way.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use e2e::{Code, DEN, World};
use fakeplex::{Connections, Endpoint, Fault};

use crate::fault::{self, Strike};
use crate::login::until;
use crate::step::Step;

/// What the daemon is given for its requests, and what it may take beyond them on a busy machine.
const LATEST: Duration = Duration::from_secs(2 + 2);

/// A list that hangs is given up as a login is, and one that failed is asked for again a second later.
const HANGING_LIST: Duration = Duration::from_secs(2 + 1 + 2);

/// The same where the failure came at once, or in the second that a connection may take.
const LIST: Duration = Duration::from_secs(1 + 2);

/// Where there is no list to wait for.
const AT_ONCE: Duration = Duration::from_secs(2);

/// An address at which there is no name server; at 127.0.0.1 there is one that says nothing.
pub const NOBODY: &str = "127.0.0.2";

/// One cell of the matrix, as it turned out.
pub struct Cell {
    pub fault: &'static str,
    pub code: Code,
    pub took: Duration,
    /// How long after the mend a login was right again, by plex.tv's own word.
    pub mended: Duration,
    /// What was not as it should be.
    pub wrong: Vec<String>,
}

pub struct Machine {
    pub world: World,
    pub step: Step,
    pub cache: bool,
    /// How many logins there have been; each comes from an address of its own.
    pub logins: AtomicU32,
}

impl Machine {
    pub fn start(step: Step, cache: bool) -> Option<Self> {
        let world = World::new()?;
        world.add_user("alice", true, None);
        let machine = Self { world, step, cache, logins: AtomicU32::new(0) };
        machine.world.sh("rm -f /etc/resolv.conf");
        machine.names(true, NOBODY);
        machine.world.start_plex(DEN);
        machine.world.start(&["socat", "-u", "UDP-RECV:53,bind=127.0.0.1", "/dev/null"]);
        machine.world.start(&["socat", "-u", "TCP-LISTEN:1111,fork,reuseaddr", "/dev/null"]);
        machine.world.start_authd(&step.config(&machine.world, cache, &machine.address(".pms.Den")));
        Some(machine)
    }

    /// Every fault, one after the other.
    pub fn run(self) -> Vec<Cell> {
        assert_eq!(self.login("alice").code, Code::SUCCESS);
        // Its end waits until the password has been remembered, if it is to be.
        self.restart(&self.address(".pms.Den"));
        let port = self.address("").rsplit_once(':').unwrap().1.to_owned();
        let (answers, connections): (Vec<_>, Vec<_>) = fault::all(&format!("https://plex.tv:{port}/api/v2/ping"))
            .into_iter()
            .partition(|(_, strike)| strike.is_answer());
        let mut cells: Vec<_> = answers.iter().map(|(name, strike)| self.cell(name, strike)).collect();
        // No connection is left over from here on, so that every request makes one.
        self.clear_faults(true);
        self.restart(&self.address(".pms.Den"));
        cells.extend(connections.iter().map(|(name, strike)| self.cell(name, strike)));
        self.world.assert_no_secret_leaked();
        cells
    }

    fn cell(&self, fault: &'static str, strike: &Strike) -> Cell {
        let complaints = self.complaints();
        self.world.plex().reset();
        self.strike(strike);
        let pid = self.pid();
        let (right, wrong) = self.try_both(strike);
        let mut cell = Cell { fault, code: right.code, took: right.took, mended: Duration::ZERO, wrong: Vec::new() };
        let mut must = |holds: bool, what: &str| {
            if !holds {
                cell.wrong.push(what.to_owned());
            }
        };
        let cached = self.cache && strike.is_unreachable();
        let expected = self.step.right(cached) == right.code && right.log.contains(self.reason(right.code));
        must(expected && right.took < LATEST, &format!("right password: {right:?}"));
        let expected = wrong.as_ref().map(|wrong| wrong.code) == self.step.wrong();
        must(expected && wrong.as_ref().is_none_or(|wrong| wrong.took < LATEST), &format!("wrong password: {wrong:?}"));
        must(self.world.account("alice") == Code::SUCCESS, "account phase");
        if self.step == Step::SignOut && !strike.is_success_by_status() {
            let complained = until(Duration::from_secs(13), || self.complaints() > complaints);
            must(complained.is_some(), "nothing was wrong at the sign-out");
        }
        must(pid == self.pid(), "plex-authd is another");
        self.unstrike(strike);
        let pid = self.pid();
        let mended = until(self.recovery(strike), || self.login("alice").log.contains(self.whole()));
        must(mended.is_some(), "not right in time after the mend");
        must(pid == self.pid(), "plex-authd is another");
        must(self.world.plex().counters().of(Endpoint::Ping) == 0, "a redirect was followed");
        Cell { mended: mended.unwrap_or_default(), ..cell }
    }

    /// How long after a mend a login may still go by what was wrong.
    fn recovery(&self, strike: &Strike) -> Duration {
        let hangs = matches!(strike, Strike::Answer(Fault::Silence | Fault::Drip));
        match (self.step.is_list(), hangs || matches!(strike, Strike::Connection(Connections::Silence))) {
            (true, true) => HANGING_LIST,
            (true, false) => LIST,
            (false, _) => AT_ONCE,
        }
    }

    /// What the log says of a verdict in the middle of a fault.
    fn reason(&self, code: Code) -> &'static str {
        match (self.step, code) {
            (Step::Server, _) => "plex.tv alone says yes",
            (Step::SignOut, _) => "plex.tv says yes",
            (_, Code::SUCCESS) => "remembered, since plex.tv could not be asked",
            _ => "unavailable",
        }
    }

    /// What the log says when nothing is wrong.
    fn whole(&self) -> &'static str {
        if self.step == Step::Server { "plex.tv and the media server say yes" } else { "plex.tv says yes" }
    }
}
