//! Endurance: logins while the daemon is killed, stopped and restarted, hundreds at once, and ten thousand in a row.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, EIGHT_USERS, Rushed, World};

/// Limits that these numbers of logins do not reach.
const MANY: &str = "[throttle]\nrejected_per_hour = 1000\nsign_ins_per_hour = 100000\n";

/// Memory of one sign-in of the last hour, in bytes: the daemon and its pages of `state.db` keep the account and the origin of
/// each. `sign_ins_per_hour` bounds their number, but not that of [`MANY`].
const PER_SIGN_IN: u64 = 256;

/// The most connections to plex.tv that an idle daemon keeps open for a while: one for each revocation at the same time, and
/// two for sign-ins and the friend list. A busy machine needs more of them than an idle one.
const CONNECTIONS: u64 = 8 + 2;

/// Two seconds, with tolerance for a busy machine, in milliseconds.
const AT_MOST: u64 = 2500;

/// Milliseconds since boot.
fn now() -> u64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a machine's age fits")]
    let milliseconds = (seconds * 1000.0) as u64;
    milliseconds
}

fn wait(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

/// Disturbs the daemon in several ways, one after the other; returns start, end and name of each.
fn disturb(world: &World) -> Vec<(u64, u64, &'static str)> {
    let config = world.config(&format!("{EIGHT_USERS}{MANY}"));
    let mut disturbances = Vec::new();
    let mut disturb = |name, how: &dyn Fn()| {
        let from = now();
        how();
        disturbances.push((from, now() + 10, name));
        wait(1.5);
    };
    wait(1.5);
    let kill = || {
        world.sh("pkill -KILL -x plex-authd");
        wait(0.5);
        world.start_authd(&config);
    };
    let hold = |seconds| {
        world.sh("pkill -STOP -x plex-authd");
        wait(seconds);
        world.sh("pkill -CONT -x plex-authd");
    };
    let restart = || {
        world.stop_authd();
        world.start_authd(&config);
    };
    disturb("killed", &kill);
    disturb("stopped for a second", &|| hold(1.0));
    disturb("ended and started", &restart);
    disturb("stopped for three seconds", &|| hold(3.0));
    disturb("killed again", &kill);
    disturb("ended and started again", &restart);
    disturbances
}

#[test]
fn r20_logins_during_a_disturbance_succeed_or_are_unavailable_and_recover_after() {
    let Some(world) = World::with_eight(MANY) else { return };
    assert!(world.rush(1, "10").logins.iter().all(Rushed::is_in));
    let (logins, disturbances) = std::thread::scope(|scope| {
        let stream = scope.spawn(|| world.rush(4, "25s").logins);
        let disturbances = disturb(&world);
        (stream.join().unwrap(), disturbances)
    });
    for login in &logins {
        let harmless = [Code::SUCCESS, Code::AUTHINFO_UNAVAIL];
        assert!(
            harmless.contains(&login.auth) && login.account.is_none_or(|code| harmless.contains(&code)),
            "{login:?}"
        );
        assert!(login.auth_took < AT_MOST && login.account_took < AT_MOST, "{login:?}");
        let end = login.began + login.auth_took + login.account_took;
        let quiet = !disturbances.iter().any(|(from, to, _)| login.began <= *to && *from <= end);
        assert!(!quiet || login.is_in(), "{login:?} {disturbances:?}");
    }
    for (at, (from, to, name)) in disturbances.iter().enumerate() {
        let next = disturbances.get(at + 1).map_or(u64::MAX, |(from, ..)| *from);
        let during = logins.iter().filter(|login| (*from..=*to).contains(&login.began)).filter(|login| !login.is_in());
        let after = logins.iter().filter(|login| (to + 1..next).contains(&login.began)).count();
        println!("{name}: for {} ms, {} unavailable, {after} right after it", to - from, during.count());
        assert!(after > 20, "{name}");
    }
    assert!(logins.iter().filter(|login| !login.is_in()).count() > 10, "the disturbances disturbed nobody");
    world.assert_no_secret_leaked();
}

/// Waits until no issued token is valid and no login's thread is left.
fn settle(world: &World) -> Held {
    let start = Instant::now();
    while world.plex().counters().live_tokens > 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "tokens are left at Plex");
        wait(0.1);
    }
    wait(1.0);
    let script = "p=$(pgrep -x plex-authd); awk '/VmRSS|Threads/ { print $2 }' /proc/$p/status; ls /proc/$p/fd | wc -l";
    let out = world.sh(script).stdout;
    let numbers: Vec<u64> = out.lines().map(|line| line.parse().unwrap()).collect();
    let [kilobytes, threads, descriptors] = numbers[..] else { panic!("{out}") };
    Held { kilobytes, threads, descriptors }
}

/// Resources held by an idle daemon.
#[derive(Debug, Clone, Copy)]
struct Held {
    kilobytes: u64,
    threads: u64,
    descriptors: u64,
}

#[test]
fn two_hundred_simultaneous_logins_all_succeed() {
    let Some(world) = World::with_eight(MANY) else { return };
    let before = settle(&world);
    for _ in 0..2 {
        let start = Instant::now();
        let logins = world.rush(200, "1").logins;
        println!("200 logins at once: {:?}", start.elapsed());
        let failed: Vec<_> = logins.iter().filter(|login| !login.is_in()).collect();
        assert!(logins.len() == 200 && failed.is_empty(), "{} failed, among them {:?}", failed.len(), failed.first());
    }
    // Name-resolution threads of the HTTP client stay for ten seconds.
    let start = Instant::now();
    while settle(&world).threads > before.threads {
        assert!(start.elapsed() < Duration::from_secs(20), "{before:?} {:?}", settle(&world));
    }
}

#[test]
fn ten_thousand_sequential_logins_leak_no_memory_threads_or_descriptors() {
    let Some(world) = World::with_eight(MANY) else { return };
    let mut first = None;
    for thousand in 1..=10 {
        let start = Instant::now();
        let rush = world.rush(1, "1000");
        assert!(rush.logins.len() == 1000 && rush.logins.iter().all(Rushed::is_in));
        let [(early, early_fds), (late, late_fds)] = rush.held[..] else { panic!("{:?}", rush.held) };
        assert!(late <= early + 128 && late_fds == early_fds, "the program grew: {:?}", rush.held);
        let held = settle(&world);
        println!("{thousand}000: {:?}, {held:?}, {:?}", start.elapsed(), rush.held);
        let first = first.get_or_insert(held);
        // Tolerance of two for name-resolution threads.
        assert!(held.threads <= first.threads + 2, "{first:?} {held:?}");
        assert!(held.descriptors <= first.descriptors + CONNECTIONS, "{first:?} {held:?}");
        let sign_ins = (thousand - 1) * 1000 * PER_SIGN_IN / 1024;
        assert!(held.kilobytes <= first.kilobytes + sign_ins + 1024, "{first:?} {held:?}");
        world.plex().reset();
    }
}
