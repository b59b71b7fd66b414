//! Large answers: a thousand people with eight libraries each, and answers that are too long.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{DEN, MACHINE, OLGA, Plex, answer};
use fakeplex::{Endpoint, Fault};
use flate2::Compression;
use flate2::write::GzEncoder;
use plex::{Client, Error, ListError, Settings, Token};
use policy::Relationship;
use reqwest::Method;

/// Length limit of an answer in the client, in bytes.
const LIMIT: usize = 8 << 20;

const PEOPLE: usize = 1000;

fn client(base: &str, ca_file: Option<PathBuf>) -> Client {
    Client::new(&Settings {
        base: base.parse().unwrap(),
        ca_file,
        connect_timeout: Duration::from_secs(2),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    })
    .unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// The Den, shared with a thousand further friends, eight libraries each. Their names are as long as real ones get.
fn thousand() -> String {
    let mut names = String::new();
    let mut accounts = String::new();
    for n in 0..PEOPLE {
        let name = format!("a-name-of-twenty-{n:04}");
        let _ = write!(names, "\"{name}\", ");
        let _ = write!(
            accounts,
            "\n[[account]]\nid = {}\nusername = \"{name}\"\nemail = \"{name}.and.more@mail.example.org\"\n\
             friend_of = [\"olga\"]\n",
            100_000_000 + n
        );
    }
    DEN.replace("shared_with = [", &format!("libraries = 8\nshared_with = [{names}")) + &accounts
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_thousand_people_with_eight_libraries_each_fit() {
    let plex = Plex::start(&thousand());
    let client = client(&plex.server.address("address"), Some(plex.server.ca_file()));
    let olga = Token::from(OLGA);
    let shares = client.shared_servers(&olga, MACHINE, soon()).unwrap();
    let friends = client.users(&olga, Some(MACHINE), soon()).unwrap();
    for (list, further) in [(&shares, 4), (&friends, 5)] {
        assert_eq!(list.len(), PEOPLE + further);
        assert_eq!(list.iter().filter(|one| one.relationship == Relationship::Shared).count(), PEOPLE + 3);
    }
    for path in ["/api/users".to_owned(), format!("/api/servers/{MACHINE}/shared_servers")] {
        let body = answer(plex.ask(Method::GET, &path).header("X-Plex-Token", OLGA)).body;
        let (whole, sent) = (body.len(), compressed(body.as_bytes()).len());
        assert!(whole * 4 < LIMIT && sent * 5 < whole, "{path}: {whole} bytes, {sent} with gzip");
    }
}

/// A gzip bomb: what is sent is short, what is read is bounded.
#[test]
fn an_answer_is_bounded_by_what_it_unpacks_to() {
    let plex = Plex::start(DEN);
    let client = client(&plex.server.address("address"), Some(plex.server.ca_file()));
    for megabytes in [LIMIT >> 20, (LIMIT >> 20) + 1, 64] {
        plex.server.control().fault(Endpoint::Users, Fault::Huge(megabytes));
        let outcome = client.users(&Token::from(OLGA), None, soon());
        let too_long =
            matches!(&outcome, Err(ListError::Request(Error::Unavailable(why))) if why.contains("longer than"));
        assert_eq!(too_long, megabytes << 20 > LIMIT, "{megabytes} MiB: {outcome:?}");
        plex.server.control().clear_faults();
    }
    assert!(client.users(&Token::from(OLGA), None, soon()).is_ok());
}

/// Address of a server that gives one answer over plain HTTP, and the header of the request.
fn serve_once(unpacked: &[u8]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = compressed(unpacked);
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut part).unwrap();
            request.extend_from_slice(part.get(..count).unwrap());
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        String::from_utf8(request).unwrap().to_ascii_lowercase()
    });
    (address, server)
}

#[test]
fn lists_are_requested_with_gzip_as_xml_and_everything_else_as_json() {
    let list = br#"<MediaContainer size="1"><User id="2" username="alice"/></MediaContainer>"#;
    let (address, server) = serve_once(list);
    let users = client(&address, None).users(&Token::from(OLGA), None, soon()).unwrap();
    assert_eq!(users.len(), 1);
    let request = server.join().unwrap();
    assert!(
        request.contains("\r\naccept-encoding: gzip\r\n") && request.contains("\r\naccept: application/xml\r\n"),
        "{request}"
    );
    let (address, server) = serve_once(br#"{"id":1,"username":"olga"}"#);
    assert_eq!(client(&address, None).account(&Token::from(OLGA), soon()).unwrap().id.0, 1);
    let request = server.join().unwrap();
    assert!(request.contains("\r\naccept: application/json\r\n"), "{request}");
}
