//! This installation's identifier at plex.tv, in a file beside `state.db`: the `plex-auth` command must be the same device to
//! plex.tv as the daemon. Made once: every new one costs each user a mail about a new device.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use uuid::Uuid;

use crate::log::Log;

/// The file's name.
const FILE: &str = "client-id";

/// The identifier in the file, or a new one where there is none.
pub(super) fn noted_or_new(directory: &Path) -> String {
    noted(directory).unwrap_or_else(|| Uuid::new_v4().simple().to_string())
}

/// Makes sure that the file says what the daemon goes by.
pub(super) fn note(directory: &Path, id: &str, log: &Log) {
    if noted(directory).as_deref() == Some(id) {
        return;
    }
    if let Err(error) = write(directory, id) {
        log.warning(format!(
            "{}: {error}; to plex.tv the plex-auth command will be another device than this daemon",
            directory.join(FILE).display()
        ));
    }
}

fn noted(directory: &Path) -> Option<String> {
    let text = fs::read_to_string(directory.join(FILE)).ok()?;
    plex::client_id(&text).map(str::to_owned)
}

/// Under another name first, so that nobody ever reads half of it.
fn write(directory: &Path, id: &str) -> io::Result<()> {
    let fresh = directory.join(format!("{FILE}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(id.as_bytes())?;
    fs::rename(fresh, directory.join(FILE))
}
