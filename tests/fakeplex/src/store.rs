//! State of a running server: tokens, link codes, faults, and the record of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use crate::blocked::Blocked;
use crate::command::{Approval, Connections, Counters, ListShape, Seen};
use crate::device::Origin;
use crate::fault::{Endpoint, Fault, Rule};
use crate::http::Request;
use crate::jwt::{Jwk, Signer};
use crate::tokens::Tokens;
use crate::world::{Account, World};

/// A link code waiting for approval.
#[derive(Debug, Clone)]
pub(crate) struct Pin {
    pub id: u64,
    pub code: String,
    pub origin: Origin,
    /// The key of the device that requested it.
    pub jwk: Option<Jwk>,
    pub created: SystemTime,
    pub expires: SystemTime,
    pub token: Option<String>,
    /// Time of the last poll.
    pub polled: Option<SystemTime>,
}

/// All state of the server.
#[derive(Default)]
pub(crate) struct Store {
    pub world: World,
    pub tokens: Tokens,
    pub signer: Signer,
    pub pins: Vec<Pin>,
    pub counters: Counters,
    pub seen: Vec<Seen>,
    pub approvals: Vec<Approval>,
    pub blocked: Blocked,
    /// Ports of the media servers on 127.0.0.1, by name.
    pub local_ports: BTreeMap<String, u16>,
    pub case_sensitive: bool,
    pub friends_array: bool,
    /// Treatment of connections from the next answer of an endpoint on.
    pub turn: Option<(Endpoint, Connections)>,
    rules: Vec<Rule>,
    shapes: BTreeMap<Endpoint, ListShape>,
}

impl Store {
    pub(crate) fn load(&mut self, world: World) {
        world.accounts.iter().for_each(|account| self.tokens.fix(account));
        for server in &world.servers {
            if let Some(owner) = world.by_name(&server.owner) {
                self.tokens.fix_server(owner.id, server);
            }
        }
        self.world = world;
    }

    /// A new token for an account. Each new client adds a device, and sends a mail if the account has an address.
    pub(crate) fn mint(&mut self, account: u64, origin: &Origin) -> String {
        let (token, new) = self.tokens.mint(account, origin);
        self.send_mail(account, new);
        token
    }

    /// A new signed token for an account, and the device that it belongs to.
    pub(crate) fn mint_signed(&mut self, account: u64, origin: &Origin, kid: &str) -> (String, u64) {
        let token = self.signer.sign(account, &origin.client_id, kid);
        let (device, new) = self.tokens.issue_signed(account, origin, token.clone());
        self.send_mail(account, new);
        (token, device)
    }

    fn send_mail(&mut self, account: u64, new: bool) {
        let reachable = self.world.by_id(account).is_some_and(|account| !account.email.is_empty());
        self.counters.mails += u64::from(new && reachable);
    }

    /// The account of a request's token.
    pub(crate) fn account_of(&self, request: &Request) -> Option<&Account> {
        self.world.by_id(self.tokens.owner(request.plex_header("X-Plex-Token")?)?)
    }

    pub(crate) fn add_pin(&mut self, origin: Origin, jwk: Option<Jwk>, strong: bool) -> Pin {
        let number = self.pins.len() as u64 + 1;
        let (code, life) = if strong {
            (format!("codesecret{number:015}"), Duration::from_secs(1800))
        } else {
            (format!("{:04X}", 0xA000 + number), Duration::from_secs(900))
        };
        let created = SystemTime::now();
        let id = 1_000_000_000 + number;
        let pin = Pin { id, code, origin, jwk, created, expires: created + life, token: None, polled: None };
        self.pins.push(pin.clone());
        pin
    }

    pub(crate) fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear_faults(&mut self) {
        self.rules.clear();
        self.shapes.clear();
        self.turn = None;
        self.blocked = Blocked::default();
    }

    /// Sets the shape of a list of people; the error is for an endpoint that has none.
    pub(crate) fn set_shape(&mut self, endpoint: Endpoint, shape: ListShape) -> Result<(), String> {
        if !matches!(endpoint, Endpoint::SharedServers | Endpoint::Users) {
            return Err("only shared-servers and users have a shape".into());
        }
        self.shapes.insert(endpoint, shape);
        Ok(())
    }

    /// The shape of a list of people.
    pub(crate) fn shape(&self, endpoint: Endpoint) -> ListShape {
        self.shapes.get(&endpoint).copied().unwrap_or_default()
    }

    /// The fault for a request, if any: the one that was added last.
    pub(crate) fn strike(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let everywhere = |rule: &Rule| rule.endpoint == Endpoint::All && endpoint != Endpoint::Pms;
        let hits = |rule: &&mut Rule| rule.endpoint == endpoint || everywhere(rule);
        let rule = self.rules.iter_mut().rev().find(hits)?;
        let fault = rule.fault.clone();
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        self.rules.retain(|rule| rule.times != Some(0));
        Some(fault)
    }

    /// Records a request, without any of its secrets.
    pub(crate) fn note(&mut self, endpoint: Endpoint, request: &Request) {
        *self.counters.requests.entry(endpoint).or_default() += 1;
        let (login, password) = request.credentials();
        let known = |password: &String| self.world.accounts.iter().any(|a| a.password.as_ref() == Some(password));
        self.seen.push(Seen {
            endpoint,
            method: request.method.clone(),
            path: request.path.clone(),
            token_of: self.account_of(request).map(|account| account.name().to_owned()),
            login,
            known_password: password.as_ref().is_some_and(known),
            code_sent: request.params.contains_key("verificationCode"),
            client_id: request.plex_header("X-Plex-Client-Identifier").map(str::to_owned),
            token_client: request
                .plex_header("X-Plex-Token")
                .and_then(|token| self.tokens.client_of(token))
                .map(str::to_owned),
            product: request.plex_header("X-Plex-Product").map(str::to_owned),
            device_name: request.plex_header("X-Plex-Device-Name").map(str::to_owned),
            described: described(request),
        });
    }
}

/// Names of a request's `X-Plex-…` headers, except the token and the client identifier.
fn described(request: &Request) -> Vec<String> {
    let names = request.headers.keys().chain(request.params.keys()).map(|name| name.to_ascii_lowercase());
    let names = names.filter(|name| name.starts_with("x-plex-"));
    let names = names.filter(|name| !matches!(name.as_str(), "x-plex-token" | "x-plex-client-identifier"));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
