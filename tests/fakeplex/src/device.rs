//! Devices of an account, as their clients describe them in headers. plex.tv trusts all of it.

use std::time::SystemTime;

use crate::http::Request;
use crate::jwt::Jwk;
use crate::world::Server;

/// A client's description of itself in its headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub client_id: String,
    pub name: String,
    pub product: String,
    pub version: String,
    pub platform: String,
    pub device: String,
    pub model: String,
    pub provides: String,
}

impl Origin {
    pub(crate) fn of(request: &Request) -> Self {
        let client_id = request.plex_header("X-Plex-Client-Identifier").unwrap_or_default().to_owned();
        let mut origin = Self { client_id, ..Self::default() };
        origin.rewrite(request);
        origin
    }

    /// The description that a media server registers itself with.
    pub(crate) fn of_server(server: &Server) -> Self {
        let text = str::to_owned;
        Self {
            client_id: server.machine_id.clone(),
            name: server.name.clone(),
            product: text("Plex Media Server"),
            version: text("1.41.0.0000-abc"),
            platform: text("Linux"),
            device: text("PC"),
            model: text("x86_64"),
            provides: text("server"),
        }
    }

    /// The fields that headers describe, with their headers. The client identifier is not among them.
    fn described(&mut self) -> [(&'static str, &mut String); 7] {
        [
            ("X-Plex-Device-Name", &mut self.name),
            ("X-Plex-Product", &mut self.product),
            ("X-Plex-Version", &mut self.version),
            ("X-Plex-Platform", &mut self.platform),
            ("X-Plex-Device", &mut self.device),
            ("X-Plex-Model", &mut self.model),
            ("X-Plex-Provides", &mut self.provides),
        ]
    }

    /// Replaces every field that a request describes.
    fn rewrite(&mut self, request: &Request) {
        for (header, field) in self.described() {
            if let Some(value) = request.plex_header(header) {
                value.clone_into(field);
            }
        }
    }

    /// True if a request describes its client otherwise than this.
    fn differs(&self, request: &Request) -> bool {
        let mut own = self.clone();
        own.described().iter().any(|(header, field)| request.plex_header(header).is_some_and(|value| value != **field))
    }
}

/// A row of an account's list of devices.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub id: u64,
    pub account: u64,
    pub origin: Origin,
    /// The token that was issued last.
    pub token: String,
    pub created: SystemTime,
    pub seen: SystemTime,
    /// The key that it has registered.
    pub jwk: Option<Jwk>,
    /// A media server's description of itself; `None` for any other device.
    server: Option<Origin>,
}

impl Device {
    pub(crate) fn new(id: u64, account: u64, origin: Origin, token: &str) -> Self {
        let now = SystemTime::now();
        Self { id, account, origin, token: token.to_owned(), created: now, seen: now, jwk: None, server: None }
    }

    /// The row of a media server.
    pub(crate) fn of_server(id: u64, account: u64, server: &Server, token: &str) -> Self {
        let own = Origin::of_server(server);
        Self { server: Some(own.clone()), ..Self::new(id, account, own, token) }
    }

    pub(crate) fn is_server(&self) -> bool {
        self.server.is_some()
    }

    /// Rewrites the row from the headers of a request with this device's token. If servers are `fragile`, a server that
    /// is described otherwise than it describes itself is no longer known as a server.
    pub(crate) fn rewrite(&mut self, request: &Request, fragile: bool) {
        self.origin.rewrite(request);
        self.seen = SystemTime::now();
        if fragile && self.server.as_ref().is_some_and(|own| own.differs(request)) {
            let claimed = request.plex_header("X-Plex-Provides").unwrap_or_default();
            self.origin.provides = claimed.split(',').filter(|one| *one != "server").collect::<Vec<_>>().join(",");
        }
    }
}
