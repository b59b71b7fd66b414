//! Measures the scenarios, in rounds: each round measures every way once, so that a disturbance concerns all of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::cost::{Cost, Memory};
use crate::machine::Machine;
use crate::scenario::{Before, OLD_LIST, Scenario, Throttle};
use crate::ways::Way;

/// Time for plex-authd to notice that a connection is closed, in addition to the round trip.
const NOTICED: Duration = Duration::from_millis(100);

/// Results of a scenario.
pub(crate) struct Measured {
    pub scenario: Scenario,
    /// Times in milliseconds by way, in the order of the rounds.
    pub times: BTreeMap<Way, Vec<f64>>,
    /// What the logins through the module cost together.
    pub cost: Cost,
    pub memory: Memory,
    /// The most tokens that were still valid a while after a burst.
    pub tokens: Option<u64>,
    /// Logins through the module, and those of them that failed.
    pub logins: usize,
    pub failed: usize,
}

/// Parameters of all rounds.
pub(crate) struct Rounds<'a> {
    /// A machine without cached passwords.
    pub fresh: &'a Machine,
    /// Tokens are counted so long after a burst.
    pub settled: Duration,
    /// Waits for the friend list to grow old where a scenario says so.
    pub waits: bool,
}

impl Measured {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let times = scenario.ways.iter().map(|way| (*way, Vec::new())).collect();
        let (cost, memory) = (Cost::default(), Memory::default());
        Self { scenario: scenario.clone(), times, cost, memory, tokens: None, logins: 0, failed: 0 }
    }

    pub(crate) fn times(&self, way: Way) -> &[f64] {
        self.times.get(&way).map_or(&[], Vec::as_slice)
    }
}

impl Rounds<'_> {
    /// One round of a scenario for which the machine is prepared.
    pub(crate) fn measure(&self, machine: &Machine, measured: &mut Measured) {
        let scenario = measured.scenario.clone();
        let Scenario { before, round_trip, together, typing, .. } = scenario;
        if before == Before::Gone && self.waits {
            wait_for_old_list(machine);
        }
        let others: Vec<Way> =
            scenario.ways.iter().copied().filter(|way| !matches!(way, Way::Plex | Way::Fresh)).collect();
        for (way, taken) in others.iter().zip(machine.log_in(&others, round_trip, together, typing)) {
            assert_eq!(taken.failed, 0, "{}", way.name());
            measured.times.entry(*way).or_default().push(taken.time);
        }
        if scenario.ways.contains(&Way::Fresh) {
            let taken = self.fresh.log_in(&[Way::Fresh], round_trip, together, typing)[0];
            self.fresh.wait_for_revocations();
            assert_eq!(taken.failed, 0, "{}", Way::Fresh.name());
            measured.times.entry(Way::Fresh).or_default().push(taken.time);
        }
        machine.wait_for_revocations();
        if before == Before::Gone {
            machine.plex().hang_up();
            std::thread::sleep(NOTICED + Duration::from_millis(round_trip));
        }
        self.measure_module(machine, measured);
    }

    /// The module alone: what happens at plex.tv and in plex-authd meanwhile is its cost.
    fn measure_module(&self, machine: &Machine, measured: &mut Measured) {
        let Scenario { round_trip, together, typing, throttle, before, .. } = measured.scenario;
        let counting = Cost::start(machine);
        let taken = machine.log_in(&[Way::Plex], round_trip, together, typing)[0];
        let end = Instant::now();
        assert!(taken.failed == 0 || throttle == Throttle::Default, "{taken:?}");
        measured.times.entry(Way::Plex).or_default().push(taken.time);
        if together > 1 && before != Before::Cached {
            std::thread::sleep(self.settled.saturating_sub(end.elapsed()));
            measured.tokens = measured.tokens.max(Some(machine.live_tokens()));
        }
        machine.wait_for_revocations();
        measured.cost.add(&counting, machine);
        measured.memory = Memory::of(machine);
        measured.logins += together;
        measured.failed += taken.failed;
    }
}

/// Waits until the friend list is older than [`OLD_LIST`]. It is refreshed when it is four minutes old, so it is never too old
/// for a login.
fn wait_for_old_list(machine: &Machine) {
    loop {
        let age = machine.list_age();
        if age > OLD_LIST {
            return;
        }
        std::thread::sleep(Duration::from_secs(OLD_LIST + 1 - age));
    }
}
