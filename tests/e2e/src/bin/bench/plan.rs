//! The scenarios of a run: all of them, or a few in which nothing takes long.

use std::time::Duration;

use crate::scenario::{Before, Scenario, Throttle, USUAL_FRIENDS};
use crate::ways::{ALL, FEW, Way};

/// The parameters of a run. The targets are about scenarios with these parameters.
pub(crate) struct Plan {
    /// Round trips in milliseconds.
    pub round_trips: Vec<u64>,
    /// The one of them where one is enough, and not 0.
    pub distant: u64,
    /// Times from a prompt to its answer in milliseconds; the first one is 0.
    pub typing: [u64; 2],
    /// Numbers of logins at once: few, a burst, and as many as there are.
    pub at_once: [usize; 3],
    /// Number of friends in the largest world.
    pub many_friends: usize,
    /// Tokens are counted so long after a burst.
    pub settled: Duration,
    /// The friend list is older than [`crate::scenario::OLD_LIST`] where a scenario says so. Without it the run is quick, and
    /// its figures say nothing.
    pub is_real: bool,
}

impl Plan {
    /// All scenarios, in about ten minutes.
    pub(crate) fn full() -> Self {
        Self {
            round_trips: vec![0, 40, 100],
            distant: 40,
            typing: [0, 1000],
            at_once: [4, 16, 64],
            many_friends: 1000,
            settled: Duration::from_secs(2),
            is_real: true,
        }
    }

    /// One of each kind, in seconds.
    pub(crate) fn quick() -> Self {
        Self {
            round_trips: vec![10],
            distant: 10,
            typing: [0, 50],
            at_once: [2, 3, 4],
            many_friends: 120,
            settled: Duration::from_millis(250),
            is_real: false,
        }
    }

    /// Scenarios that begin as soon as the one before has ended.
    pub(crate) fn in_turn(&self) -> Vec<Scenario> {
        let [few, burst, most] = self.at_once;
        let usual = Scenario {
            before: Before::Warm,
            round_trip: 0,
            together: 1,
            typing: 0,
            friends: USUAL_FRIENDS,
            throttle: Throttle::Raised,
            rounds: 1,
            ways: ALL,
        };
        let mut all = Vec::new();
        all.push(Scenario { rounds: 60, ..usual.clone() });
        for (round_trip, rounds) in self.round_trips.iter().filter(|time| **time > 0).zip([30, 15]) {
            all.push(Scenario { round_trip: *round_trip, rounds, ..usual.clone() });
        }
        for (together, rounds) in [(few, 20), (burst, 10), (most, 5)] {
            all.push(Scenario { together, rounds, ..usual.clone() });
        }
        all.push(Scenario {
            round_trip: self.distant,
            together: most,
            throttle: Throttle::Default,
            rounds: 3,
            ways: FEW,
            ..usual.clone()
        });
        let cached = Scenario { before: Before::Cached, ..usual.clone() };
        all.push(Scenario { rounds: 60, ways: &[Way::Permit, Way::Unix, Way::Fresh, Way::Plex], ..cached.clone() });
        for (together, rounds) in [(burst, 15), (most, 8)] {
            all.push(Scenario { together, rounds, ways: &[Way::Permit, Way::Unix, Way::Plex], ..cached.clone() });
        }
        all.push(Scenario { friends: 1, rounds: 20, ways: FEW, ..usual.clone() });
        let crowds: &[(usize, usize)] = if self.is_real { &[(1, 20), (burst, 5), (most, 3)] } else { &[(burst, 1)] };
        for &(together, rounds) in crowds {
            all.push(Scenario { friends: self.many_friends, together, rounds, ways: FEW, ..usual.clone() });
        }
        let many_cached = Scenario { friends: self.many_friends, ways: &[Way::Permit, Way::Plex], ..cached };
        all.push(Scenario { together: burst, rounds: 5, ..many_cached });
        if !self.is_real {
            for scenario in &mut all {
                scenario.rounds = 1;
            }
        }
        all
    }

    /// Scenarios without a connection, each of which has to wait for the list to grow old before each round.
    pub(crate) fn gone(&self) -> Vec<Scenario> {
        let rounds = if self.is_real { 6 } else { 1 };
        let burst = self.at_once[1];
        let mut all = Vec::new();
        for &round_trip in &self.round_trips {
            for typing in self.typing {
                for together in [1, burst] {
                    // Whether a person types says nothing new about the others.
                    let ways = if typing == 0 { ALL } else { FEW };
                    let (before, friends, throttle) = (Before::Gone, USUAL_FRIENDS, Throttle::Raised);
                    all.push(Scenario { before, round_trip, together, typing, friends, throttle, rounds, ways });
                }
            }
        }
        let alike = all.iter().find(|scenario| scenario.round_trip == self.distant && scenario.together == burst);
        let many = alike.map(|scenario| Scenario { friends: self.many_friends, ways: FEW, ..scenario.clone() });
        all.into_iter().chain(many).collect()
    }
}
