//! HTTP itself, byte by byte.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;

use crate::common::{CLIENT, OLGA, Plex, STREET};

/// Body, and content encoding of the answer to a client that accepts these.
fn encoded(plex: &Plex, path: &str, accepts: Option<&str>) -> (Vec<u8>, Option<String>) {
    let request = plex.plain(Method::GET, path).header("X-Plex-Token", OLGA).header("X-Plex-Client-Identifier", CLIENT);
    let request = accepts.into_iter().fold(request, |request, accepts| request.header("Accept-Encoding", accepts));
    let response = request.send().unwrap();
    let encoding = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
    (response.bytes().unwrap().to_vec(), encoding)
}

/// K5
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
