//! `/etc/plex-auth.toml`, read strictly. A mistake is refused with file, line and fix; no value of the file is quoted,
//! since it holds the owner's token. `keys.rs` is the table of all keys.

mod encoding;
mod file;
mod key;
mod keys;
mod misplaced;
mod mistake;
mod new_accounts;
mod parser;
mod place;
mod problem;
mod validate;
mod values;
mod warnings;

pub use file::{load, load_owned_by};
pub use key::{Key, Value};
pub use keys::{Accounts, Cache, Config, DEFAULT_UPLOADS, MAX_LOGIN, SECTIONS, Samba, Source, Timeouts};
pub use mistake::Mistake;
pub use new_accounts::NewAccounts;
pub use problem::Problem;
pub use validate::parse;
pub use values::{base_url, group_name, local_name, machine_id, media_folder, server_url, uploads_folder};
pub use warnings::{FILES_GROUP, USUAL_GROUP, Warning};

/// True for the name of a key. In `[users]`, a local account of such a name is written in quotes.
#[must_use]
pub fn is_key(name: &str) -> bool {
    misplaced::section_of(name).is_some()
}

/// The configuration's usual path.
pub const DEFAULT_FILE: &str = "/etc/plex-auth.toml";
