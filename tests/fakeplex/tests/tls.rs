//! The client in `src/plex` against servers with an invalid certificate, old TLS or none: each is refused before
//! anything secret is sent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

mod common;

use std::fmt::Debug;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{DEN, OLGA, Plex, password};
use fakeplex::{Endpoint, Fault};
use plex::{Client, Error, Settings, Token};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

fn client(base: &str, ca_file: &Path) -> Client {
    Client::new(&Settings {
        base: base.parse().unwrap(),
        ca_file: Some(ca_file.to_owned()),
        connect_timeout: Duration::from_secs(2),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    })
    .unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(3)
}

fn sign_in(client: &Client) -> Result<(), Error> {
    client.sign_in("alice@example.org", &password("alice"), Some("314159"), soon()).map(drop)
}

/// Sends everything secret: name, password and code, the owner's token, and a token to sign out.
fn try_everything(client: &Client) -> [Result<(), Error>; 4] {
    let owner = Token::from(OLGA);
    [
        sign_in(client),
        client.account(&owner, soon()).map(drop),
        client.users(&owner, None, soon()).map(drop).map_err(Error::from),
        client.sign_out(&owner, soon()),
    ]
}

/// Asserts that plex.tv counts as unreachable, because the server did not prove that it is plex.tv.
fn assert_unreachable(what: &dyn Debug, outcomes: &[Result<(), Error>]) {
    for outcome in outcomes {
        assert!(matches!(outcome, Err(Error::Unreachable(_))), "{what:?}: {outcome:?}");
    }
}

/// The secrets in these bytes.
fn secrets(bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let all = ["alice", "PASSWORD", "SECRET", "314159", "TOKEN", "signin", "X-Plex", "x-plex"];
    all.into_iter().filter(|secret| text.contains(secret)).collect()
}

#[test]
fn r62_client_sends_nothing_to_a_server_with_a_bad_certificate() {
    let plex = Plex::start(DEN);
    for bad in ["expired", "wrong-name", "self-signed", "unknown-ca"] {
        let address = plex.server.address(&format!("address.{bad}"));
        assert_unreachable(&bad, &try_everything(&client(&address, &plex.server.ca_file())));
    }
    let seen = plex.server.control().counters();
    assert_eq!((seen.total(), seen.handshakes, seen.connections), (0, 0, 16));
    // The same requests with a good certificate.
    let address = plex.server.address("address");
    let outcomes = try_everything(&client(&address, &plex.server.ca_file()));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

/// A path to something else must not fill the memory.
#[test]
fn a_ca_file_is_read_up_to_16_mib() {
    let directory = tempfile::tempdir().unwrap();
    let (plex, ca_file) = (Plex::start(DEN), directory.path().join("ca.pem"));
    let certificate = fs::read_to_string(plex.server.ca_file()).unwrap();
    let client_with = |before: usize| {
        fs::write(&ca_file, format!("{}{certificate}", format!("{}\n", "x".repeat(63)).repeat(before / 64))).unwrap();
        Client::new(&Settings {
            base: plex.server.address("address").parse().unwrap(),
            ca_file: Some(ca_file.clone()),
            connect_timeout: Duration::from_secs(2),
            client_id: "11111111-2222-3333-4444-555555555555".into(),
            device_name: "testhost".into(),
        })
    };
    for before in [0, 16_777_216 - 65_536] {
        assert_eq!(sign_in(&client_with(before).unwrap()), Ok(()), "{before}");
    }
    let refused = client_with(16_777_216).unwrap_err().to_string();
    assert!(refused.contains("there is no certificate in it"), "{refused}");
}

#[test]
fn r62_client_sends_nothing_to_a_server_with_old_tls_only() {
    let directory = tempfile::tempdir().unwrap();
    let ca_file = certificate(directory.path());
    for old in ["-tls1", "-tls1_1"] {
        let server = OpenSsl::start(directory.path(), old);
        let outcomes = try_everything(&client(&server.url(), &ca_file));
        assert_unreachable(&old, &outcomes);
        let received = server.received();
        assert_eq!(secrets(&received), [""; 0], "{old}");
        // The version is refused, not the server: a client that still supports it can connect.
        server.greet(old);
    }
    // The same server and certificate with TLS 1.2: the requests arrive.
    let server = OpenSsl::start(directory.path(), "-tls1_2");
    assert_unreachable(&"no answer", &[sign_in(&client(&server.url(), &ca_file))]);
    let received = server.received();
    assert_eq!(secrets(&received), ["alice", "PASSWORD", "SECRET", "314159", "signin", "x-plex"]);
}

#[test]
fn r62_client_sends_nothing_to_a_server_without_tls() {
    let plex = Plex::start(DEN);
    let server = Plain::start();
    assert_unreachable(
        &"plain",
        &try_everything(&client(&format!("https://{}", server.address), &plex.server.ca_file())),
    );
    let received = server.received();
    assert!(received.starts_with(&[0x16, 3]), "a client's greeting: {received:?}");
    assert_eq!(secrets(&received), [""; 0]);
    // The server would have answered and been accepted.
    assert_eq!(sign_in(&client(&format!("http://{}", server.address), &plex.server.ca_file())), Ok(()));
    assert!(secrets(&server.received()).contains(&"PASSWORD"));
}

#[test]
fn r31_r62_client_follows_no_redirect_away_from_tls() {
    let plex = Plex::start(DEN);
    let server = Plain::start();
    let (address, ca_file) = (plex.server.address("address"), plex.server.ca_file());
    for status in [302, 307] {
        plex.server.control().fault(Endpoint::All, Fault::RedirectAs(status, format!("http://{}/", server.address)));
        for outcome in try_everything(&client(&address, &ca_file)) {
            // plex.tv itself redirects, so its answer does not open the offline cache (R69).
            assert!(matches!(outcome, Err(Error::Unavailable(_))), "{status}: {outcome:?}");
        }
    }
    assert_eq!(server.received(), [0; 0]);
}

/// A listener without TLS that records what it receives, and answers everything with an account.
struct Plain {
    address: SocketAddr,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Plain {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), received: Arc::default() };
        let received = Arc::clone(&server.received);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut part = [0; 8192];
                while let Ok(count @ 1..) = stream.read(&mut part) {
                    received.lock().unwrap().extend_from_slice(&part[..count]);
                    let account = r#"{"id":2,"username":"alice","authToken":"t"}"#;
                    let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length";
                    let _ = write!(stream, "{head}: {}\r\n\r\n{account}", account.len());
                }
            }
        });
        server
    }

    fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }
}

