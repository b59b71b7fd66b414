//! The resolver with a name service and a clock of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake};

use super::*;

/// A name service whose answer can be changed, and a clock that can be moved.
#[derive(Default)]
struct World {
    /// The address of every host; without one, the lookup fails.
    address: Mutex<Option<SocketAddr>>,
    /// Hosts that were looked up.
    lookups: Mutex<Vec<String>>,
    seconds: AtomicU64,
    /// Held while lookups hang.
    hanging: Mutex<()>,
}

impl World {
    fn start() -> (Arc<Self>, Dns) {
        let (world, start) = (Arc::<Self>::default(), Instant::now());
        let (names, time) = (Arc::clone(&world), Arc::clone(&world));
        let look_up = move |host: &str| {
            names.lookups.lock().unwrap().push(host.to_owned());
            let address = *names.address.lock().unwrap();
            drop(names.hanging.lock());
            address.map(|address| vec![address]).ok_or_else(|| io::Error::other("no such host"))
        };
        let clock = move || start + Duration::from_secs(time.seconds.load(Ordering::Relaxed));
        world.move_to("192.0.2.1:0");
        (world, Dns::new(Box::new(look_up), Box::new(clock)))
    }

    fn move_to(&self, address: &str) {
        *self.address.lock().unwrap() = Some(address.parse().unwrap());
    }

    fn at(&self, second: u64) {
        self.seconds.store(second, Ordering::Relaxed);
    }

    fn lookups(&self) -> usize {
        self.lookups.lock().unwrap().len()
    }
}

/// Wakes the thread that waits.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The first address, or the error.
fn resolve(dns: &Dns, host: &str) -> Result<String, String> {
    let mut future = pin!(dns.resolve(host.parse().unwrap()));
    let waker = Arc::new(Unpark(std::thread::current())).into();
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result.map(|mut all| all.next().unwrap().ip().to_string()).map_err(|error| error.to_string());
        }
        std::thread::park_timeout(Duration::from_secs(10));
    }
}

#[test]
fn r83_an_answer_is_kept_for_a_minute_for_each_host() {
    let (world, dns) = World::start();
    let here = Ok("192.0.2.1".to_owned());
    assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (here.clone(), 1));
    world.move_to("192.0.2.2:0");
    for second in [0, 1, 59] {
        world.at(second);
        assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (here.clone(), 1), "{second}");
    }
    let there = Ok("192.0.2.2".to_owned());
    assert_eq!((resolve(&dns, "pms.example"), world.lookups()), (there.clone(), 2), "another host");
    world.at(60);
    assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (there, 3), "a minute later");
}

#[test]
fn r83_an_address_that_failed_is_looked_up_again() {
    let (world, dns) = World::start();
    assert!(resolve(&dns, "plex.tv").is_ok() && resolve(&dns, "pms.example").is_ok());
    world.move_to("192.0.2.2:0");
    dns.forget("plex.tv");
    assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (Ok("192.0.2.2".into()), 3));
    assert_eq!((resolve(&dns, "pms.example"), world.lookups()), (Ok("192.0.2.1".into()), 3), "of that host alone");
}

#[test]
fn r83_a_failed_lookup_is_not_kept() {
    let (world, dns) = World::start();
    *world.address.lock().unwrap() = None;
    for lookups in 1..4 {
        assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (Err("no such host".into()), lookups));
    }
    world.move_to("192.0.2.1:0");
    assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (Ok("192.0.2.1".into()), 4));
}

#[test]
fn r83_requests_at_once_share_a_lookup_unless_it_hangs() {
    let (world, dns) = World::start();
    let (hanging, asked) = (world.hanging.lock().unwrap(), |lookups| {
        let start = Instant::now();
        while world.lookups() < lookups {
            assert!(start.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..16).map(|_| scope.spawn(|| resolve(&dns, "plex.tv"))).collect();
        asked(1);
        // All wait by then.
        while !matches!(lock(&dns.0.hosts).get("plex.tv"), Some(Host::Pending(lookup, _)) if lock(&lookup.0).waiting.len() == 16)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        world.at(1);
        world.move_to("192.0.2.2:0");
        let next = scope.spawn(|| resolve(&dns, "plex.tv"));
        asked(2);
        drop(hanging);
        assert!(waiting.into_iter().all(|one| one.join().unwrap() == Ok("192.0.2.1".into())));
        assert_eq!(next.join().unwrap(), Ok("192.0.2.2".into()));
    });
    assert_eq!((resolve(&dns, "plex.tv"), world.lookups()), (Ok("192.0.2.2".into()), 2), "the later answer is kept");
}

#[test]
fn r83_no_number_of_names_fills_the_memory() {
    let (world, dns) = World::start();
    for number in 0..MAX_HOSTS + 5 {
        assert!(resolve(&dns, &format!("host{number}.example")).is_ok());
    }
    assert_eq!(lock(&dns.0.hosts).len(), MAX_HOSTS);
    world.at(60);
    assert!(resolve(&dns, "plex.tv").is_ok());
    assert_eq!(lock(&dns.0.hosts).len(), 1, "those of the minute before are gone");
}
