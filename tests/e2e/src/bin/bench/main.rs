//! `make bench`: cost of one login on a private machine, compared with other ways to log in. `bench quick` runs all of
//! it with too few rounds for the figures to mean anything.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement, read by people; an error stops it with a message"
)]

mod counted;
mod peers;
mod samples;

use std::process::ExitCode;

use e2e::{DEN, World};
use fakeplex::{Endpoint, Fault};

use counted::{Cost, Memory, float};
use peers::{PERMIT, PLEX, Peer, SCRIPT};
use samples::{at, median, ratio};

/// A load to measure.
struct Scenario {
    name: &'static str,
    /// Delay of every answer from plex.tv, in milliseconds.
    delay: u64,
    /// Simultaneous logins, each from an address of its own.
    together: usize,
    rounds: usize,
    /// Lines added to the usual configuration.
    further: &'static str,
}

/// No password cache: every login is a sign-in at plex.tv.
const USUAL: &str = "";

/// An accepted password is accepted again from the cache.
const REMEMBERED: &str = "[cache]\nremember = \"5m\"";

/// The targets are about the first one.
const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "one login, plex.tv answers at once", delay: 0, together: 1, rounds: 200, further: USUAL },
    Scenario {
        name: "one login, plex.tv takes 40 ms for an answer",
        delay: 40,
        together: 1,
        rounds: 40,
        further: USUAL,
    },
    Scenario { name: "4 logins at once", delay: 0, together: 4, rounds: 50, further: USUAL },
    Scenario { name: "16 logins at once", delay: 0, together: 16, rounds: 20, further: USUAL },
    Scenario { name: "one login, remembered", delay: 0, together: 1, rounds: 60, further: REMEMBERED },
    Scenario { name: "16 logins at once, remembered", delay: 0, together: 16, rounds: 10, further: REMEMBERED },
];

/// Times of a scenario in milliseconds, by service and round, and what was counted.
struct Measured {
    times: Vec<Vec<f64>>,
    cost: Cost,
    memory: Memory,
}

fn main() -> ExitCode {
    let quick = std::env::args().nth(1).is_some_and(|argument| argument == "quick");
    let Some(world) = World::with_everything(DEN, "") else { return ExitCode::FAILURE };
    let peers = peers::set_up(&world);
    println!("A login in a process of its own: pam_start, pam_authenticate, pam_acct_mgmt, pam_end; milliseconds.");
    // On a busy machine the ratios are still meaningful, the times are not.
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let processors = std::thread::available_parallelism().unwrap();
    println!("{processors} processors, of which {} were busy when this began.", load.split(' ').next().unwrap());
    let measured = SCENARIOS.map(|scenario| {
        let measured = measure(&world, &peers, &scenario, if quick { 2 } else { scenario.rounds });
        show(&scenario, &peers, &measured);
        measured
    });
    show_costs(&measured);
    show_aims(&world, &peers, &measured);
    ExitCode::SUCCESS
}

fn measure(world: &World, peers: &[Peer], scenario: &Scenario, rounds: usize) -> Measured {
    let plex = world.plex();
    world.stop_authd();
    world.start_authd(&world.config(scenario.further));
    peers::warm_up(world, peers);
    if scenario.delay > 0 {
        plex.fault(Endpoint::All, Fault::Delay(scenario.delay));
    }
    let milliseconds = |times: Vec<u64>| times.into_iter().map(|time| float(time) / 1e6).collect();
    let times = peers::measure(world, peers, rounds, scenario.together).into_iter().map(milliseconds).collect();
    let cost = counted::count(world, peers, rounds, scenario.together);
    plex.clear_faults();
    Measured { times, cost, memory: counted::memory(world) }
}

fn show(scenario: &Scenario, peers: &[Peer], measured: &Measured) {
    let times = |service| of(service, peers, measured);
    println!("\n== {} ({} rounds)", scenario.name, measured.times[0].len());
    println!("{:12} {:>9} {:>9} {:>9} {:>14} {:>12}", "", "median", "p5", "p95", "x pam_permit", "x pam_plex");
    for (peer, own) in peers.iter().zip(&measured.times) {
        println!(
            "{:12} {:9.2} {:9.2} {:9.2} {:14.2} {:12.2}",
            peer.service,
            median(own),
            at(0.05, own),
            at(0.95, own),
            ratio(own, times(PERMIT)),
            ratio(own, times(PLEX)),
        );
    }
}

fn show_costs(measured: &[Measured]) {
    println!("\n== what one login through pam_plex costs, the friend list being fresh");
    println!("{:46} {:>9} {:>10} {:>12} {:>12}", "", "requests", "sign-outs", "connections", "daemon's CPU");
    for (scenario, Measured { cost, .. }) in SCENARIOS.iter().zip(measured) {
        println!(
            "{:46} {:9.2} {:10.2} {:12.3} {:9.2} ms",
            scenario.name, cost.requests, cost.sign_outs, cost.connections, cost.cpu
        );
    }
}

fn show_aims(world: &World, peers: &[Peer], measured: &[Measured]) {
    let [first, far, _, many, remembered, last] = measured else { return };
    let times = |service| of(service, peers, first);
    let module =
        world.sh("stat -c %s \"$(find /usr/lib /usr/lib64 -name pam_plex.so 2>/dev/null | head -n 1)\"").stdout;
    let module: f64 = module.trim().parse().unwrap();
    for (what, Memory { resident, own, peak }) in [("", &many.memory), (", with passwords remembered", &last.memory)] {
        println!("\nplex-authd's memory{what}: {resident} kB resident ({own} kB its own), {peak} kB at its peak");
    }
    println!("\n== the aims");
    let aim = |met: bool, what: String| println!("{:8} {what}", if met { "met" } else { "NOT MET" });
    let Cost { requests, connections, cpu, .. } = first.cost;
    aim(requests <= 1.0, format!("at most one request that a login waits for: {requests:.2}"));
    // A login that arrives while the previous one is still being signed out opens a second connection, once.
    aim(connections <= 0.02, format!("no new connection: {connections:.3}"));
    let over_permit = ratio(times(PLEX), times(PERMIT));
    aim(over_permit <= 2.5, format!("at most 2.5 times as long as pam_permit: {over_permit:.2}"));
    let under_script = ratio(times(SCRIPT), times(PLEX));
    aim(under_script >= 15.0, format!("at least 15 times as fast as the script: {under_script:.1}"));
    aim(cpu <= 3.0, format!("at most 3 ms of the daemon's processor time: {cpu:.2}"));
    let beyond = median(of(PLEX, peers, far)) - median(of(PERMIT, peers, far)) - 40.0;
    aim(beyond <= 5.0, format!("at most 5 ms beyond plex.tv's 40 and pam_permit's time: {beyond:.1}"));
    let a_second = 16.0 * 1000.0 / median(of(PLEX, peers, many));
    aim(a_second >= 400.0, format!("at least 400 logins a second, 16 at once: {a_second:.0}"));
    let asked = remembered.cost.requests;
    aim(asked == 0.0, format!("no request for a login that is remembered: {asked:.2}"));
    let resident = float(many.memory.resident) / 1024.0;
    aim(resident <= 20.0, format!("at most 20 MB of the daemon resident: {resident:.1}"));
    aim(module <= 700.0 * 1024.0, format!("pam_plex.so of at most 700 KB: {:.0}", module / 1024.0));
}

fn of<'a>(service: &str, peers: &[Peer], measured: &'a Measured) -> &'a [f64] {
    let index = peers.iter().position(|peer| peer.service == service).unwrap();
    &measured.times[index]
}
