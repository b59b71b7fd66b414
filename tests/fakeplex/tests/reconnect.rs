//! New connections of the client in `src/plex`: each resumes the TLS session of an earlier one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{DEN, MACHINE, OLGA, Plex, password};
use fakeplex::{Command, Connections};
use plex::{Client, Error, Settings, Token};

fn client(plex: &Plex) -> Client {
    Client::new(&Settings {
        base: plex.server.address("address").parse().unwrap(),
        ca_file: Some(plex.server.ca_file()),
        connect_timeout: Duration::from_secs(2),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    })
    .unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(3)
}

/// TCP connections, completed handshakes, and those that resumed a session.
fn counted(plex: &Plex) -> (u64, u64, u64) {
    let counters = plex.server.control().counters();
    (counters.connections, counters.handshakes, counters.resumed)
}

#[test]
fn r83_new_connections_of_every_device_resume_the_tls_session_of_the_client() {
    let plex = Plex::start(DEN);
    plex.control(&Command::Connections(Connections::Once));
    let client = client(&plex);
    let (device, owner) = (client.as_device("22222222", "testhost (2)"), client.for_owner(None, "33333333"));
    let sign_in = |client: &Client| client.sign_in("alice", &password("alice"), None, soon()).map(drop);
    assert_eq!((sign_in(&client), counted(&plex)), (Ok(()), (1, 1, 0)));
    assert_eq!((sign_in(&device), counted(&plex)), (Ok(()), (2, 2, 1)));
    assert!(owner.shared_servers(&Token::from(OLGA), MACHINE, soon()).is_ok());
    assert_eq!((sign_in(&client), counted(&plex)), (Ok(()), (4, 4, 3)));
}

/// What an earlier configuration trusted must not count under the next one, which has a client of its own.
#[test]
fn r62_r83_another_client_and_a_bad_certificate_find_no_session_to_resume() {
    let plex = Plex::start(DEN);
    plex.control(&Command::Connections(Connections::Once));
    let sign_in = |client: &Client| client.sign_in("alice", &password("alice"), None, soon()).map(drop);
    let first = client(&plex);
    assert_eq!((sign_in(&first), sign_in(&first), counted(&plex)), (Ok(()), Ok(()), (2, 2, 1)));
    assert_eq!((sign_in(&client(&plex)), counted(&plex)), (Ok(()), (3, 3, 1)));
    for bad in [Connections::Expired, Connections::WrongName, Connections::SelfSigned, Connections::UnknownCa] {
        plex.control(&Command::Connections(bad));
        assert!(matches!(sign_in(&first), Err(Error::Unreachable(_))), "{bad:?}");
    }
    assert_eq!(counted(&plex), (7, 3, 1));
}
