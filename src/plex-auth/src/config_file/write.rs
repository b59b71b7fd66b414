//! The file takes its new text whole or not at all: beside it first, with its owner and mode, then under its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use system::accounts;

use crate::error::Error;

/// The group that may read it: the daemon's.
pub(crate) const GROUP: &str = "plex-auth";

/// Writes it.
///
/// # Errors
/// When it cannot be written. The old one is as it was.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let group = accounts::group(GROUP).map_err(|error| Error::from(error).nothing_changed())?;
    let group =
        group.map(|group| group.gid.as_raw()).ok_or_else(|| Error::new(format!("there is no group {GROUP}")))?;
    write_as(path, text, group, 0o640)
}

/// Writes a file that root alone reads.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_for_root(path: &Path, text: &str) -> Result<(), Error> {
    write_as(path, text, 0, 0o600)
}

fn write_as(path: &Path, text: &str, group: u32, mode: u32) -> Result<(), Error> {
    // A link, to a place that is kept elsewhere, stays one.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(&real, text, group, mode).map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        let mend = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "nothing was changed; make room and run this again"
            }
            io::ErrorKind::ReadOnlyFilesystem => "nothing was changed; that file system is mounted read-only",
            _ => "nothing was changed",
        };
        Error::new(what).hint(mend)
    })
}

fn replace(path: &Path, text: &str, group: u32, mode: u32) -> io::Result<()> {
    let beside = beside(path).ok_or(io::ErrorKind::InvalidInput)?;
    // What a run that was killed has left.
    let _ = fs::remove_file(&beside);
    let written = fill(&beside, text, group, mode).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
        return written;
    }
    // The name must outlast a power cut too. Not every file system can promise it, and the file is whole either way.
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

/// In the same directory, since a rename is only whole within one file system.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    Some(path.with_file_name(format!(".{name}.new")))
}
