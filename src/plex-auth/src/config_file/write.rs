//! Writes a file atomically: a temporary file in the same directory gets the text, owner and mode, and is then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use system::accounts;

use crate::error::Error;

/// Group that may read the configuration: the daemon's.
pub(crate) const GROUP: &str = "plex-auth";

/// Writes a file that root and the daemon may read.
///
/// # Errors
/// The file cannot be written; the old one is unchanged.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let group = accounts::group(GROUP).map_err(|error| Error::from(error).nothing_changed())?;
    let group =
        group.map(|group| group.gid.as_raw()).ok_or_else(|| Error::new(format!("there is no group {GROUP}")))?;
    write_as(path, text, group, 0o640)
}

/// Writes a file that only root may read.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_for_root(path: &Path, text: &str) -> Result<(), Error> {
    write_as(path, text, 0, 0o600)
}

/// Writes a file that everybody may read.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_for_all(path: &Path, text: &str) -> Result<(), Error> {
    write_as(path, text, 0, 0o644)
}

fn write_as(path: &Path, text: &str, group: u32, mode: u32) -> Result<(), Error> {
    // A symbolic link stays one.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(&real, text, group, mode).map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "nothing was changed; make room and run this again"
            }
            io::ErrorKind::ReadOnlyFilesystem => "nothing was changed; that file system is mounted read-only",
            _ => "nothing was changed",
        };
        Error::new(what).hint(hint)
    })
}

fn replace(path: &Path, text: &str, group: u32, mode: u32) -> io::Result<()> {
    let temporary = temporary(path).ok_or(io::ErrorKind::InvalidInput)?;
    // Left by a run that was killed.
    let _ = fs::remove_file(&temporary);
    let written = fill(&temporary, text, group, mode).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // Makes the rename itself survive a power failure, where the file system supports it. The file is complete in any case.
    let _ = path.parent().map(|directory| File::open(directory).and_then(|directory| directory.sync_all()));
    Ok(())
}

fn fill(file: &Path, text: &str, group: u32, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())?;
    fchown(&file, Some(0), Some(group))?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Path of the temporary file: in the same directory, since a rename is atomic only within one file system.
fn temporary(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    Some(path.with_file_name(format!(".{name}.new")))
}
