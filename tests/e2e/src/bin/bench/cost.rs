//! Cost of logins at plex.tv and in the daemon, counted while nothing else logs in.

use fakeplex::{Counters, Endpoint};

use crate::machine::Machine;

/// Sums over the logins of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    /// Requests that logins wait for.
    pub requests: u64,
    /// Reads of lists of people, which no login waits for while it has one that is fresh enough.
    pub lists: u64,
    /// Sign-outs, which happen after the login.
    pub sign_outs: u64,
    /// New connections to plex.tv.
    pub connections: u64,
    /// The daemon's processor time, including the sign-out's, in milliseconds.
    pub cpu: f64,
}

/// The daemon's memory, in kilobytes (`VmRSS`, `VmHWM` and `RssAnon` of proc(5)).
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Largest resident size so far.
    pub peak: u64,
    /// Resident and private: not backed by a file.
    pub own: u64,
}

/// The counts before some logins.
pub(crate) struct Counting {
    cpu: f64,
}

impl Cost {
    /// Starts to count.
    pub(crate) fn start(machine: &Machine) -> Counting {
        machine.plex().reset();
        Counting { cpu: cpu(machine) }
    }

    /// Adds what has happened since.
    pub(crate) fn add(&mut self, counting: &Counting, machine: &Machine) {
        let counters = machine.plex().counters();
        self.add_counters(&counters);
        self.cpu += cpu(machine) - counting.cpu;
    }

    fn add_counters(&mut self, counters: &Counters) {
        let sign_outs = counters.of(Endpoint::Signout);
        let lists = [Endpoint::SharedServers, Endpoint::Users, Endpoint::User, Endpoint::Home];
        let lists: u64 = lists.into_iter().map(|endpoint| counters.of(endpoint)).sum();
        self.requests += counters.total() - sign_outs - lists;
        self.lists += lists;
        self.sign_outs += sign_outs;
        self.connections += counters.connections;
    }
}

impl Memory {
    /// The daemon's memory now.
    pub(crate) fn of(machine: &Machine) -> Self {
        let status = machine.world.sh("cat /proc/$(pgrep -x plex-authd)/status").stdout;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
        };
        Self { resident: of("VmRSS"), peak: of("VmHWM"), own: of("RssAnon") }
    }
}

/// The daemon's processor time so far, in milliseconds.
fn cpu(machine: &Machine) -> f64 {
    let out = machine.world.sh("getconf CLK_TCK; cat /proc/$(pgrep -x plex-authd)/stat").stdout;
    let (ticks, stat) = out.split_once('\n').unwrap();
    // After the name, which ends with the last parenthesis, comes field 3; user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let used: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    float(used) * 1000.0 / ticks.parse::<f64>().unwrap()
}

/// A count as a floating-point number; small enough to be exact.
#[allow(clippy::cast_precision_loss, reason = "a count")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_no_login_waits_for_are_counted_apart() {
        let requests =
            [(Endpoint::Signin, 2), (Endpoint::Signout, 2), (Endpoint::SharedServers, 1), (Endpoint::Users, 1)];
        let counters = Counters { connections: 3, requests: requests.into(), ..Counters::default() };
        let mut cost = Cost::default();
        cost.add_counters(&counters);
        cost.add_counters(&counters);
        assert_eq!((cost.requests, cost.lists, cost.sign_outs, cost.connections), (4, 4, 4, 6));
    }
}
