//! HTTP itself, byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use reqwest::Method;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::common::{CLIENT, MACHINE, OLGA, Plex, STREET, tls};

/// Body, and content encoding of the answer to a client that accepts these.
fn encoded(plex: &Plex, path: &str, accepts: Option<&str>) -> (Vec<u8>, Option<String>) {
    let request = plex.plain(Method::GET, path).header("X-Plex-Token", OLGA).header("X-Plex-Client-Identifier", CLIENT);
    let request = accepts.into_iter().fold(request, |request, accepts| request.header("Accept-Encoding", accepts));
    let response = request.send().unwrap();
    let encoding = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
    (response.bytes().unwrap().to_vec(), encoding)
}

#[test]
fn long_answers_are_compressed_for_clients_that_accept_it() {
    let plex = Plex::start(STREET);
    let (plain, encoding) = encoded(&plex, "/api/users", None);
    assert!(encoding.is_none() && plain.len() > 1024);
    assert_eq!(encoded(&plex, "/api/users", Some("br")), (plain.clone(), None));
    for accepts in ["gzip", "gzip, deflate", "br, gzip;q=0.5"] {
        let (compressed, encoding) = encoded(&plex, "/api/users", Some(accepts));
        assert_eq!(encoding.as_deref(), Some("gzip"), "{accepts}");
        assert!(compressed.len() < plain.len(), "{accepts}");
        let mut body = Vec::new();
        GzDecoder::new(compressed.as_slice()).read_to_end(&mut body).unwrap();
        assert_eq!(body, plain, "{accepts}");
    }
    let (_, encoding) = encoded(&plex, "/api/v2/ping", Some("gzip"));
    assert_eq!(encoding, None, "a short one is not");
}

/// A request byte by byte, and everything that the server sends until it ends the connection.
fn raw(plex: &Plex, request: &str) -> Result<String, std::io::Error> {
    let port = plex.server.address("address").rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    let name = ServerName::try_from("plex.tv").unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(tls(&plex.server)), name).unwrap(), stream);
    tls.write_all(request.as_bytes())?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer).map(|_| answer)
}

fn request(version: &str, path: &str, connection: &str) -> String {
    format!("GET {path} HTTP/{version}\r\nHost: plex.tv\r\nX-Plex-Token: {OLGA}\r\n{connection}\r\n")
}

/// PHP's streams read until the connection ends, and send HTTP/1.0 or `Connection: close`.
#[test]
fn connection_ends_after_the_answer_when_the_client_asks_for_it() {
    let plex = Plex::start(STREET);
    let path = "/api/users";
    for (version, header) in [("1.1", "Connection: close\r\n"), ("1.1", "Connection: Close\r\n"), ("1.0", "")] {
        let start = Instant::now();
        let answer = raw(&plex, &request(version, path, header)).unwrap();
        assert!(start.elapsed() < Duration::from_secs(2), "HTTP/{version} {header}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("\r\nConnection: close"), "{head}");
        assert!(body.trim_end().ends_with("</MediaContainer>"), "HTTP/{version} {header}");
    }
    for (version, header) in [("1.1", ""), ("1.0", "Connection: keep-alive\r\n")] {
        assert!(raw(&plex, &request(version, path, header)).is_err(), "HTTP/{version} {header}: it is kept");
    }
    let errors = raw(&plex, &request("1.0", "/nothing", "")).unwrap();
    assert!(errors.starts_with("HTTP/1.1 404 "), "{errors}");
}

#[test]
fn connection_to_the_media_server_ends_as_well() {
    let plex = Plex::start(STREET);
    let den = plex.server.address("address.pms.Den").replace("http://", "");
    let mut stream = TcpStream::connect(den).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    stream.write_all(request("1.0", "/identity", "").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(MACHINE), "{answer}");
}
