//! Accounts and servers of a plex.tv, as described by a file.

use serde::{Deserialize, Serialize};

/// A whole world.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Every Plex account.
    #[serde(default, rename = "account")]
    pub accounts: Vec<Account>,
    /// Every media server.
    #[serde(default, rename = "server")]
    pub servers: Vec<Server>,
    /// Additional rows in accounts' lists of devices, including forged ones.
    #[serde(default, rename = "device")]
    pub devices: Vec<Device>,
}

/// A Plex account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// Its permanent id.
    pub id: u64,
    /// The username; a managed Home user has none.
    pub username: String,
    /// Display name; the username if empty. A managed Home user has no other name.
    pub title: String,
    /// E-mail address; a managed Home user has none.
    pub email: String,
    /// The password; an account made with Google or Apple has none.
    pub password: Option<String>,
    /// The valid verification code, for an account with two-factor authentication.
    pub code: Option<String>,
    /// True if it can sign in only with its e-mail address.
    pub email_only: bool,
    /// A token that is valid from the start.
    pub token: Option<String>,
    /// The client identifier that the token was issued to; unknown by default.
    pub token_client: Option<String>,
    /// True for a managed Home user.
    pub restricted: bool,
    /// Accounts whose friend this is, by name.
    pub friend_of: Vec<String>,
    /// Owner of the Home that this belongs to, by name.
    pub home_of: Option<String>,
    /// The four-digit PIN that is needed to switch to it in the Home.
    pub home_pin: Option<String>,
}

/// A media server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The machine id.
    pub machine_id: String,
    /// Display name.
    pub name: String,
    /// Name of the owner's account.
    pub owner: String,
    /// Accounts with access, by name.
    pub shared_with: Vec<String>,
    /// Accounts that have not accepted their invitation, by name.
    pub invited: Vec<String>,
    /// Number of libraries in each share; 1 by default.
    pub libraries: Option<usize>,
    /// Behaviour on the local network, if it is reachable there: `normal`, `allow-all`, `unclaimed`, or `refuse`, which lets in
    /// the owner alone.
    pub local: Option<String>,
    /// Its port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// The server's own token, valid from the start: it belongs to the owner's account, and its client identifier is
    /// the machine id. Name, product and capabilities of the server's rows follow the headers sent with it.
    pub token: Option<String>,
}

/// A row in an account's list of devices.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// Name of the account.
    pub account: String,
    /// The device's identifier.
    pub machine_id: String,
    /// Display name; "Den" if empty.
    pub name: String,
    /// Claimed product; "Plex Media Server" if empty.
    pub product: String,
    /// Claimed capabilities.
    pub provides: String,
    /// True if it belongs to that account.
    pub owned: bool,
    /// Owner otherwise.
    pub owner_id: Option<u64>,
}

impl Server {
    /// Its part of plex.direct, for which it has a certificate.
    #[must_use]
    pub fn domain(&self) -> String {
        format!("{}.plex.direct", self.machine_id.chars().take(32).collect::<String>())
    }

    /// Its https address at a port of 127.0.0.1.
    #[must_use]
    pub fn secure_address(&self, port: u16) -> String {
        format!("https://127-0-0-1.{}:{port}", self.domain())
    }

    /// Number of libraries in each share.
    #[must_use]
    pub fn libraries(&self) -> usize {
        self.libraries.unwrap_or(1)
    }
}

impl Account {
    /// Name in the world's file: the username, or a managed Home user's title.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.username.is_empty() { &self.title } else { &self.username }
    }

    /// Display name, which may differ from the username.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.title.is_empty() { &self.username } else { &self.title }
    }

    /// True if this account is among these names.
    pub(crate) fn is_among(&self, names: &[String]) -> bool {
        !self.name().is_empty() && names.iter().any(|name| name == self.name())
    }
}

impl World {
    /// Reads a world.
    ///
    /// # Errors
    /// A message about what is invalid in the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The account with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| !name.is_empty() && account.name() == name)
    }

    /// The account with this id.
    #[must_use]
    pub fn by_id(&self, id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account with this login name or e-mail address.
    #[must_use]
    pub fn by_login(&self, login: &str, case_sensitive: bool) -> Option<&Account> {
        let same = |known: &str| {
            !known.is_empty() && if case_sensitive { known == login } else { known.eq_ignore_ascii_case(login) }
        };
        self.accounts.iter().find(|account| same(&account.username) || same(&account.email))
    }

    /// The account that administers an account's Home, if there is one.
    #[must_use]
    pub fn home_admin(&self, account: &Account) -> Option<&Account> {
        let admin = account.home_of.as_deref().unwrap_or(account.name());
        let members = self.accounts.iter().any(|other| other.home_of.as_deref() == Some(admin));
        if members { self.by_name(admin) } else { None }
    }

    /// Members of an account's Home, its administrator first. Without a Home, only the account itself.
    pub(crate) fn home<'a>(&'a self, account: &'a Account) -> Vec<&'a Account> {
        let admin = self.home_admin(account).unwrap_or(account);
        let members = self.accounts.iter().filter(|other| other.home_of.as_deref() == Some(admin.name()));
        std::iter::once(admin).chain(members).collect()
    }
}
