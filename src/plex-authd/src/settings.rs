//! The configuration, with the values derived from it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use config::{Config, Source};
use policy::Rules;
use protocol::LoginRequest;
use system::accounts::{self, ManagedAccounts};

use crate::callers::TrustedCallers;

/// PAM service of sshd, whose `PAM_TTY` is no terminal.
const SSH: &str = "sshd";

/// One configuration in force.
pub(crate) struct Settings {
    pub config: Config,
    pub file: PathBuf,
    pub read_at: Instant,
    pub rules: Rules,
    pub uid_min: u32,
    pub trusted_callers: Arc<TrustedCallers>,
}

impl Settings {
    /// Settings from `config`, which has just been read from `file`.
    pub(crate) fn new(config: Config, file: PathBuf) -> Self {
        let (rules, trusted_callers) = (config.rules(), Arc::new(TrustedCallers::new(&config.trusted_callers)));
        Self { config, file, read_at: Instant::now(), rules, uid_min: accounts::uid_min(), trusted_callers }
    }

    /// The local accounts that are mapped to Plex accounts.
    pub(crate) fn managed_accounts(&self) -> ManagedAccounts<'_> {
        ManagedAccounts::new(self.config.group.as_deref(), &self.config.users, self.uid_min)
    }

    /// Link sign-in is enabled for the PAM service of this login, its stack allows a second prompt, and it is at a
    /// terminal. Other programs have the service `login` too and cannot show the code: `JupyterHub`, `OpenVPN`.
    pub(crate) fn offers_link(&self, request: &LoginRequest) -> bool {
        let (config, service) = (&self.config, request.service.as_deref());
        let is_listed = |service| config.link_services.iter().any(|listed| listed == service);
        let can_show = !request.one_prompt && (request.terminal || service == Some(SSH));
        config.link_sign_in && can_show && service.is_some_and(is_listed)
    }

    /// Identifies the owner, server and rule that a friend list was fetched for. A list of another scope is not used.
    pub(crate) fn scope_id(&self) -> String {
        let config = &self.config;
        let mut hasher = DefaultHasher::new();
        (&config.machine_id, config.strict_friends, config.plex_url.as_str()).hash(&mut hasher);
        if let Source::Token(token) = &config.source {
            token.expose().hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }
}
