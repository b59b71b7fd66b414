//! A running fake plex.tv, and a plain HTTPS client that does not know Plex.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "shared by several test programs; a failed test may panic"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fakeplex::{Command, Running};
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The usual world, and one with lists that are hard to read.
pub const DEN: &str = include_str!("../../worlds/den.toml");
pub const STREET: &str = include_str!("../../worlds/street.toml");
/// Olga's server.
pub const MACHINE: &str = "0123456789abcdef0123456789abcdef01234567";
/// Olga's token.
pub const OLGA: &str = "TOKEN-SECRET-olga";
/// Default client identifier of the tests.
pub const CLIENT: &str = "client-of-the-test";

pub fn password(name: &str) -> String {
    format!("PASSWORD-SECRET-{name}")
}

/// A running server, removed with its files when this is dropped.
pub struct Plex {
    pub server: Running,
    http: Client,
    _directory: tempfile::TempDir,
}

impl Plex {
    pub fn start(world: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Running::start(Path::new(env!("CARGO_BIN_EXE_fakeplex")), world, directory.path());
        let http = http(&server, None);
        Self { server, http, _directory: directory }
    }

    /// A client at another address of this machine.
    pub fn client_at(&self, address: [u8; 4]) -> Client {
        http(&self.server, Some(address))
    }

    pub fn control(&self, command: &Command) -> String {
        self.server.control().send(command).unwrap()
    }

    /// A request with a client identifier, for JSON.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.plain(method, path).header("X-Plex-Client-Identifier", CLIENT).header("Accept", "application/json")
    }

    /// A request without any header.
    pub fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.address("address")))
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        answer(self.ask(Method::GET, path).header("X-Plex-Token", token))
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        answer(form(self.ask(Method::POST, path), fields))
    }

    /// Signs in and returns the token.
    pub fn token(&self, login: &str) -> String {
        self.token_for(login, CLIENT)
    }

    /// [`Self::token`] with another client identifier.
    pub fn token_for(&self, login: &str, client_id: &str) -> String {
        let fields = [("login", login), ("password", &password(login))];
        let request = self.plain(Method::POST, "/api/v2/users/signin").header("Accept", "application/json");
        let answer = answer(form(request.header("X-Plex-Client-Identifier", client_id), &fields));
        answer.json()["authToken"].as_str().unwrap().to_owned()
    }
}

/// TLS that trusts the server's CA alone.
pub fn tls(server: &Running) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca_file()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn http(server: &Running, from: Option<[u8; 4]>) -> Client {
    Client::builder()
        // The body as it is sent, even where another crate of the workspace turns the unpacking on.
        .no_gzip()
        .tls_backend_preconfigured(tls(server))
        .local_address(from.map(std::net::IpAddr::from))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

pub fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body)
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: String,
}

pub fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    Answer { status: response.status().as_u16(), kind: kind.unwrap_or_default(), body: response.text().unwrap() }
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn is_xml(&self) -> bool {
        self.kind.starts_with("application/xml") && roxmltree::Document::parse(&self.body).is_ok()
    }

    /// Status and Plex error code, in every format of errors.
    pub fn error(&self) -> (u16, u64) {
        let json = serde_json::from_str::<serde_json::Value>(&self.body).ok();
        let code = json.and_then(|json| json["errors"][0]["code"].as_u64()).or_else(|| {
            let document = roxmltree::Document::parse(&self.body).ok()?;
            document.descendants().find_map(|node| node.attribute("code"))?.parse().ok()
        });
        (self.status, code.unwrap_or(0))
    }

    /// An attribute of every element with this name; `-` where it is absent.
    pub fn attributes(&self, element: &str, name: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.body).unwrap();
        let nodes = document.descendants().filter(|node| node.has_tag_name(element));
        nodes.map(|node| node.attribute(name).unwrap_or("-").to_owned()).collect()
    }
}
