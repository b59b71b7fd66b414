//! The relay that imitates a distant plex.tv, the cold client, and connections that the server hangs up.
#![allow(clippy::unwrap_used, clippy::panic, clippy::format_collect, reason = "a failed test may panic")]

mod common;

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{DEN, Plex, password, tls};
use fakeplex::Endpoint;
use reqwest::blocking::Client;

const ROUND_TRIP: Duration = Duration::from_millis(60);

/// A server behind a relay, which ends with it.
struct Distant {
    plex: Plex,
    relay: Child,
    address: String,
}

impl Distant {
    fn start(world: &str) -> Self {
        let plex = Plex::start(world);
        let ca_file = plex.server.ca_file();
        let directory = ca_file.parent().unwrap();
        let mut relay = Command::new(env!("CARGO_BIN_EXE_fakeplex"));
        relay.args(["relay", "--round-trip", &ROUND_TRIP.as_millis().to_string(), "--dir"]).arg(directory);
        let relay = relay.spawn().unwrap();
        let file = directory.join("address.after-60ms");
        let start = Instant::now();
        while !file.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "the relay does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let address = std::fs::read_to_string(file).unwrap().trim_end().to_owned();
        Self { plex, relay, address }
    }

    fn client(&self) -> Client {
        let builder = Client::builder().tls_backend_preconfigured(tls(&self.plex.server)).no_proxy();
        builder.timeout(Duration::from_secs(20)).build().unwrap()
    }

    /// Body of a response through the relay, and its time in round trips.
    fn get(&self, client: &Client, path: &str) -> (String, f64) {
        let start = Instant::now();
        let request = client.get(format!("{}{path}", self.address)).header("X-Plex-Token", "TOKEN-SECRET-olga");
        let body = request.header("X-Plex-Client-Identifier", "relayed").send().unwrap().text().unwrap();
        (body, start.elapsed().as_secs_f64() / ROUND_TRIP.as_secs_f64())
    }
}

impl Drop for Distant {
    fn drop(&mut self) {
        let _ = self.relay.kill();
        let _ = self.relay.wait();
    }
}

#[test]
fn relay_charges_three_round_trips_for_a_new_connection_and_one_for_an_open_one() {
    let distant = Distant::start(DEN);
    let client = distant.client();
    let (_, first) = distant.get(&client, "/api/v2/ping");
    let (_, second) = distant.get(&client, "/api/v2/ping");
    // TCP, TLS 1.3 and the request. A busy machine delays both.
    assert!((3.0..13.0).contains(&first), "{first}");
    assert!((1.0..11.0).contains(&second) && second < first, "{second} after {first}");
    assert_eq!(distant.plex.server.control().counters().connections, 1);
}

#[test]
fn relay_delays_simultaneous_connections_at_the_same_time() {
    let distant = Distant::start(DEN);
    let start = Instant::now();
    let times: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..64).map(|_| scope.spawn(|| distant.get(&distant.client(), "/api/v2/ping").1)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(times.iter().all(|time| *time >= 3.0), "{times:?}");
    // One after the other they would take 192 round trips.
    let all = start.elapsed();
    assert!(all < ROUND_TRIP * 100, "{all:?}");
}

#[test]
fn relay_passes_on_large_responses_unchanged() {
    let friends: String = (100..3000)
        .map(|id| format!("[[account]]\nid = {id}\nusername = \"friend{id}\"\nfriend_of = [\"olga\"]\n"))
        .collect();
    let distant = Distant::start(&format!("{DEN}\n{friends}"));
    let (relayed, _) = distant.get(&distant.client(), "/api/users");
    let direct = distant.plex.get("/api/users", "TOKEN-SECRET-olga").body;
    assert!(direct.len() > 500_000, "{}", direct.len());
    assert!(relayed == direct, "{} bytes of {}", relayed.len(), direct.len());
}

#[test]
fn relay_passes_on_the_end_of_a_connection_that_the_server_hangs_up() {
    let distant = Distant::start(DEN);
    let (client, control) = (distant.client(), distant.plex.server.control());
    distant.get(&client, "/api/v2/ping");
    assert_eq!(control.hang_up(), 1);
    std::thread::sleep(ROUND_TRIP * 3);
    // A client that did not see the end would send the request into it, and fail.
    let (_, next) = distant.get(&client, "/api/v2/ping");
    assert!(next >= 3.0, "{next}");
    assert_eq!((control.counters().connections, control.hang_up(), control.hang_up()), (2, 1, 0));
}

fn cold(plex: &Plex, typed: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cold-sign-in"));
    command.args([plex.server.address("address").as_str(), plex.server.ca_file().to_str().unwrap(), "alice"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn cold_client_makes_one_connection_and_one_request() {
    let plex = Plex::start(DEN);
    assert!(cold(&plex, &password("alice")).status.success());
    let counters = plex.server.control().counters();
    let counts = (counters.connections, counters.handshakes, counters.of(Endpoint::Signin), counters.total());
    assert_eq!(counts, (1, 1, 1, 1));
    assert_eq!(counters.live_tokens, 1);
}

#[test]
fn cold_client_fails_with_a_wrong_password() {
    let plex = Plex::start(DEN);
    let out = cold(&plex, "wrong");
    assert!(!out.status.success());
    assert!(String::from_utf8_lossy(&out.stderr).contains("401"), "{out:?}");
}
