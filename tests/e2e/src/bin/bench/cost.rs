//! Cost of a login at plex.tv and in the daemon, counted while nothing else logs in.

use std::time::{Duration, Instant};

use e2e::World;
use fakeplex::Endpoint;

use crate::peers::{PLEX, Peer, measure};

/// Time limit for the sign-outs to finish.
const CATCH_UP: Duration = Duration::from_secs(30);

/// Average cost of one login.
#[derive(Debug)]
pub(crate) struct Cost {
    /// Requests that the login waits for.
    pub requests: f64,
    /// Sign-outs, which happen after the login.
    pub sign_outs: f64,
    /// New connections to plex.tv.
    pub connections: f64,
    /// The daemon's processor time, including the sign-out's, in milliseconds.
    pub cpu: f64,
}

/// The daemon's memory, in kilobytes (`VmRSS`, `VmHWM` and `RssAnon` of proc(5)).
#[derive(Debug)]
pub(crate) struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Largest resident size so far.
    pub peak: u64,
    /// Resident and private: not backed by a file.
    pub own: u64,
}

/// Counts over `rounds` × `together` logins through the module.
pub(crate) fn count(world: &World, peers: &[Peer], rounds: usize, together: usize) -> Cost {
    let plex: Vec<Peer> = peers.iter().filter(|peer| peer.service == PLEX).cloned().collect();
    signed_out(world);
    world.plex().reset();
    let before = cpu(world);
    measure(world, &plex, rounds, together);
    signed_out(world);
    let counters = world.plex().counters();
    let logins = float((rounds * together) as u64);
    let sign_outs = counters.of(Endpoint::Signout);
    Cost {
        requests: float(counters.total() - sign_outs) / logins,
        sign_outs: float(sign_outs) / logins,
        connections: float(counters.connections) / logins,
        cpu: (cpu(world) - before) / logins,
    }
}

/// The daemon's memory now.
pub(crate) fn memory(world: &World) -> Memory {
    let status = world.sh("cat /proc/$(pgrep -x plex-authd)/status").stdout;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    };
    Memory { resident: of("VmRSS"), peak: of("VmHWM"), own: of("RssAnon") }
}

/// Waits until every token except the owner's fixed one has been signed out.
fn signed_out(world: &World) {
    let start = Instant::now();
    while world.plex().counters().live_tokens > 1 {
        assert!(start.elapsed() < CATCH_UP, "tokens are not signed out");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The daemon's processor time so far, in milliseconds.
fn cpu(world: &World) -> f64 {
    let out = world.sh("getconf CLK_TCK; cat /proc/$(pgrep -x plex-authd)/stat").stdout;
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
