//! The identifiers that plex.tv knows this daemon by, in files next to `state.db`, so that they outlive it. Each is made once:
//! a new one costs each user a mail about a new device.
//!
//! `client-id` goes with a token for which the configuration has no identifier; the `plex-auth` command must send that token
//! with it too. `sign-in-id` is for sign-ins.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use uuid::Uuid;

use crate::log::Log;

/// The file's name.
const FILE: &str = "client-id";

/// That of the identifier of sign-ins.
const SIGN_IN: &str = "sign-in-id";

/// The identifier of sign-ins in the file, or a new one where there is none.
pub(crate) fn sign_in_id(directory: &Path, log: &Log) -> String {
    noted(directory, SIGN_IN).unwrap_or_else(|| new_sign_in_id(directory, log))
}

/// A new identifier for sign-ins, in place of the one in the file.
pub(crate) fn new_sign_in_id(directory: &Path, log: &Log) -> String {
    let id = fresh();
    if let Err(error) = write(directory, SIGN_IN, &id) {
        log.warning(format!(
            "{}: {error}; at each start of this daemon plex.tv will take it for a new device",
            directory.join(SIGN_IN).display()
        ));
    }
    id
}

/// The identifier in the file, or a new one where there is none.
pub(super) fn noted_or_new(directory: &Path) -> String {
    noted(directory, FILE).unwrap_or_else(fresh)
}

/// Makes sure that the file says what the daemon goes by.
pub(super) fn note(directory: &Path, id: &str, log: &Log) {
    if noted(directory, FILE).as_deref() == Some(id) {
        return;
    }
    if let Err(error) = write(directory, FILE, id) {
        log.warning(format!(
            "{}: {error}; to plex.tv the plex-auth command will be another device than this daemon",
            directory.join(FILE).display()
        ));
    }
}

fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

fn noted(directory: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(directory.join(name)).ok()?;
    plex::client_id(&text).map(str::to_owned)
}

/// Under another name first, so that nobody ever reads half of it.
fn write(directory: &Path, name: &str, id: &str) -> io::Result<()> {
    let fresh = directory.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(id.as_bytes())?;
    // A file that a power failure leaves empty would be a new identifier.
    file.sync_all()?;
    fs::rename(fresh, directory.join(name))
}
