//! The network between a private machine and its plex.tv: none, or a relay that delays what it passes on.

use std::time::{Duration, Instant};

use e2e::World;

/// Time limit for a relay to start.
const START: Duration = Duration::from_secs(20);

/// Address of plex.tv at the end of a network with this round trip, in milliseconds. At 0 it is plex.tv itself; for every other
/// one a relay is started, once.
pub(crate) fn address(world: &World, round_trip: u64) -> String {
    let directory = world.shared().join("plex");
    if round_trip == 0 {
        return std::fs::read_to_string(directory.join("address")).unwrap().trim_end().to_owned();
    }
    let file = directory.join(format!("address.after-{round_trip}ms"));
    if !file.exists() {
        world.start(&["/mnt/fakeplex", "relay", "--dir", "/mnt/plex", "--round-trip", &round_trip.to_string()]);
        let start = Instant::now();
        while !file.exists() {
            assert!(start.elapsed() < START, "the relay does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    std::fs::read_to_string(file).unwrap().trim_end().to_owned()
}
