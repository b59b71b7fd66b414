//! Files of an account outside its home, found by name or user id: crontab, at jobs, mail, linger.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{FileType, Stat, fstat};

use super::directory::Directory;
use super::file_error::FileError;

/// Directories of crontabs: Debian's, Fedora's, openSUSE's.
const CRONTABS: [&str; 3] = ["/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs"];

/// Directories of mailboxes. Usually one is a link to the other.
const MAIL: [&str; 2] = ["/var/mail", "/var/spool/mail"];

/// Directory of the accounts whose services systemd starts without a login.
const LINGER: &str = "/var/lib/systemd/linger";

/// Directories of at jobs: Debian's, Fedora's, openSUSE's.
const AT_JOBS: [&str; 3] = ["/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crontab,
    AtJob,
    Mail,
    Linger,
}

/// A file of one of these kinds.
pub(crate) struct Item {
    kind: Kind,
    directory: Rc<Directory>,
    name: OsString,
    about: Stat,
}

impl Item {
    /// Path of the file.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }

    /// Sets mail aside for root and removes any other file. Returns a sentence about it.
    ///
    /// # Errors
    /// [`FileError`]
    fn take_away(&self, account: &str) -> Result<Option<String>, FileError> {
        let path = self.path();
        let shown = path.display();
        if self.kind == Kind::Mail && self.about.st_size > 0 {
            let kept = self.keep(account)?;
            if let Some(kept) = kept {
                return Ok(Some(format!("kept for root: the mail of {account}, {}", kept.display())));
            }
        }
        self.directory.unlink(&self.name)?;
        Ok(match self.kind {
            Kind::Crontab => Some(format!("deleted: the crontab {shown}")),
            Kind::Mail => Some(format!("deleted: {shown}, which had no mail")),
            Kind::Linger => Some(format!("deleted: linger, {shown}")),
            Kind::AtJob => None,
        })
    }

    /// Sets a mailbox aside for root; `None` for a link, or for a file with other names or another owner.
    fn keep(&self, account: &str) -> Result<Option<PathBuf>, FileError> {
        let Ok(opened) = self.directory.open_name(&self.name) else { return Ok(None) };
        let about = fstat(&opened).map_err(FileError::io(&self.path()))?;
        let is_one = match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory => true,
            FileType::RegularFile => about.st_nlink == 1,
            _ => false,
        };
        if !is_one || about.st_uid != self.about.st_uid {
            return Ok(None);
        }
        self.directory.set_aside(&self.name, &opened, account, about.st_uid).map(Some)
    }
}

/// The files that have an account's name.
///
/// # Errors
/// [`FileError`] if a user other than root could have redirected a path.
pub(crate) fn by_name(name: &str) -> Result<Vec<Item>, FileError> {
    let mut items = Vec::new();
    let places = CRONTABS.map(|place| (Kind::Crontab, place)).into_iter();
    let places = places.chain(MAIL.map(|place| (Kind::Mail, place))).chain([(Kind::Linger, LINGER)]);
    for (kind, place) in places {
        let Some(directory) = Directory::open(Path::new(place))? else { continue };
        let Some(about) = directory.stat(OsStr::new(name))? else { continue };
        // `/var/spool/cron/tabs` is no crontab of a user called tabs.
        let is_directory = FileType::from_raw_mode(about.st_mode) == FileType::Directory;
        if is_directory && kind != Kind::Mail {
            continue;
        }
        let item = Item { kind, directory: Rc::new(directory), name: name.into(), about };
        if !items.iter().any(|other: &Item| other.path() == item.path()) {
            items.push(item);
        }
    }
    Ok(items)
}

/// The at jobs of a user id, found by their owner.
///
/// # Errors
/// As [`by_name`].
pub(crate) fn at_jobs(uid: u32) -> Result<Vec<Item>, FileError> {
    let mut items = Vec::new();
    for place in AT_JOBS.map(Path::new) {
        let Some(directory) = Directory::open(place)?.map(Rc::new) else { continue };
        for name in directory.names()? {
            let Some(about) = directory.stat(&name)? else { continue };
            if about.st_uid == uid && FileType::from_raw_mode(about.st_mode) != FileType::Directory {
                items.push(Item { kind: Kind::AtJob, directory: Rc::clone(&directory), name, about });
            }
        }
    }
    Ok(items)
}

/// Sets aside or removes all files, and returns a sentence about each.
///
/// # Errors
/// [`FileError`]
pub(crate) fn take_away(items: &[Item], account: &str) -> Result<Vec<String>, FileError> {
    let mut said = Vec::new();
    for item in items {
        said.extend(item.take_away(account)?);
    }
    match items.iter().filter(|item| item.kind == Kind::AtJob).count() {
        0 => {}
        1 => said.push("deleted: 1 at job".to_owned()),
        jobs => said.push(format!("deleted: {jobs} at jobs")),
    }
    Ok(said)
}
