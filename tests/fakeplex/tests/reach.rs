//! Connection errors between this machine and plex.tv, as the client distinguishes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use common::{DEN, Plex};
use fakeplex::{Endpoint, Fault};
use plex::{Client, Settings, Unreachable};

fn reach(base: &str, ca_file: &Path) -> Result<Option<SystemTime>, Unreachable> {
    let client = Client::new(&Settings {
        base: base.parse().unwrap(),
        ca_file: Some(ca_file.to_owned()),
        connect_timeout: Duration::from_secs(2),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    });
    client.unwrap().reach(Instant::now() + Duration::from_secs(3))
}

#[test]
fn reach_accepts_any_response_and_returns_its_date() {
    let plex = Plex::start(DEN);
    let (address, ca_file) = (plex.server.address("address"), plex.server.ca_file());
    for fault in [None, Some(Fault::Gone), Some(Fault::TooMany(None)), Some(Fault::Captcha)] {
        if let Some(fault) = fault {
            plex.server.control().fault(Endpoint::Ping, fault);
        }
        let date = reach(&address, &ca_file).unwrap().unwrap();
        let apart = SystemTime::now().duration_since(date).unwrap();
        assert!(apart < Duration::from_secs(5), "{apart:?}");
    }
}

#[test]
fn reach_distinguishes_certificate_dns_timeout_and_connection_errors() {
    let plex = Plex::start(DEN);
    let ca_file = plex.server.ca_file();
    for bad in ["expired", "wrong-name", "self-signed", "unknown-ca"] {
        let outcome = reach(&plex.server.address(&format!("address.{bad}")), &ca_file);
        assert!(matches!(outcome, Err(Unreachable::Certificate(_))), "{bad}: {outcome:?}");
    }
    let nowhere = reach("https://no-such-host.invalid", &ca_file);
    assert!(matches!(nowhere, Err(Unreachable::Name(_))), "{nowhere:?}");
    let closed = reach("https://127.0.0.1:1", &ca_file);
    assert!(matches!(&closed, Err(Unreachable::Network(why)) if why.contains("refused")), "{closed:?}");
    plex.server.control().fault(Endpoint::Ping, Fault::Silence);
    let address = plex.server.address("address");
    assert_eq!(reach(&address, &ca_file), Err(Unreachable::Late));
    plex.server.control().fault(Endpoint::Ping, Fault::Reset);
    let broken = reach(&address, &ca_file);
    assert!(matches!(broken, Err(Unreachable::Network(_))), "{broken:?}");
}
