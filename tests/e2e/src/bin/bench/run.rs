//! A run: the machines, and the order of the scenarios on them.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::machine::Machine;
use crate::measure::{Measured, Rounds};
use crate::page::Limits;
use crate::plan::Plan;
use crate::samples::median;
use crate::scenario::{Before, Scenario, Throttle};
use crate::ways::Way;

/// Results of a run.
pub(crate) struct Run {
    pub measured: Vec<Measured>,
    pub limits: Limits,
    /// Size of the module's file in bytes.
    pub module_size: u64,
}

/// Measures all scenarios. `None` where there are no private machines.
pub(crate) fn run(plan: &Plan) -> Option<Run> {
    let in_turn = plan.in_turn();
    let first = &in_turn[0];
    let fresh = Machine::new(first.friends)?;
    fresh.check(first);
    let rounds = Rounds { fresh: &fresh, settled: plan.settled, waits: plan.is_real };
    let mut machines = Machines::default();
    let mut measured = Vec::new();
    for scenario in in_turn {
        // A machine that has already counted sign-ins would reach the defaults.
        let is_limited = scenario.throttle == Throttle::Default;
        let machine =
            if is_limited { Rc::new(Machine::new(scenario.friends)?) } else { machines.of(scenario.friends)? };
        measured.extend(measure(&rounds, vec![(machine, scenario)]));
    }
    let gone = plan.gone();
    if plan.is_real {
        // Side by side, each on a machine of its own, so that the waits for their lists to grow old overlap.
        drop(machines);
        let machines: Option<Vec<_>> =
            gone.iter().map(|scenario| Machine::new(scenario.friends).map(Rc::new)).collect();
        measured.extend(measure(&rounds, machines?.into_iter().zip(gone).collect()));
    } else {
        for scenario in gone {
            measured.extend(measure(&rounds, vec![(machines.of(scenario.friends)?, scenario)]));
        }
    }
    // Last: this restarts the daemon.
    let limits = |throttle| {
        fresh.prepare(&Scenario {
            before: Before::Warm,
            throttle,
            ways: &[Way::Fresh],
            together: 1,
            ..measured[0].scenario.clone()
        });
        fresh.limits()
    };
    let limits = Limits { raised: limits(Throttle::Raised), default: limits(Throttle::Default) };
    let module_size = fresh.world.sh(&format!("stat -c %s {}", fresh.world.module("pam_plex"))).stdout;
    Some(Run { measured, limits, module_size: module_size.trim().parse().unwrap() })
}

/// Machines by their number of friends. Scenarios in turn share them.
#[derive(Default)]
struct Machines(BTreeMap<usize, Rc<Machine>>);

impl Machines {
    fn of(&mut self, friends: usize) -> Option<Rc<Machine>> {
        if let Some(machine) = self.0.get(&friends) {
            return Some(Rc::clone(machine));
        }
        let machine = Rc::new(Machine::new(friends)?);
        self.0.insert(friends, Rc::clone(&machine));
        Some(machine)
    }
}

/// Measures scenarios, each on its machine, one round of each in turn.
fn measure(rounds: &Rounds, scenarios: Vec<(Rc<Machine>, Scenario)>) -> Vec<Measured> {
    let mut all = Vec::new();
    for (machine, scenario) in scenarios {
        machine.prepare(&scenario);
        all.push((machine, Measured::new(&scenario)));
    }
    let most = all.iter().map(|(_, measured)| measured.scenario.rounds).max().unwrap_or(0);
    for round in 0..most {
        for (machine, measured) in all.iter_mut().filter(|(_, measured)| round < measured.scenario.rounds) {
            rounds.measure(machine, measured);
        }
    }
    let measured: Vec<Measured> = all.into_iter().map(|(_, measured)| measured).collect();
    measured.iter().for_each(show);
    measured
}

/// Tells a person who waits how far the run is.
fn show(measured: &Measured) {
    let times = measured.times.iter().map(|(way, times)| format!("{} {:.1}", way.name(), median(times)));
    println!("{}: {} ms", measured.scenario.name(), times.collect::<Vec<_>>().join(", "));
}
