//! An account's entry in Samba's password database, changed by Samba's own tool.

use system::command::{CHANGE_LIMIT, Command, Error as CommandError, find};

use crate::error::Error;

/// Paths of smbpasswd.
const SMBPASSWD: [&str; 2] = ["/usr/bin/smbpasswd", "/usr/local/samba/bin/smbpasswd"];

/// smbpasswd's message for an account without an entry.
const NO_ENTRY: &str = "Failed to find entry for user";

/// Disables the entry.
///
/// # Errors
/// The tool fails.
pub(super) fn disable(name: &str) -> Result<(), Error> {
    tool("-d", name)
}

/// Enables the entry.
///
/// # Errors
/// The tool fails.
pub(super) fn enable(name: &str) -> Result<(), Error> {
    tool("-e", name)
}

/// Deletes the entry.
///
/// # Errors
/// The tool fails.
pub(super) fn remove(name: &str) -> Result<(), Error> {
    tool("-x", name)
}

fn tool(act: &str, name: &str) -> Result<(), Error> {
    let Some(smbpasswd) = find(&SMBPASSWD) else { return Ok(()) };
    // Samba ignores case, so that an entry for `Alice` would be that of `alice`.
    if name.starts_with('-') || name.to_lowercase() != name {
        return Ok(());
    }
    match Command::tool(smbpasswd, &[act, name]).limit(CHANGE_LIMIT).stdout() {
        Err(CommandError::Failed(_, complaint)) if complaint.contains(NO_ENTRY) => Ok(()),
        Err(error) => Err(Error::new(format!("its SMB entry: {error}"))),
        Ok(_) => Ok(()),
    }
}
