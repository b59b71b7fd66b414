//! Writes the drop-in, has sshd check it, and makes sshd read it. The previous files are restored if that fails.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::drop_in::{BANNER, BANNER_TEXT, DropIn, FILE};
use super::program::Sshd;
use super::reload;
use crate::config_file::write::write_for_all;
use crate::error::Error;

/// The files before a change.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    sshd: Option<Sshd>,
    drop_in: Option<String>,
    banner: Option<String>,
}

/// Change of the drop-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It stays as it is.
    Unchanged,
    /// It has this text.
    Written(String),
    /// Nothing is left in it.
    Deleted,
}

/// Compares the wanted drop-in with the present one.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn change(wanted: &DropIn) -> Result<Change, Error> {
    let text = wanted.text();
    let banner = wanted.banner.then(|| BANNER_TEXT.to_owned());
    if read(FILE)? == text && read(BANNER)? == banner {
        return Ok(Change::Unchanged);
    }
    Ok(text.map_or(Change::Deleted, Change::Written))
}

/// The drop-in's text; `None` if there is none.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn present() -> Result<Option<String>, Error> {
    read(FILE)
}

/// Writes the files and makes sshd read them. Returns what restores the previous ones. Without an sshd, they are for a later one.
///
/// # Errors
/// A file cannot be written, or sshd refuses the configuration or the reload. The previous files are in place then.
pub(crate) fn install(sshd: Option<Sshd>, wanted: &DropIn) -> Result<Before, Error> {
    let before = Before { sshd, drop_in: read(FILE)?, banner: read(BANNER)? };
    let banner = wanted.banner.then_some(BANNER_TEXT);
    let done = put(BANNER, banner).and_then(|()| put(FILE, wanted.text().as_deref())).and_then(|()| activate(sshd));
    match done {
        Ok(()) => Ok(before),
        Err(error) => {
            // sshd itself still uses the old settings, unless it was the reload that failed.
            before.put_back().map_err(|why| Error::new(format!("{error}; and {why}")))?;
            let _ = reload::reload();
            Err(error.with_outcome("sshd's configuration is as it was"))
        }
    }
}

impl Before {
    /// Restores the files, and makes sshd read them.
    ///
    /// # Errors
    /// As [`install`].
    pub(crate) fn restore(&self) -> Result<(), Error> {
        self.put_back()?;
        activate(self.sshd)
    }

    fn put_back(&self) -> Result<(), Error> {
        put(FILE, self.drop_in.as_deref())?;
        put(BANNER, self.banner.as_deref())
    }
}

fn activate(sshd: Option<Sshd>) -> Result<(), Error> {
    let Some(sshd) = sshd else { return Ok(()) };
    sshd.check().map_err(|why| Error::new(format!("sshd refuses {FILE}: {why}")))?;
    reload::reload().map_err(|why| Error::new(format!("sshd does not read its configuration again: {why}")))
}

fn read(path: &str) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new(format!("{path}: {error}"))),
    }
}

/// Writes a file, or deletes it.
fn put(path: &str, text: Option<&str>) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::new(format!("{path}: {error}"));
    match text {
        Some(text) if read(path)?.as_deref() == Some(text) => Ok(()),
        Some(text) => {
            Path::new(path).parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            write_for_all(Path::new(path), text)
        }
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        },
    }
}
