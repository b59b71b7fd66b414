//! The targets, and how the results compare with them.

use crate::cost::float;
use crate::measure::Measured;
use crate::plan::Plan;
use crate::samples::{median, ratio};
use crate::scenario::{Before, Throttle, USUAL_FRIENDS, seconds};
use crate::ways::Way;

/// A target and the result.
pub(crate) struct Target {
    pub is_met: bool,
    pub what: String,
    pub result: String,
}

/// All targets of a run.
pub(crate) fn targets(plan: &Plan, all: &[Measured], module_size: u64) -> Vec<Target> {
    let results = Results { plan, all };
    let mut targets = Vec::new();
    for &round_trip in &plan.round_trips {
        targets.extend(results.time_of_one(round_trip));
        targets.extend(results.time_of_a_burst(round_trip));
    }
    targets.extend(results.cached());
    targets.extend(results.cost());
    targets.extend(results.size(module_size));
    targets
}

/// The results of a run.
struct Results<'a> {
    plan: &'a Plan,
    all: &'a [Measured],
}

fn target(is_met: bool, what: impl Into<String>, result: impl Into<String>) -> Target {
    Target { is_met, what: what.into(), result: result.into() }
}

impl Results<'_> {
    fn of(&self, before: Before, round_trip: u64, together: usize, typing: u64) -> &Measured {
        let found = self.all.iter().find(|measured| {
            let scenario = &measured.scenario;
            (scenario.before, scenario.round_trip, scenario.together) == (before, round_trip, together)
                && (scenario.typing, scenario.friends) == (typing, USUAL_FRIENDS)
                && scenario.throttle == Throttle::Raised
        });
        found.unwrap_or_else(|| panic!("{before:?}, {round_trip} ms, {together} at once: not measured"))
    }

    fn nearest(&self, before: Before, together: usize) -> &Measured {
        self.of(before, 0, together, 0)
    }

    /// Targets of one login at this round trip.
    fn time_of_one(&self, round_trip: u64) -> Vec<Target> {
        let [at_once, typed] = self.plan.typing;
        let warm = self.of(Before::Warm, round_trip, 1, 0);
        let gone = |typing| self.of(Before::Gone, round_trip, 1, typing);
        let as_warm = |measured: &Measured, state: &str| {
            let times = beyond(measured, float(round_trip));
            let over = ratio(&times, measured.times(Way::Permit));
            target(
                over <= 1.5,
                format!("{state}, {round_trip} ms: at most the round trip and 1.5 × pam_permit"),
                format!("the round trip and {over:.2} × pam_permit"),
            )
        };
        let over_cold = ratio(gone(at_once).times(Way::Plex), gone(at_once).times(Way::Cold));
        vec![
            as_warm(warm, "warm"),
            as_warm(gone(typed), &format!("connection gone, answered in {}", seconds(typed))),
            target(
                over_cold <= 1.15,
                format!("connection gone, answered at once, {round_trip} ms: at most 1.15 × the cold client"),
                format!("{over_cold:.2} ×"),
            ),
        ]
    }

    /// Targets of a burst without a connection at this round trip.
    fn time_of_a_burst(&self, round_trip: u64) -> Vec<Target> {
        let burst = self.plan.at_once[1];
        let targets = self.plan.typing.map(|typing| {
            let permit = median(self.of(Before::Gone, round_trip, 1, typing).times(Way::Permit));
            let time = median(self.of(Before::Gone, round_trip, burst, typing).times(Way::Plex));
            let limit = 4.0 * float(round_trip) + float(burst as u64) * permit;
            target(
                time <= limit,
                format!(
                    "{burst} at once, connection gone, answered in {}, {round_trip} ms: at most 4 round trips and {burst} × \
                     pam_permit",
                    seconds(typing)
                ),
                format!("{time:.0} ms of {limit:.0}"),
            )
        });
        targets.into()
    }

    fn cached(&self) -> Vec<Target> {
        let burst = self.plan.at_once[1];
        let (one, many) = (self.nearest(Before::Cached, 1), self.nearest(Before::Cached, burst));
        let over_fresh = ratio(one.times(Way::Plex), one.times(Way::Fresh));
        let throughput = ratio(many.times(Way::Permit), many.times(Way::Plex));
        let requests = one.cost.requests + many.cost.requests;
        vec![
            target(
                over_fresh <= 1.3,
                "cached: at most 1.3 × a login that is not, at network 0",
                format!("{over_fresh:.2} ×"),
            ),
            target(
                throughput >= 0.75,
                format!("cached, {burst} at once: at least 0.75 × pam_permit's throughput"),
                format!("{throughput:.2} ×"),
            ),
            target(requests == 0, "cached: no request", format!("{requests}")),
        ]
    }

    fn cost(&self) -> Vec<Target> {
        let (one, burst) = (self.nearest(Before::Warm, 1), self.plan.at_once[1]);
        let each = |sum: f64| sum / float(one.logins as u64);
        let (requests, connections) = (each(float(one.cost.requests)), each(float(one.cost.connections)));
        let cpu = each(one.cost.cpu);
        let under_script = ratio(one.times(Way::Script), one.times(Way::Plex));
        let many = self.nearest(Before::Warm, burst);
        let rate = float(burst as u64) * 1000.0 / median(many.times(Way::Plex));
        let tokens = self.all.iter().filter_map(|measured| measured.tokens).max().unwrap_or(u64::MAX);
        let settled = seconds(u64::try_from(self.plan.settled.as_millis()).unwrap_or(u64::MAX));
        vec![
            target(requests <= 1.0, "warm: at most one request that a login waits for", format!("{requests:.2}")),
            target(connections <= 0.02, "warm: no new connection", format!("{connections:.3}")),
            target(cpu <= 3.0, "warm: at most 3 ms of the daemon's processor time", format!("{cpu:.2} ms")),
            target(
                under_script >= 15.0,
                "warm: at least 15 times as fast as the script, at network 0",
                format!("{under_script:.1} times"),
            ),
            target(rate >= 400.0, format!("{burst} at once, warm: at least 400 logins a second"), format!("{rate:.0}")),
            target(tokens == 0, format!("no token is valid {settled} after a burst"), format!("{tokens}")),
        ]
    }

    fn size(&self, module_size: u64) -> Vec<Target> {
        let many = self.plan.many_friends;
        let crowded = self.all.iter().filter(|measured| measured.scenario.friends == many);
        let resident = float(crowded.map(|measured| measured.memory.resident).max().unwrap_or(u64::MAX)) / 1024.0;
        let module = float(module_size) / 1024.0;
        vec![
            target(
                resident <= 12.0,
                format!("at most 12 MB of the daemon resident, with {many} friends, after any scenario"),
                format!("{resident:.1} MB"),
            ),
            target(module <= 400.0, "pam_plex.so of at most 400 KB", format!("{module:.0} KB")),
        ]
    }
}

/// Times of the module beyond this time, in milliseconds.
fn beyond(measured: &Measured, time: f64) -> Vec<f64> {
    measured.times(Way::Plex).iter().map(|took| took - time).collect()
}
