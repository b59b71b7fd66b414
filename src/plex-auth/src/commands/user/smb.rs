//! An account's entry in Samba's database, where there is one: by Samba's own tool, as everything else about accounts is.

use system::command::{CHANGE_LIMIT, Command, Error as CommandError, find};

use crate::error::Error;

/// Where Samba's tool is.
const SMBPASSWD: [&str; 2] = ["/usr/bin/smbpasswd", "/usr/local/samba/bin/smbpasswd"];

/// What it says of an account without an entry, in Samba's own words.
const NO_ENTRY: &str = "Failed to find entry for user";

/// Nobody may use the entry.
///
/// # Errors
/// What the tool says.
pub(super) fn disable(name: &str) -> Result<(), Error> {
    tool("-d", name)
}

/// It may be used again.
///
/// # Errors
/// What the tool says.
pub(super) fn enable(name: &str) -> Result<(), Error> {
    tool("-e", name)
}

/// Removes it.
///
/// # Errors
/// What the tool says.
pub(super) fn remove(name: &str) -> Result<(), Error> {
    tool("-x", name)
}

fn tool(act: &str, name: &str) -> Result<(), Error> {
    let Some(smbpasswd) = find(&SMBPASSWD) else { return Ok(()) };
    // To Samba `Alice` and `alice` are one, and the entry would be the other account's.
    if name.starts_with('-') || name.to_lowercase() != name {
        return Ok(());
    }
    match Command::tool(smbpasswd, &[act, name]).limit(CHANGE_LIMIT).stdout() {
        Err(CommandError::Failed(_, complaint)) if complaint.contains(NO_ENTRY) => Ok(()),
        Err(error) => Err(Error::new(format!("its SMB entry: {error}"))),
        Ok(_) => Ok(()),
    }
}
