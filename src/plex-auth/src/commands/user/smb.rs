//! An account's entry in Samba's database, where there is one: by Samba's own tool, as everything else about accounts is.

use crate::commands::setup::programs::{first, outcome, run};
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
    let Some(smbpasswd) = first(&SMBPASSWD) else { return Ok(()) };
    // To Samba `Alice` and `alice` are one, and the entry would be the other account's.
    if name.starts_with('-') || name.to_lowercase() != name {
        return Ok(());
    }
    match outcome(run(smbpasswd, &[act, name])) {
        Err(why) if !why.contains(NO_ENTRY) => Err(Error::new(format!("its SMB entry: {why}"))),
        _ => Ok(()),
    }
}
