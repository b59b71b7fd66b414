//! This daemon's client identifiers at plex.tv, in files next to `state.db` that survive its loss. Each is created once: after
//! a new one, plex.tv sends every user a mail about a new device.
//!
//! `client-id` accompanies a token for which the configuration has no identifier; the `plex-auth` command sends it with that
//! token too. `sign-in-id` is for sign-ins.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use system::random;

use crate::log::Log;

/// File of the identifier for the owner's token.
const TOKEN: &str = "client-id";

/// File of the identifier for sign-ins.
const SIGN_IN: &str = "sign-in-id";

/// Identifier for sign-ins: from the file, else a new one.
pub(crate) fn sign_in_id(directory: &Path, log: &Log) -> String {
    read(directory, SIGN_IN).unwrap_or_else(|| new_sign_in_id(directory, log))
}

/// Replaces the identifier for sign-ins.
pub(crate) fn new_sign_in_id(directory: &Path, log: &Log) -> String {
    let id = random::identifier();
    if let Err(error) = write(directory, SIGN_IN, &id) {
        log.warning(format!(
            "{}: {error}; at each start, this daemon is a new device to plex.tv",
            directory.join(SIGN_IN).display()
        ));
    }
    id
}

/// Identifier for the owner's token: from the file, else a new one.
pub(super) fn read_or_create(directory: &Path) -> String {
    read(directory, TOKEN).unwrap_or_else(random::identifier)
}

/// Makes sure that the file contains the identifier that the daemon uses, for the command.
pub(super) fn save(directory: &Path, id: &str, log: &Log) {
    if read(directory, TOKEN).as_deref() == Some(id) {
        return;
    }
    if let Err(error) = write(directory, TOKEN, id) {
        log.warning(format!(
            "{}: {error}; to plex.tv, the plex-auth command is another device than this daemon",
            directory.join(TOKEN).display()
        ));
    }
}

fn read(directory: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(directory.join(name)).ok()?;
    plex::client_id(&text).map(str::to_owned)
}

/// Writes a temporary file and renames it, so that a reader never sees half of it.
fn write(directory: &Path, name: &str, id: &str) -> io::Result<()> {
    let fresh = directory.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(id.as_bytes())?;
    // A file left empty by a power failure would cause a new identifier.
    file.sync_all()?;
    fs::rename(fresh, directory.join(name))
}
