//! R60, R70, R71: everything that strangers, local users and a friend can do to use up what others need, at once, while ten
//! friends sign in. Real sshd, su and libpam, and the real daemon; the fake plex.tv counts for itself what reaches it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod accounting;
mod attackers;
mod friends;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::{World, den_with_friends};
use friends::{FRIENDS, Friend};

/// A friend who attacks, with a right password from many places.
const INSIDER: &str = "mona";

/// A service that names no remote host: everybody behind it looks alike.
const SHARED: &str = "radiusd";

/// The limits of the default configuration. Link sign-in is offered to the service that most attackers use.
const CONFIG: &str = "link_sign_in = true\nlink_services = [\"sshd\", \"alone\"]";

fn machine() -> Option<World> {
    let names: Vec<_> = FRIENDS.iter().map(|friend| friend.name).chain([INSIDER]).collect();
    let world = World::with_everything(&den_with_friends(&names), CONFIG)?;
    for name in names {
        world.add_user(name, true, None);
    }
    let stack = "auth required pam_plex.so\naccount required pam_plex.so\n";
    world.write(&format!("/etc/pam.d/{SHARED}"), 0o644, "root:root", stack);
    friends::prepare(&world);
    world.start_sshd_with("MaxStartups 200\n");
    Some(world)
}

#[test]
fn r60_r19_r70_r71_attacks_on_slots_budgets_and_origins_at_once_lock_no_friend_out() {
    let Some(world) = machine() else { return };
    for friend in &FRIENDS {
        friend.sign_in(&world);
    }
    let start = Instant::now();
    let is_over = AtomicBool::new(false);
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let friends: Vec<_> = FRIENDS.iter().map(|friend| scope.spawn(|| during(&world, friend, &is_over))).collect();
        attackers::all(&world);
        is_over.store(true, Ordering::Relaxed);
        friends.into_iter().flat_map(|friend| friend.join().unwrap()).collect()
    });
    let took = start.elapsed();
    // The attacks reached the limits that they are for.
    world.wait_for_log(&["user=\"mallory\"", "service=\"su\"", "too many logins are in progress"]);
    world.wait_for_log(&["throttled", "too many link codes are waiting"]);
    world.wait_for_log(&["throttled", "nothing was sent (see rejected_per_hour)"]);
    waits.sort_unstable();
    let seconds = |wait: Option<&Duration>| wait.unwrap().as_secs_f64();
    let requested = accounting::compared(&world);
    println!(
        "{} sign-ins of ten friends during {} s of attacks: {:.1} s at the median, {:.1} s at most. {requested}",
        waits.len(),
        took.as_secs(),
        seconds(waits.get(waits.len() / 2)),
        seconds(waits.last()),
    );
    let median = waits.get(waits.len() / 2).unwrap();
    assert!(*median < Duration::from_secs(15), "{median:?} at the median");
    accounting::assert_bounded(&world);
    world.assert_no_secret_leaked();
}

/// Time between two sign-ins of a friend. A number of sign-ins and of link codes is all that an account has in an hour.
const PAUSE: Duration = Duration::from_secs(8);

/// The most sign-ins of a friend.
const MAX_SIGN_INS: usize = 18;

/// Signs a friend in again and again until the attacks are over, at least three times. Returns how long each took.
fn during(world: &World, friend: &Friend, is_over: &AtomicBool) -> Vec<Duration> {
    let mut waits = Vec::new();
    while waits.len() < 3 || (waits.len() < MAX_SIGN_INS && !is_over.load(Ordering::Relaxed)) {
        waits.push(friend.sign_in(world));
        std::thread::sleep(PAUSE);
    }
    waits
}
