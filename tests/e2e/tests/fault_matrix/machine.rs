//! A private machine on which one step of a login has each fault in turn.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use e2e::{Code, DEN, World};
use fakeplex::{Connections, Endpoint, Fault};

use crate::fault::{self, Strike};
use crate::login::until;
use crate::step::Step;

/// The daemon's time limit for its requests, with tolerance for a busy machine.
const LATEST: Duration = Duration::from_secs(2 + 2);

/// A hanging list request is abandoned after the login's time limit, and repeated a second later. Until then logins are refused,
/// with a delay as long as the request, in steps of 500 ms; only the next one succeeds.
const HANGING_LIST: Duration = Duration::from_millis(2000 + 1000 + 2500 + 2000);

/// The same for failures that are immediate or take the one second that a connection may take.
const LIST: Duration = Duration::from_millis(1000 + 1000 + 1500 + 2000);

/// For steps without a list to wait for.
const AT_ONCE: Duration = Duration::from_secs(2);

/// An address without a name server; the one at 127.0.0.1 never answers.
pub const NOBODY: &str = "127.0.0.2";

/// Result of one cell of the matrix.
pub struct Cell {
    pub fault: &'static str,
    pub code: Code,
    pub took: Duration,
    /// Time from the removal of the fault to the first login that plex.tv confirms.
    pub mended: Duration,
    /// Failed expectations.
    pub wrong: Vec<String>,
}

pub struct Machine {
    pub world: World,
    pub step: Step,
    pub cache: bool,
    /// Number of logins so far; each has an address of its own.
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

    /// Runs every fault, one after the other.
    pub fn run(self) -> Vec<Cell> {
        assert_eq!(self.login("alice").code, Code::SUCCESS);
        // Shutdown waits until the password is in the cache, if it is to be cached.
        self.restart(&self.address(".pms.Den"));
        let port = self.address("").rsplit_once(':').unwrap().1.to_owned();
        let (answers, connections): (Vec<_>, Vec<_>) = fault::all(&format!("https://plex.tv:{port}/api/v2/ping"))
            .into_iter()
            .partition(|(_, strike)| strike.is_answer());
        let mut cells: Vec<_> = answers.iter().map(|(name, strike)| self.cell(name, strike)).collect();
        // From here on no connection is kept, so that every request opens one.
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
        let expected =
            self.step.right(strike, cached) == right.code && right.log.contains(self.reason(strike, right.code));
        must(expected && right.took < LATEST, &format!("right password: {right:?}"));
        let expected = wrong.as_ref().map(|wrong| wrong.code) == self.step.wrong(strike);
        must(expected && wrong.as_ref().is_none_or(|wrong| wrong.took < LATEST), &format!("wrong password: {wrong:?}"));
        must(self.world.account("alice") == Code::SUCCESS, "account phase");
        if self.step == Step::SignOut && !strike.is_success_by_status() && !self.step.is_spared(strike) {
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

    /// Time after the removal of a fault during which a login may still be affected.
    fn recovery(&self, strike: &Strike) -> Duration {
        let hangs = matches!(strike, Strike::Answer(Fault::Silence | Fault::Drip));
        match (self.step.is_list(), hangs || matches!(strike, Strike::Connection(Connections::Silence))) {
            (true, true) => HANGING_LIST,
            (true, false) => LIST,
            (false, _) => AT_ONCE,
        }
    }

    /// Reason in the log of a verdict during the fault.
    fn reason(&self, strike: &Strike, code: Code) -> &'static str {
        match (self.step, code) {
            _ if self.step.is_spared(strike) => self.whole(),
            (Step::Server, _) => "plex.tv alone accepted the sign-in",
            (Step::SignOut, _) => "plex.tv accepted the sign-in",
            (_, Code::SUCCESS) => "cached password, since plex.tv was not available",
            _ => "unavailable",
        }
    }

    /// Reason in the log without a fault.
    fn whole(&self) -> &'static str {
        if self.step == Step::Server {
            "plex.tv and the media server accepted the sign-in"
        } else {
            "plex.tv accepted the sign-in"
        }
    }
}
