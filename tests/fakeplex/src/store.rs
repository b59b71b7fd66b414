//! What changes while the server runs: tokens, link codes, faults, and the account of what was asked.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use crate::control::{Counters, Seen};
use crate::fault::{Endpoint, Fault, Rule};
use crate::http::Request;
use crate::world::{Account, World};

/// A link code that somebody is to approve.
#[derive(Debug, Clone)]
pub(crate) struct Pin {
    pub id: u64,
    pub code: String,
    pub client_id: String,
    pub strong: bool,
    pub expires: Instant,
    pub token: Option<String>,
    /// When it was last asked for.
    pub polled: Option<Instant>,
}

/// Everything behind the listeners.
#[derive(Default)]
pub(crate) struct Store {
    pub world: World,
    pub pins: Vec<Pin>,
    pub counters: Counters,
    pub seen: Vec<Seen>,
    /// After how many failed sign-ins the address is blocked.
    pub block_after: Option<u64>,
    pub failures: u64,
    tokens: BTreeMap<String, u64>,
    rules: Vec<Rule>,
    devices: HashSet<(u64, String)>,
    minted: u64,
}

impl Store {
    pub(crate) fn load(&mut self, world: World) {
        let fixed = world.accounts.iter().filter_map(|account| Some((account.token.clone()?, account.id)));
        self.tokens.extend(fixed);
        self.world = world;
    }

    /// A fresh token for an account. Each new client costs a device and a mail.
    pub(crate) fn mint(&mut self, account: u64, client_id: &str) -> String {
        self.minted += 1;
        let token = format!("TOKEN-SECRET-{account}-{}", self.minted);
        self.tokens.insert(token.clone(), account);
        if self.devices.insert((account, client_id.to_owned())) {
            self.counters.mails += 1;
        }
        token
    }

    /// Whose token a request carries.
    pub(crate) fn account_of(&self, request: &Request) -> Option<&Account> {
        let id = self.tokens.get(request.plex_header("X-Plex-Token")?)?;
        self.world.accounts.iter().find(|account| account.id == *id)
    }

    /// Makes a token worthless.
    pub(crate) fn sign_out(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    /// Makes all tokens of an account worthless, as a changed password does.
    pub(crate) fn kill_tokens(&mut self, account: u64) {
        self.tokens.retain(|_, owner| *owner != account);
    }

    /// How many tokens that were given out are still good.
    pub(crate) fn live_tokens(&self) -> u64 {
        let fixed: HashSet<_> = self.world.accounts.iter().filter_map(|account| account.token.as_deref()).collect();
        self.tokens.keys().filter(|token| !fixed.contains(token.as_str())).count() as u64
    }

    pub(crate) fn add_pin(&mut self, client_id: &str, strong: bool) -> Pin {
        self.minted += 1;
        let (code, life) = if strong {
            (format!("codesecret{:015}", self.minted), Duration::from_secs(1800))
        } else {
            (format!("{:04X}", 0xA000 + self.minted), Duration::from_secs(900))
        };
        let pin = Pin {
            id: 1_000_000_000 + self.minted,
            code,
            client_id: client_id.to_owned(),
            strong,
            expires: Instant::now() + life,
            token: None,
            polled: None,
        };
        self.pins.push(pin.clone());
        pin
    }

    pub(crate) fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn mend(&mut self) {
        self.rules.clear();
        self.block_after = None;
        self.failures = 0;
    }

    /// The fault that strikes a request, if any: the one that was asked for last.
    pub(crate) fn strike(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let hits = |rule: &&mut Rule| rule.endpoint == endpoint || rule.endpoint == Endpoint::All;
        let rule = self.rules.iter_mut().rev().find(hits)?;
        let fault = rule.fault.clone();
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        self.rules.retain(|rule| rule.times != Some(0));
        Some(fault)
    }

    /// Notes a request, without any of its secrets.
    pub(crate) fn note(&mut self, endpoint: Endpoint, request: &Request) {
        *self.counters.requests.entry(endpoint).or_default() += 1;
        let login = request.params.get("login").cloned();
        let known = |password: &String| self.world.accounts.iter().any(|a| a.password.as_ref() == Some(password));
        self.seen.push(Seen {
            endpoint,
            method: request.method.clone(),
            path: request.path.clone(),
            token_of: self.account_of(request).map(|account| account.username.clone()),
            login,
            known_password: request.params.get("password").is_some_and(known),
            code_sent: request.params.contains_key("verificationCode"),
            client_id: request.plex_header("X-Plex-Client-Identifier").map(str::to_owned),
            product: request.plex_header("X-Plex-Product").map(str::to_owned),
        });
    }
}
