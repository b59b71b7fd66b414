//! The people and servers of one plex.tv, as a file describes them.

use serde::{Deserialize, Serialize};

/// A whole world.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Everybody with a Plex account.
    #[serde(default, rename = "account")]
    pub accounts: Vec<Account>,
    /// Every media server.
    #[serde(default, rename = "server")]
    pub servers: Vec<Server>,
    /// Further rows of somebody's list of devices, forged ones among them.
    #[serde(default, rename = "device")]
    pub devices: Vec<Device>,
}

/// Somebody with a Plex account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// The number that it has for life.
    pub id: u64,
    /// The username; a managed Home user has none.
    pub username: String,
    /// What it is called; the username when empty. It is all that a managed Home user has for a name.
    pub title: String,
    /// The address; a managed Home user has none.
    pub email: String,
    /// The password; an account made with Google or Apple has none.
    pub password: Option<String>,
    /// The verification code that is right, for an account with two-factor sign-in.
    pub code: Option<String>,
    /// Whether it signs in with its address only.
    pub email_only: bool,
    /// A token that is good from the start.
    pub token: Option<String>,
    /// The client identifier that it was given to; not known unless said.
    pub token_client: Option<String>,
    /// A managed Home user.
    pub restricted: bool,
    /// Whose friend this is, by name.
    pub friend_of: Vec<String>,
    /// Whose Home this belongs to, by name.
    pub home_of: Option<String>,
    /// The four digits without which nobody in the Home switches to it.
    pub home_pin: Option<String>,
}

/// A media server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The machine id.
    pub machine_id: String,
    /// What it is called.
    pub name: String,
    /// Whose it is, by name.
    pub owner: String,
    /// With whom it is shared, by name.
    pub shared_with: Vec<String>,
    /// Who was invited and has not accepted, by name.
    pub invited: Vec<String>,
    /// How it answers on the local network, if it does: `normal`, `allow-all` or `unclaimed`.
    pub local: Option<String>,
    /// Where it does so: this port of 127.0.0.1, or any for 0.
    pub port: u16,
}

/// A row of somebody's list of devices.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// Whose list, by name.
    pub account: String,
    /// The device's identifier.
    pub machine_id: String,
    /// What it is called; "Den" when empty.
    pub name: String,
    /// What it says that it is; "Plex Media Server" when empty.
    pub product: String,
    /// What it says that it provides.
    pub provides: String,
    /// Whether it is that account's own.
    pub owned: bool,
    /// Whose it is otherwise.
    pub owner_id: Option<u64>,
}

impl Account {
    /// What a world calls it: its username, or a managed Home user's title.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.username.is_empty() { &self.title } else { &self.username }
    }

    /// What it is called, which need not be its username.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.title.is_empty() { &self.username } else { &self.title }
    }

    /// Whether one of these names is its own.
    pub(crate) fn is_among(&self, names: &[String]) -> bool {
        !self.name().is_empty() && names.iter().any(|name| name == self.name())
    }
}

impl World {
    /// Reads a world.
    ///
    /// # Errors
    /// The sentence to show to whoever wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The account with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| !name.is_empty() && account.name() == name)
    }

    /// The account with this number.
    #[must_use]
    pub fn by_id(&self, id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account that signs in by this name or address.
    #[must_use]
    pub fn by_login(&self, login: &str, case_sensitive: bool) -> Option<&Account> {
        let same = |known: &str| {
            !known.is_empty() && if case_sensitive { known == login } else { known.eq_ignore_ascii_case(login) }
        };
        self.accounts.iter().find(|account| same(&account.username) || same(&account.email))
    }

    /// The account that runs the Home which an account belongs to, if it belongs to any.
    #[must_use]
    pub fn home_admin(&self, account: &Account) -> Option<&Account> {
        let admin = account.home_of.as_deref().unwrap_or(account.name());
        let members = self.accounts.iter().any(|other| other.home_of.as_deref() == Some(admin));
        if members { self.by_name(admin) } else { None }
    }

    /// Everybody in somebody's Home, whoever runs it first. Without a Home, that is the account alone.
    pub(crate) fn home<'a>(&'a self, account: &'a Account) -> Vec<&'a Account> {
        let admin = self.home_admin(account).unwrap_or(account);
        let members = self.accounts.iter().filter(|other| other.home_of.as_deref() == Some(admin.name()));
        std::iter::once(admin).chain(members).collect()
    }
}
