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
    /// A managed Home user.
    pub restricted: bool,
    /// Whose friend this is, by username.
    pub friend_of: Vec<String>,
    /// Whose Home this belongs to, by username.
    pub home_of: Option<String>,
}

/// A media server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The machine id.
    pub machine_id: String,
    /// What it is called.
    pub name: String,
    /// Whose it is, by username.
    pub owner: String,
    /// With whom it is shared, by username.
    pub shared_with: Vec<String>,
    /// Who was invited and has not accepted, by username.
    pub invited: Vec<String>,
    /// How it answers on the local network, if it does: `normal`, `allow-all` or `unclaimed`.
    pub local: Option<String>,
}

/// A row of somebody's list of devices.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// Whose list, by username.
    pub account: String,
    /// The device's identifier.
    pub machine_id: String,
    /// What it says that it provides.
    pub provides: String,
    /// Whether it is that account's own.
    pub owned: bool,
    /// Whose it is otherwise.
    pub owner_id: Option<u64>,
}

impl World {
    /// Reads a world.
    ///
    /// # Errors
    /// The sentence to show to whoever wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The account with this username.
    #[must_use]
    pub fn by_name(&self, username: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.username == username)
    }

    /// The account that signs in by this name or address.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Option<&Account> {
        let same = |known: &str| !known.is_empty() && known.eq_ignore_ascii_case(login);
        self.accounts.iter().find(|account| same(&account.username) || same(&account.email))
    }
}