/// `openssl s_server` with one version of TLS. It writes what clients send to its standard output.
struct OpenSsl {
    child: Child,
    address: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl OpenSsl {
    fn start(directory: &Path, version: &str) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", version]);
        command.args(["-cipher", "DEFAULT@SECLEVEL=0"]).current_dir(directory).env_clear();
        // Its standard input stays open, because the program ends with it.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "openssl s_server does not start");
            if let Some(address) = line.trim_end().strip_prefix("ACCEPT ") {
                break address.to_owned();
            }
        };
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let into = Arc::clone(&received);
        std::thread::spawn(move || {
            let mut part = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut part) {
                into.lock().unwrap().extend_from_slice(&part[..count]);
            }
        });
        Self { child, address, received }
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Bytes received so far, including those of the next moment.
    fn received(&self) -> Vec<u8> {
        std::thread::sleep(Duration::from_millis(200));
        self.received.lock().unwrap().clone()
    }

    /// Connects with a client that supports this version.
    fn greet(&self, version: &str) {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &self.address, version, "-cipher", "DEFAULT@SECLEVEL=0"]);
        let mut child = command.env_clear().stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "GREETING of {version}").unwrap();
        let start = Instant::now();
        let greeting = format!("GREETING of {version}");
        while !String::from_utf8_lossy(&self.received()).contains(&greeting) {
            assert!(start.elapsed() < Duration::from_secs(10), "this openssl speaks no {version}");
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for this machine that a client with this CA file must accept, written where `openssl` finds it.
fn certificate(directory: &Path) -> std::path::PathBuf {
    let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_file = directory.join("ca.pem");
    fs::write(&ca_file, ca.self_signed(&ca_key).unwrap().pem()).unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    fs::write(directory.join("server.pem"), certificate.pem()).unwrap();
    fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    ca_file
}
